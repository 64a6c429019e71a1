package runtime

import (
	"sync"
	"time"
)

// turns lets the requests of this process that change the same record at once do so one after
// the other. A record that thousands of requests change would otherwise have them all
// try again and again.
type turns struct {
	mu     sync.Mutex
	queues map[string]*queue // by the record's key
}

type queue struct {
	turn   chan struct{} // holds the one whose turn it is
	failed chan struct{} // is closed when the store fails in somebody's turn
	users  int
}

// longestWait bounds the wait for a turn.
const longestWait = time.Minute

// wait waits for a turn, and returns what ends it. It is nil if the store failed
// meanwhile: so not everyone in turn waits for a store that hangs.
func (t *turns) wait(key string) (done func(well bool)) {
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

	timer := time.NewTimer(longestWait)
	defer timer.Stop()
	select {
	case q.turn <- struct{}{}:
		return func(well bool) {
			t.leave(key, q, well) // at first, so that a failure ends the others' wait
			<-q.turn
		}
	case <-failed:
	case <-timer.C:
	}
	t.leave(key, q, true)
	return nil
}

func (t *turns) leave(key string, q *queue, well bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if q.users--; q.users == 0 {
		delete(t.queues, key)
	} else if !well {
		close(q.failed)
		q.failed = make(chan struct{})
	}
}

// busy reports whether others are waiting for a turn, or have theirs.
func (t *turns) busy(key string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.queues[key] != nil
}
