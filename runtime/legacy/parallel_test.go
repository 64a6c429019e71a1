package legacy_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// moves give the session another id in a first request, and keep the visitor's fields.
var moves = map[string]func(*visitor){
	"renew":        func(v *visitor) { v.Renew() },
	"authenticate": func(v *visitor) { v.Authenticate() },
	"log in":       func(v *visitor) { fieldAccount.Set(v.Session, 43) },
	"log out":      func(v *visitor) { fieldTheme.Get(v.Session); v.LogOut() },
}

// betweenCalls runs a first request, and another one with the same old cookie between any two calls that the first
// makes to the store. Then it calls check with the site and both browsers.
func betweenCalls(t *testing.T, do, other func(*visitor), check func(s *site, n int, browsers ...browser)) {
	for n := 1; ; n++ {
		s, store := inStore(t)
		first := with("old", oldCookie(t, 42))
		second := first.clone()
		store.before(n, func() { s.visit(second, other) })
		s.visit(first, do)
		if store.isOver() {
			return
		}
		check(s, n, first, second)
	}
}

// One first request pops a value, and another one moves the session to another id. The other request does not get the
// value too, and the moved session does not have it.
func TestFirstRequestsPopOnce(t *testing.T) {
	for name, move := range moves {
		var popped []string
		pop := func(v *visitor) {
			if theme, ok := fieldTheme.Pop(v.Session); ok {
				popped = append(popped, theme)
			}
		}
		movePop := func(v *visitor) { move(v); pop(v) }
		pairs := map[string][2]func(*visitor){
			"pop beside it":              {move, pop},
			"beside a pop":               {pop, move},
			"and pop, and pop beside it": {movePop, pop},
			"and pop, beside a pop":      {pop, movePop},
		}
		if name != "log out" { // two log-outs begin two sessions
			pairs["and pop, and both beside it"] = [2]func(*visitor){movePop, movePop}
		}
		for what, pair := range pairs {
			popped = nil
			betweenCalls(t, pair[0], pair[1], func(s *site, n int, browsers ...browser) {
				for _, b := range browsers {
					s.visit(b, pop)
				}
				if len(popped) > 1 {
					t.Errorf("%s %s, call %d: popped %q, want one value", name, what, n, popped)
				}
				popped = nil
			})
		}
	}
}

// One first request adds a value, and another one moves the session to another id. The moved session has the value.
func TestFirstRequestsKeepUpdates(t *testing.T) {
	update := func(v *visitor) { fieldVisits.Update(v.Session, func(n int) int { return n + 1 }) }
	renewed := func(v *visitor) { v.Renew(); update(v) }
	for what, pair := range map[string]struct {
		do, other func(*visitor)
		want      int
	}{
		"two updates":             {update, update, 5},
		"an update, then a move":  {update, moves["renew"], 4},
		"a move, then an update":  {moves["renew"], update, 4},
		"a move with one, beside": {renewed, update, 5},
	} {
		betweenCalls(t, pair.do, pair.other, func(s *site, n int, browsers ...browser) {
			most := 0
			for _, b := range browsers {
				s.visit(b, func(v *visitor) { most = max(most, fieldVisits.Get(v.Session)) })
			}
			// A request that comes too late to find the session gets an event, and changes nothing.
			for _, e := range s.takeEvents() {
				if e.Kind == runtime.EventGone || e.Kind == runtime.EventImportRefused {
					return
				}
			}
			if most != pair.want {
				t.Errorf("%s, call %d: got %d visits, want %d", what, n, most, pair.want)
			}
		})
	}
}

// A pausingStore calls a function after its nth call, as if the process stopped there.
type pausingStore struct {
	runtime.Store
	left int
	stop func()
}

func (s *pausingStore) called() {
	if s.left--; s.left == 0 {
		s.stop()
	}
}

func (s *pausingStore) Load(ctx context.Context, key string) (runtime.Record, error) {
	defer s.called()
	return s.Store.Load(ctx, key)
}

func (s *pausingStore) Insert(ctx context.Context, key string, r runtime.Record) error {
	defer s.called()
	return s.Store.Insert(ctx, key, r)
}

// A process is stopped for long after any call of a first request, while another request takes the session over and
// ends it. The first request does not revive it. If it logs in, that is a new session.
func TestFirstRequestIsStopped(t *testing.T) {
	for name, do := range firstActions {
		for n := 1; n <= 10; n++ {
			synctest.Test(t, func(t *testing.T) {
				store := &pausingStore{Store: runtime.NewMemoryStore(1e5)}
				s := newSite(t, withLegacy(runtime.Config{Store: store}, gorilla()))
				old := with("old", oldCookie(t, 42))
				slow, quick := old.clone(), old.clone()
				store.left, store.stop = n, func() {
					s.visit(quick, read)
					s.visit(quick, func(v *visitor) { v.LogOut() })
					time.Sleep(2 * time.Hour)
				}
				isNew := false
				slow.receive(s.send(slow, func(v *visitor) {
					isNew = v.IsNew() && v.Err() == nil && name == "log in"
					do(v)
				}))
				if store.left > 0 { // the request made fewer than n calls
					return
				}
				for i, b := range []browser{old, quick, slow} {
					want := int64(0)
					if i == 2 && isNew {
						want = 43
					}
					if got := s.account(b); got != want {
						t.Errorf("%s, stopped after call %d: browser %d is logged in as %d, want %d", name, n, i, got, want)
					}
				}
			})
		}
	}
}

