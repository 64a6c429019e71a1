package legacy_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
)

// A betweenStore calls a function before its nth call. If the function returns an error, the call fails with it
// instead of happening.
type betweenStore struct {
	runtime.Store
	mu   sync.Mutex
	left int
	then func() error
}

// onBetween gives a home's configuration a betweenStore, and returns both.
func onBetween(cfg runtime.Config) (runtime.Config, *betweenStore) {
	store := &betweenStore{Store: runtime.NewMemoryStore(1e5)}
	if cfg.Store != nil {
		cfg.Store = store
	} else {
		cfg.Revocations = store
	}
	return cfg, store
}

func (s *betweenStore) call() error {
	s.mu.Lock()
	s.left--
	run := s.left == 0
	s.mu.Unlock()
	if run {
		return s.then()
	}
	return nil
}

// before makes f run before the nth call from now.
func (s *betweenStore) before(n int, f func()) {
	s.fail(n, func() error { f(); return nil })
}

// fail is before, but the call fails with what f returns.
func (s *betweenStore) fail(n int, f func() error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left, s.then = n, f
}

// isOver reports whether there were fewer than n calls.
func (s *betweenStore) isOver() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.left > 0
}

func (s *betweenStore) Load(ctx context.Context, key string) (runtime.Record, error) {
	if err := s.call(); err != nil {
		return runtime.Record{}, err
	}
	return s.Store.Load(ctx, key)
}

func (s *betweenStore) Insert(ctx context.Context, key string, r runtime.Record) error {
	if err := s.call(); err != nil {
		return err
	}
	return s.Store.Insert(ctx, key, r)
}

func (s *betweenStore) Replace(ctx context.Context, key string, version uint64, r runtime.Record) error {
	if err := s.call(); err != nil {
		return err
	}
	return s.Store.Replace(ctx, key, version, r)
}

func (s *betweenStore) Delete(ctx context.Context, key string) error {
	if err := s.call(); err != nil {
		return err
	}
	return s.Store.Delete(ctx, key)
}

// The changes that a first request may make.
var firstActions = map[string]func(*visitor){
	"read":   read,
	"change": func(v *visitor) { fieldVisits.Update(v.Session, func(n int) int { return n + 1 }) },
	"renew":  func(v *visitor) { v.Renew() },
	"pop":    func(v *visitor) { fieldUser.Pop(v.Session) },
	"log in": func(v *visitor) { fieldAccount.Set(v.Session, 43) },
	"empty": func(v *visitor) {
		fieldAccount.Clear(v.Session)
		fieldUser.Clear(v.Session)
		fieldTheme.Clear(v.Session)
		fieldVisits.Clear(v.Session)
	},
	"log out": func(v *visitor) {
		fieldUser.Get(v.Session)
		v.LogOut()
	},
}

// A whole second request with the old cookie runs between any two calls that the first one makes to the store. That
// logs nobody out. After either logs out, nobody is logged in.
func TestFirstRequestsBetween(t *testing.T) {
	for name, do := range firstActions {
		for otherName, other := range firstActions {
			serverHomes(t, func(t *testing.T, cfg runtime.Config) {
				for n := 1; ; n++ {
					if n > 60 {
						t.Fatal("the first request makes more than 60 calls")
					}
					if between(t, cfg, n, fmt.Sprintf("%s: %s, %s before call %d", t.Name(), name, otherName, n), do, other, name, otherName) {
						break
					}
				}
			})
		}
	}
}

func between(t *testing.T, cfg runtime.Config, n int, what string, do, other func(*visitor), name, otherName string) (over bool) {
	cfg, store := onBetween(cfg)
	s := newSite(t, withLegacy(cfg, gorilla()))
	old := with("old", oldCookie(t, 42))
	first, second := old.clone(), old.clone()
	isNew := false // a log-in after the old session had ended began a new session
	noting := func(name string, do func(*visitor)) func(*visitor) {
		return func(v *visitor) {
			isNew = v.IsNew() && name == "log in" || isNew
			do(v)
		}
	}
	store.before(n, func() { s.visit(second, noting(otherName, other)) })
	s.visit(first, noting(name, do))
	if over = store.isOver(); over {
		store.before(0, nil)
		return true
	}
	stays := map[string]bool{"read": true, "change": true, "pop": true}
	all := []browser{first, second, old}
	if stays[name] && stays[otherName] {
		for i, b := range all {
			if got := s.account(b); got != 42 {
				t.Errorf("%s: browser %d is logged in as %d, want 42", what, i, got)
			}
		}
	}
	if !stays[name] && name != "log out" && stays[otherName] {
		// The id that the second browser has is dead: the session has moved or ended.
		if got := s.account(second); got != 0 {
			t.Errorf("%s: the second browser is logged in as %d, want nobody", what, got)
		}
	}
	if name != "log out" && otherName != "log out" {
		s.visit(first, func(v *visitor) { v.LogOut() })
		s.visit(second, func(v *visitor) { v.LogOut() })
	}
	live := 0
	for _, b := range append(all, browser{"old": old["old"]}) {
		if s.account(b) != 0 {
			live++
		}
	}
	if live > 0 && !isNew {
		t.Errorf("%s: %d browsers are logged in after a log-out", what, live)
	}
	if cfg.Store != nil && !isNew {
		for _, account := range []int64{42, 43} {
			for e, err := range runtime.ListBy(t.Context(), s.m, &fieldAccount, account, func(e runtime.Entry) runtime.Entry { return e }) {
				t.Errorf("%s: after a log-out, the list has %v, %v", what, e, err)
			}
		}
	}
	return false
}
