package main

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	sessionruntime "github.com/sessiongen/sessiongen/runtime"
)

// failingStore fails when it is told to.
type failingStore struct {
	sessionruntime.Store
	down *atomic.Bool
}

func (s failingStore) Load(ctx context.Context, key string) (sessionruntime.Record, error) {
	if s.down.Load() {
		return sessionruntime.Record{}, errors.New("the store is down")
	}
	return s.Store.Load(ctx, key)
}

// A visitor stays logged in while the store is down.
func TestStoreIsDown(t *testing.T) {
	for _, mode := range []string{"cookie", "sqlite"} {
		t.Run(mode, func(t *testing.T) {
			var down atomic.Bool
			s := newSite(t, mode, func(cfg *sessionruntime.Config) {
				cfg.OnEvent = func(context.Context, sessionruntime.Event) {}
				for _, store := range []*sessionruntime.Store{&cfg.Store, &cfg.Revocations} {
					if *store != nil {
						*store = failingStore{*store, &down}
					}
				}
			})
			b := s.browser(t)
			b.signup("hubo")
			b.get("/")
			down.Store(true)
			for _, path := range []string{"/", "/cart", "/devices", "/nothing"} {
				p := b.get(path)
				b.expect(p, http.StatusServiceUnavailable, path, "", "")
				if !strings.Contains(p.html, "This does not work right now") || len(p.header["Set-Cookie"]) > 0 {
					t.Errorf("%s sets %q and shows the page\n%s", path, p.header["Set-Cookie"], p.html)
				}
			}
			b.expect(b.post("/logout"), http.StatusServiceUnavailable, "/logout", "", "")
			if p := b.get("/style.css"); p.status != http.StatusOK {
				t.Errorf("a page without a session gets %d, want 200", p.status)
			}
			down.Store(false)
			b.expect(b.get("/"), 200, "/", "hubo", "")
		})
	}
}
