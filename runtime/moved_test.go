package runtime_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// A session moves to other ids after a request that ends it has begun.
func TestLogOutFollows(t *testing.T) {
	for name, end := range map[string]func(*rig, *visitor) error{
		"Destroy": func(_ *rig, s *visitor) error { s.Destroy(); return nil },
		"Clear":   func(_ *rig, s *visitor) error { s.Clear(); return nil },
		"Clear and begin": func(_ *rig, s *visitor) error {
			s.Clear()
			fieldTheme.Set(s.Session, "dark")
			return nil
		},
		"Clear and fail": func(_ *rig, s *visitor) error {
			s.Clear()
			fieldUser.Set(s.Session, strings.Repeat("x", 100)) // too long
			return nil
		},
		"RevokeID": func(r *rig, s *visitor) error {
			return r.m.RevokeID(context.Background(), s.ID())
		},
	} {
		for what, move := range map[string]func(*visitor){
			"Renew":             func(s *visitor) { s.Renew() },
			"another principal": func(s *visitor) { fieldAccount.Set(s.Session, 8) },
		} {
			bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
				for moves := range 4 {
					r := newRig(t)
					c := r.login()
					moving := c.clone()
					var all []*client
					c.receive(c.send(func(s *visitor) {
						fieldUser.Get(s.Session)
						for range moves {
							moving.visit(move)
							all = append(all, moving.clone())
						}
						if err := end(r, s); err != nil {
							t.Error(err)
						}
					}))
					if (name == "Destroy" || name == "Clear") && len(c.cookies) > 0 {
						t.Errorf("%s after %d times %s: the browser has a cookie", name, moves, what)
					}
					for i, c := range append(all, c) {
						if c.isLoggedIn() {
							t.Errorf("%s after %d times %s: id %d lives", name, moves, what, i)
						}
					}
				}
			})
		}
	}
}

// A log-out with the id that the session had counts too, but only for as long as it can be
// one under way: an id that somebody planted in the browser before the visitor logged in must
// not log them out.
func TestLateLogOut(t *testing.T) {
	bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		synctest.Test(t, func(t *testing.T) {
			for wait, want := range map[time.Duration]bool{0: false, 59 * time.Second: false, 62 * time.Second: true} {
				r := newRig(t)
				c := r.login()
				old := c.clone()
				c.visit(func(s *visitor) { s.Renew() })
				time.Sleep(wait)
				old.visit(func(s *visitor) { s.Destroy() })
				if got := c.isLoggedIn(); got != want {
					t.Errorf("after %v: logged in: %v", wait, got)
				}
			}
		})
	})
}

// A request that has found out by Pop that the session moved still ends it.
func TestLogOutAfterLoss(t *testing.T) {
	r := newRig(t, runtime.Config{})
	c := r.login()
	c.visit(func(s *visitor) { fieldCode.Set(s.Session, "1234") })
	moving := c.clone()
	c.visit(func(s *visitor) {
		fieldUser.Get(s.Session)
		moving.visit(func(s *visitor) { s.Renew() })
		if _, ok := fieldCode.Pop(s.Session); ok {
			t.Error("Pop of a session that is elsewhere")
		}
		s.Destroy()
	})
	if moving.isLoggedIn() {
		t.Error("it lives")
	}
}

// A store that is full gives up no revocation, of a session that moved neither.
func TestFullStoreKeepsMoves(t *testing.T) {
	r := newRig(t, runtime.Config{Revocations: runtime.NewMemoryStore(1)})
	one, two := r.login(), r.login()
	old := one.clone()
	one.visit(func(s *visitor) { s.Renew() })
	if w := two.send(func(s *visitor) { s.Renew() }); w.Code != 503 {
		t.Errorf("status %d", w.Code)
	}
	if old.isLoggedIn() {
		t.Error("the old id lives")
	}
}

// A store that leads in a circle is no reason to go there for ever.
func TestMovesInACircle(t *testing.T) {
	spy := newSpyStore()
	r := newRig(t, runtime.Config{Revocations: spy})
	c := r.login()
	var id string
	c.visit(func(s *visitor) { id = s.ID(); s.Renew() })
	for key, rec := range spy.snapshot(t) {
		rec.Principal = key
		if err := spy.Replace(t.Context(), key, rec.Version, rec); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.m.RevokeID(t.Context(), id); !errors.Is(err, runtime.ErrStore) {
		t.Errorf("error %v", err)
	}
}
