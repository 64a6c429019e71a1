package runtime

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sessiongen/sessiongen/runtime/internal/payload"
	"github.com/sessiongen/sessiongen/runtime/internal/token"
)

// server is shared by the homes that keep something on the server.
type server struct {
	*manager
	timeout time.Duration
	atOnce  bool // the store is in this process's memory and answers without waiting
}

const defaultStoreTimeout = 2 * time.Second

func newServer(m *manager, cfg Config) server {
	_, atOnce := cfg.Store.(*MemoryStore)
	s := server{manager: m, timeout: cfg.StoreTimeout, atOnce: atOnce}
	if s.timeout == 0 {
		s.timeout = defaultStoreTimeout
	}
	return s
}

// storeKey returns the key of a record. It is a hash, which does not reveal a session's id. Records
// for different purposes have different keys, even for the same id.
func (s *server) storeKey(purpose, what string) string {
	var room [256]byte
	b := append(room[:0], "sessiongen "...)
	b = append(append(b, purpose...), 0)
	b = append(append(b, s.cookie.Name()...), 0)
	sum := sha256.Sum256(append(b, what...))
	return token.HashText(&sum)
}

// principalHashes returns the hashes of a principal under all keys of a ring. A record has the hash
// under the newest key at the time when it was written. The oldest key's hash comes first, so that
// code that tries them in turn does not miss a record that is just being sealed again.
func (r *rings) principalHashes(raw []byte) []string {
	var hashes []string
	for _, key := range slices.Backward(r.principals) {
		hashes = append(hashes, key.Hash(raw))
	}
	return hashes
}

// call makes one call of a store, which may return one of answers. The call is not cancelled with
// the request, so a log-out succeeds even if its client is gone.
func (s *server) call(ctx context.Context, f func(context.Context) error, answers ...error) error {
	return callWithin(ctx, s.timeout, f, answers)
}

func callWithin(ctx context.Context, timeout time.Duration, f func(context.Context) error, answers []error) error {
	c := newCallContext(ctx, timeout)
	defer c.cancel()
	return judge(f(c), answers)
}

// judge returns err unchanged if it is one of answers. All other errors become ErrStore.
func judge(err error, answers []error) error {
	switch {
	case err == nil, slices.ContainsFunc(answers, func(answer error) bool { return errors.Is(err, answer) }):
		return err
	case errors.Is(err, ErrNoRecord), errors.Is(err, ErrConflict):
		return fmt.Errorf("%w: it answered: %v", ErrStore, err) // must not match an answer
	}
	return fmt.Errorf("%w: %w", ErrStore, err)
}

// reach makes one call of a store for a session.
func (s *server) reach(st *state, name string, f func(context.Context) error, answers ...error) error {
	return st.watch(name, func() error {
		if s.atOnce { // a context with a deadline would take longer than the call
			return judge(f(context.Background()), answers)
		}
		return callWithin(st.ctx, s.patience(st), f, answers)
	})
}

// patience returns how long a call for a session may take. Outside a request, the deadline of the
// program's context counts as well.
func (s *server) patience(st *state) time.Duration {
	if deadline, limited := st.ctx.Deadline(); limited && st.from == nil {
		return min(s.timeout, time.Until(deadline))
	}
	return s.timeout
}

// watch runs f, which calls a store, and reports a failure. If the store panics and the program
// recovers, the session is unknown.
func (st *state) watch(name string, f func() error) (err error) {
	err = errPanicked
	defer func() {
		if err != nil {
			st.reportFailure(name, err)
		}
	}()
	err = f()
	return err
}

// reportFailure reports an error of a function that calls a store, unless it is an answer of the
// store.
func (st *state) reportFailure(name string, err error) {
	if errors.Is(err, ErrStore) {
		st.event(EventStoreFailed, name, "")
	}
	if err == errPanicked {
		st.fallDown(err)
	}
}

var (
	errRecord    = errors.New("the record is damaged")
	errDamaged   = fmt.Errorf("%w: %w", ErrStore, errRecord)
	errPanicked  = fmt.Errorf("%w: it, or Config.Time, panicked", ErrStore)
	errConflicts = fmt.Errorf("%w: conflicts without end", ErrStore)
	errCircle    = fmt.Errorf("%w: a session that moved leads in a circle", ErrStore)
)

// maxAttempts is how often a change is tried on a record that others change too.
const maxAttempts = 100

// follow ends a session in one place after another, wherever it has moved. end returns the next
// place. The zero place follows none.
func follow[P comparable](first P, end func(P) (next P, moved bool, err error)) error {
	visited := map[P]bool{}
	for place, moved := first, true; moved; {
		if visited[place] {
			return errCircle
		}
		visited[place] = true
		var err error
		if place, moved, err = end(place); err != nil {
			return err
		}
	}
	return nil
}

// graveTime is how many seconds a record says where its session moved. It is longer than requests
// take, plus the largest difference between the clocks of nodes.
const graveTime = 60 + payload.ClockError

// lateTime is how many seconds after a session moved a request with its old id is assumed to have
// been sent before the browser got the new id.
const lateTime = 10

// storeTime returns the time so many seconds from now on the store's clock, which does not use
// Config.Time.
func storeTime(seconds int64) time.Time { return time.Unix(machineClock.now()+seconds, 0) }

// storeTime converts the time at of clock c into one of the store's clock. now is the current time
// on c.
func (c *clock) storeTime(at, now int64) time.Time {
	if c.source == nil { // it is the machine's clock
		return time.Unix(at, 0)
	}
	return storeTime(at - now)
}

var machineClock clock

// isVersion reports whether v is a valid version of a record.
func isVersion(v uint64) bool { return v > 0 && v <= 1<<63-1 }
