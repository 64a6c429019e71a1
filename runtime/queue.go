package runtime

import (
	"sync"
	"sync/atomic"
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
	served atomic.Uint64 // how many turns went well
	users  int
}

// wait waits for a turn, and returns what ends it. It is nil if nobody's turn went
// well for the timeout: then the store hangs.
func (t *turns) wait(key string, timeout time.Duration) (done func(well bool)) {
	t.mu.Lock()
	q := t.queues[key]
	if q == nil {
		if t.queues == nil {
			t.queues = make(map[string]*queue)
		}
		q = &queue{turn: make(chan struct{}, 1)}
		t.queues[key] = q
	}
	q.users++
	t.mu.Unlock()

	for {
		served := q.served.Load()
		timer := time.NewTimer(timeout)
		select {
		case q.turn <- struct{}{}:
			timer.Stop()
			return func(well bool) {
				if well {
					q.served.Add(1)
				}
				<-q.turn
				t.leave(key, q)
			}
		case <-timer.C:
			if q.served.Load() == served {
				t.leave(key, q)
				return nil
			}
		}
	}
}

func (t *turns) leave(key string, q *queue) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if q.users--; q.users == 0 {
		delete(t.queues, key)
	}
}
