package scsstore

import (
	"context"
	"sync"
)

// locks has a lock for every key in use.
type locks struct {
	mu   sync.Mutex
	keys map[string]*lock
}

// A lock is free if its channel is empty. uses counts its holder and those who wait.
type lock struct {
	held chan struct{}
	uses int
}

// lock waits for the lock of a key until ctx ends, and returns the function that unlocks it.
func (l *locks) lock(ctx context.Context, key string) (unlock func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	l.mu.Lock()
	k := l.keys[key]
	if k == nil {
		if l.keys == nil {
			l.keys = map[string]*lock{}
		}
		k = &lock{held: make(chan struct{}, 1)}
		l.keys[key] = k
	}
	k.uses++
	l.mu.Unlock()

	select {
	case k.held <- struct{}{}:
		return func() {
			<-k.held
			l.leave(key, k)
		}, nil
	case <-ctx.Done():
		l.leave(key, k)
		return nil, ctx.Err()
	}
}

func (l *locks) leave(key string, k *lock) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if k.uses--; k.uses == 0 {
		delete(l.keys, key)
	}
}
