package revoketest

import (
	"context"
	goruntime "runtime"
	"sync"
)

// A task is an operation in progress.
type task struct {
	name string
	node int
	run  *run

	mu     sync.Mutex
	at     string // where it waits; "" if it does not
	done   bool
	killed bool // together with its process
	goOn   chan struct{}
	moved  chan struct{} // has an element when it waits again or has ended
}

type taskKey struct{}

// pause makes the task of a context wait for its next step. A killed task ends there.
func pause(ctx context.Context, where string) {
	t, ok := ctx.Value(taskKey{}).(*task)
	if !ok {
		return
	}
	t.set(where)
	<-t.goOn
	t.mu.Lock()
	killed := t.killed
	t.mu.Unlock()
	if killed {
		goruntime.Goexit()
	}
}

func (t *task) set(at string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.at = at
	signal(t.moved)
	if t.killed { // its deferred calls no longer call the store
		signal(t.goOn)
	}
}

// signal puts something into a channel that has room for one.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (t *task) waits() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.at != ""
}

func (t *task) ended() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.done
}

// start begins a task and runs it to its first pause.
func (r *run) start(node int, name string, f func(ctx context.Context, t *task)) *task {
	t := &task{name: name, node: node, run: r, goOn: make(chan struct{}, 1), moved: make(chan struct{}, 1)}
	r.log("%s on node %d begins", name, node)
	r.tasks = append(r.tasks, t)
	go func() {
		defer func() {
			t.mu.Lock()
			t.done = true
			signal(t.moved)
			t.mu.Unlock()
		}()
		f(context.WithValue(context.Background(), taskKey{}, t), t)
	}()
	r.settle(t)
	return t
}

// step runs a waiting task to its next pause.
func (r *run) step(t *task) {
	t.mu.Lock()
	r.log("%s: %s", t.name, t.at)
	t.at = ""
	t.goOn <- struct{}{}
	t.mu.Unlock()
	r.settle(t)
}

// kill ends a task where it waits.
func (t *task) kill() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.killed = true
	if t.at != "" {
		t.at = ""
		signal(t.goOn)
	}
}
