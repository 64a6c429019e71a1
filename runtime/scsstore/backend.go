package scsstore

import (
	"context"
	"fmt"
	"time"

	"github.com/sessiongen/sessiongen/runtime/internal/absent"
)

// A backend is a store of scs. all is nil if the store has no such method.
type backend struct {
	find   func(ctx context.Context, token string) ([]byte, bool, error)
	commit func(ctx context.Context, token string, b []byte, expiry time.Time) error
	remove func(ctx context.Context, token string) error
	all    func(ctx context.Context) (map[string][]byte, error)

	// heedless means that the store's calls ignore the end of ctx.
	heedless bool
}

type ctxStore interface {
	FindCtx(ctx context.Context, token string) ([]byte, bool, error)
	CommitCtx(ctx context.Context, token string, b []byte, expiry time.Time) error
	DeleteCtx(ctx context.Context, token string) error
}

type ctxIterable interface {
	AllCtx(ctx context.Context) (map[string][]byte, error)
}

type plainStore interface {
	Find(token string) ([]byte, bool, error)
	Commit(token string, b []byte, expiry time.Time) error
	Delete(token string) error
}

type plainIterable interface {
	All() (map[string][]byte, error)
}

// newBackend prefers the methods ending in Ctx. Stores that have them may have others that panic.
func newBackend(store any) (backend, error) {
	if absent.Is(store) {
		return backend{}, fmt.Errorf("scsstore: no store: it is a nil %T", store)
	}
	var b backend
	switch s := store.(type) {
	case ctxStore:
		b = backend{find: s.FindCtx, commit: s.CommitCtx, remove: s.DeleteCtx}
		if i, ok := store.(ctxIterable); ok {
			b.all = i.AllCtx
		}
	case plainStore:
		b = plainBackend(s)
		if i, ok := store.(plainIterable); ok {
			b.all = func(ctx context.Context) (map[string][]byte, error) {
				if err := ctx.Err(); err != nil {
					return nil, err
				}
				return i.All()
			}
		}
	default:
		return backend{}, fmt.Errorf("scsstore: %T has neither FindCtx, CommitCtx and DeleteCtx nor Find, Commit and Delete as scs defines them", store)
	}
	return b, nil
}

func plainBackend(s plainStore) backend {
	return backend{
		heedless: true,
		find: func(ctx context.Context, token string) ([]byte, bool, error) {
			if err := ctx.Err(); err != nil {
				return nil, false, err
			}
			return s.Find(token)
		},
		commit: func(ctx context.Context, token string, b []byte, expiry time.Time) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return s.Commit(token, b, expiry)
		},
		remove: func(ctx context.Context, token string) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return s.Delete(token)
		},
	}
}

// run calls f, which calls the store. It returns when f does, or when ctx ends.
func (b *backend) run(ctx context.Context, f func() error) error {
	if !b.heedless || ctx.Done() == nil {
		return f()
	}
	done := make(chan error, 1)
	go func() {
		defer func() {
			// A panic in this goroutine could not be recovered elsewhere.
			if p := recover(); p != nil {
				done <- fmt.Errorf("scsstore: the store panicked: %v", p)
			}
		}()
		done <- f()
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
