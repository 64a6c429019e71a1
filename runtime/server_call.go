package runtime

import (
	"context"
	"sync"
	"time"
)

// A callContext is the context of one call of a store. It has the values of a request but not its
// cancellation, and ends after a time. It allocates its timer and channel only for a store that
// waits for them, which [MemoryStore] does not.
type callContext struct {
	request  context.Context
	deadline time.Time

	mu   sync.Mutex
	full context.Context // from context.WithTimeout, once it is needed
	stop context.CancelFunc
	done bool // the call has returned
}

func newCallContext(request context.Context, timeout time.Duration) *callContext {
	return &callContext{request: request, deadline: time.Now().Add(timeout)}
}

// whole returns full, and makes it if necessary.
func (c *callContext) whole() context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.full == nil {
		c.full, c.stop = context.WithDeadline(context.WithoutCancel(c.request), c.deadline)
		if c.done {
			c.stop()
		}
	}
	return c.full
}

// made returns full if it was made, or nil.
func (c *callContext) made() context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.full
}

// cancel ends the context when the call has returned.
func (c *callContext) cancel() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done = true
	if c.stop != nil {
		c.stop()
	}
}

// Deadline implements [context.Context].
func (c *callContext) Deadline() (time.Time, bool) { return c.deadline, true }

// Done implements [context.Context].
func (c *callContext) Done() <-chan struct{} { return c.whole().Done() }

// Err implements [context.Context].
func (c *callContext) Err() error {
	if full := c.made(); full != nil {
		return full.Err()
	}
	if c.finished() {
		return context.Canceled
	}
	if !time.Now().Before(c.deadline) {
		return context.DeadlineExceeded
	}
	return nil
}

func (c *callContext) finished() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.done
}

// Value implements [context.Context]. Package context looks for a context of its own behind a Done
// channel, which saves a goroutine for each child.
func (c *callContext) Value(key any) any {
	if full := c.made(); full != nil {
		return full.Value(key)
	}
	return context.WithoutCancel(c.request).Value(key)
}

// String returns a name, for derived contexts that print it.
func (c *callContext) String() string { return "session.StoreCall" }
