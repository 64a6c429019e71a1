package runtime

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// A turn is one attempt to change a record that others change too.
type turn struct {
	turns    *turns
	state    *state // its events report failures; may be nil
	key      string // the record's key
	patience time.Duration

	done     func(well bool)
	attempts int
	deadline time.Time // for all attempts
}

// contend runs try, which changes the record, until there is no conflict. Between attempts it waits
// for its turn and runs reread. No other code deals with conflicts and retries.
func (t *turn) contend(try, reread func() error) (err error) {
	defer func() { t.pass(err) }()
	err = try()
	for errors.Is(err, ErrConflict) {
		if err = t.next(); err != nil {
			return err
		}
		if err = reread(); err != nil {
			return err
		}
		err = try()
	}
	return err
}

// next waits until it is time for another attempt.
func (t *turn) next() error {
	if t.attempts++; t.attempts == 1 {
		t.deadline = time.Now().Add(t.patience)
	}
	if t.attempts >= maxAttempts || time.Now().After(t.deadline) {
		t.report("conflicts without end")
		return errConflicts
	}
	if t.done == nil {
		if t.done = t.turns.wait(t.key, t.patience); t.done == nil {
			t.report("failed in another request")
			return fmt.Errorf("%w in another request for the same record", ErrStore)
		}
		return nil
	}
	pause(t.attempts - 4)
	return nil
}

// pause gives other processes time to finish their change of the record. The time grows with the
// attempts.
func pause(attempts int) {
	if attempts >= 0 {
		time.Sleep(rand.N(time.Millisecond << min(attempts, 5)))
	}
}

func (t *turn) report(failure string) {
	if t.state != nil {
		t.state.event(EventStoreFailed, failure, "")
	}
}

// pass passes the turn on. If the store failed, the waiting requests need not try.
func (t *turn) pass(err error) {
	if t.done != nil {
		t.done(!errors.Is(err, ErrStore) || errors.Is(err, errConflicts))
	}
}

// turns queues the requests of this process that change the same record. Without it, thousands of
// requests for one record would retry all the time.
type turns struct {
	mu     sync.Mutex
	queues map[string]*queue // by the record's key
}

type queue struct {
	turn   chan struct{} // holds a token of the request whose turn it is
	failed chan struct{} // closed when the store fails in somebody's turn
	users  int
}

// longestWait limits the wait for a turn.
const longestWait = time.Minute

// wait waits for a turn and returns a function that ends it. It returns nil if the wait takes too
// long or the store fails meanwhile, so that the queue does not wait for a store that hangs.
func (t *turns) wait(key string, patience time.Duration) (done func(well bool)) {
	t.mu.Lock()
	q := t.queues[key]
	if q == nil {
		if t.queues == nil {
			t.queues = make(map[string]*queue)
		}
		q = &queue{turn: make(chan struct{}, 1), failed: make(chan struct{})}
		t.queues[key] = q
	}
	q.users++
	failed := q.failed
	t.mu.Unlock()

	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case q.turn <- struct{}{}:
		return func(well bool) {
			t.quit(key, q, well) // first, so that a failure ends the others' wait
			<-q.turn
		}
	case <-failed:
	case <-timer.C:
	}
	t.quit(key, q, true)
	return nil
}

func (t *turns) quit(key string, q *queue, well bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if q.users--; q.users == 0 {
		delete(t.queues, key)
	} else if !well {
		close(q.failed)
		q.failed = make(chan struct{})
	}
}