// A process is stopped during a first request, and no other request comes meanwhile. The request takes the session
// over, or finds the one that was taken over before.
func TestFirstRequestIsStoppedAlone(t *testing.T) {
	for _, taken := range []bool{false, true} {
		for n := 1; n <= 10; n++ {
			synctest.Test(t, func(t *testing.T) {
				store := &pausingStore{Store: runtime.NewMemoryStore(1e5)}
				s := newSite(t, withLegacy(runtime.Config{Store: store}, gorilla()))
				b := with("old", oldCookie(t, 42))
				if taken {
					s.visit(b.clone(), read)
				}
				store.left, store.stop = n, func() { time.Sleep(2 * time.Hour) }
				s.visit(b, read)
				s.expectAccount(b, 42)
			})
		}
	}
}

// A process is stopped while it takes a session over, but not for so long that a tombstone would have expired.
// Another request takes the session over meanwhile. Both requests have the session.
func TestFirstRequestIsStoppedShortly(t *testing.T) {
	for n := 1; n <= 10; n++ {
		synctest.Test(t, func(t *testing.T) {
			store := &pausingStore{Store: runtime.NewMemoryStore(1e5)}
			s := newSite(t, withLegacy(runtime.Config{Store: store}, gorilla()))
			slow := with("old", oldCookie(t, 42))
			quick := slow.clone()
			store.left, store.stop = n, func() {
				s.visit(quick, read)
				time.Sleep(50 * time.Second)
			}
			s.visit(slow, read)
			store.left = 0
			s.expectAccount(slow, 42)
			s.expectAccount(quick, 42)
		})
	}
}

// The same if the handler takes long.
func TestFirstHandlerTakesLong(t *testing.T) {
	for name, do := range firstActions {
		synctest.Test(t, func(t *testing.T) {
			s, _ := inStore(t)
			old := with("old", oldCookie(t, 42))
			slow, quick := old.clone(), old.clone()
			isNew := false
			slow.receive(s.send(slow, func(v *visitor) {
				fieldUser.Get(v.Session)
				s.visit(quick, read)
				s.visit(quick, func(v *visitor) { v.LogOut() })
				time.Sleep(2 * time.Hour)
				isNew = v.IsNew() && name == "log in"
				do(v)
			}))
			for _, b := range []browser{old, slow, quick} {
				if got := s.account(b); got != 0 && !isNew {
					t.Errorf("%s: a browser is logged in as %d", name, got)
				}
			}
		})
	}
}

// A revocation of the principal before any call of a first request ends the session for good.
func TestRevokedBetween(t *testing.T) {
	for name, do := range firstActions {
		if name == "log in" { // may happen after the revocation
			continue
		}
		serverHomes(t, func(t *testing.T, cfg runtime.Config) {
			for n := 1; ; n++ {
				cfg, store := onBetween(cfg)
				s := newSite(t, withLegacy(cfg, gorilla()))
				old := with("old", oldCookie(t, 42))
				b := old.clone()
				store.before(n, func() {
					if err := runtime.RevokeBy(t.Context(), s.m, &fieldAccount, 42); err != nil {
						t.Error(err)
					}
				})
				s.visit(b, do)
				if store.isOver() {
					break
				}
				if cfg.Store != nil {
					for id := range runtime.ListBy(t.Context(), s.m, &fieldAccount, 42, func(e runtime.Entry) string { return e.ID() }) {
						t.Errorf("%s, revoked before call %d: session %s is still listed", name, n, id)
					}
				}
				for i, b := range []browser{old, b} {
					if got := s.account(b); got != 0 {
						t.Errorf("%s, revoked before call %d: browser %d is logged in as %d", name, n, i, got)
					}
				}
			}
		})
	}
}

// The same if the store begins to fail at any call after the revocation.
func TestRevokedBetweenAndFails(t *testing.T) {
	for n, over := 1, false; !over; n++ {
		for after := 1; after < 6; after++ {
			s, store := inStore(t)
			b := with("old", oldCookie(t, 42))
			var fail func() error
			fail = func() error {
				store.fail(1, fail)
				return errRefused
			}
			over = true
			store.before(n, func() {
				over = false
				if err := runtime.RevokeBy(t.Context(), s.m, &fieldAccount, 42); err != nil {
					t.Error(err)
				}
				store.fail(after, fail)
			})
			s.send(b, read)
			store.before(0, nil)
			for range 2 {
				if got := s.account(b); got != 0 && !over {
					t.Errorf("revoked before call %d, failing %d calls later: the browser is logged in as %d", n, after, got)
				}
			}
		}
	}
}
