package runtime_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
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
						t.Errorf("%s after %d times %s: the browser still has a cookie", name, moves, what)
					}
					for i, c := range append(all, c) {
						if c.isLoggedIn() {
							t.Errorf("%s after %d times %s: id %d is still logged in", name, moves, what, i)
						}
					}
				}
			})
		}
	}
}

// A log-out with the id that the session had counts too, but only for as long as it can be
// one under way, by whatever clock: an id that somebody planted in the browser before the visitor logged in must
// not log them out.
func TestLateLogOut(t *testing.T) {
	bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		synctest.Test(t, func(t *testing.T) {
			for wait, want := range map[time.Duration]bool{0: false, time.Hour: false, time.Hour + 62*time.Second: true} {
				r := newRig(t)
				c := r.login()
				old := c.clone()
				c.visit(func(s *visitor) { s.Renew() })
				time.Sleep(wait)
				old.visit(func(s *visitor) { s.Destroy() })
				if got := c.isLoggedIn(); got != want {
					t.Errorf("after %v: got logged in %v, want %v", wait, got, want)
				}
			}
		})
	})
}

// A request that learned from Pop that the session moved still ends it.
func TestLogOutAfterLoss(t *testing.T) {
	r := newRig(t, runtime.Config{})
	c := r.login()
	c.visit(func(s *visitor) { fieldCode.Set(s.Session, "1234") })
	moving := c.clone()
	c.visit(func(s *visitor) {
		fieldUser.Get(s.Session)
		moving.visit(func(s *visitor) { s.Renew() })
		if _, ok := fieldCode.Pop(s.Session); ok {
			t.Error("Pop succeeds on a session that has moved")
		}
		s.Destroy()
	})
	if moving.isLoggedIn() {
		t.Error("the session lives after the log-out")
	}
}

// A copy of the cookie that somebody kept in use ends with a log-out by another, unused copy.
func TestLogOutOfIdleCookie(t *testing.T) {
	for name, cfg := range map[string]runtime.Config{
		"IdleTimeout": {IdleTimeout: time.Hour},
		"Sliding":     {Sliding: true, Lifetime: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := inCookies(t, cfg)
				c := r.login()
				c.visit(func(s *visitor) { s.SetPermanent(true) })
				stolen := c.clone()
				for range 3 {
					time.Sleep(30 * time.Minute)
					stolen.visit(func(s *visitor) { fieldUser.Get(s.Session) })
				}
				if c.isLoggedIn() || !stolen.isLoggedIn() {
					t.Fatal("the idle session is logged in, or its copy is not")
				}
				c.visit(func(s *visitor) { s.Destroy() })
				if stolen.isLoggedIn() {
					t.Error("the copy lives after the log-out")
				}
			})
		})
	}
}

// Several managers on one store: one has a newer key already.
func TestLogOutFollowsPastRotation(t *testing.T) {
	spy := newSpyStore()
	a, b := newRig(t, runtime.Config{Store: spy}), newRig(t, runtime.Config{Store: spy})
	b.m.SetKeys(parseKeys(t, keyB+" "+keyA))
	c := a.login()
	moving := c.clone()
	moving.rig = b
	w := c.send(func(s *visitor) {
		fieldUser.Get(s.Session)
		moving.visit(func(s *visitor) { s.Renew() })
		s.Destroy()
	})
	if moving.isLoggedIn() && w.Code == 200 {
		t.Errorf("got status %d, and the session lives; events %v", w.Code, a.log.take())
	}
}

// Each of several cookies leads a log-out to its session.
func TestLogOutFollowsEachCookie(t *testing.T) {
	bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		r := newRig(t)
		one, two := r.login(), r.login()
		oldOne, oldTwo := one.clone(), two.clone()
		one.visit(func(s *visitor) { s.Renew() })
		two.visit(func(s *visitor) { s.Destroy() })
		req := httptest.NewRequest("GET", "/", nil)
		req = req.WithContext(context.WithValue(req.Context(), actionKey{}, func(s *visitor) { s.Destroy() }))
		for _, c := range []*client{oldOne, oldTwo} {
			for name, value := range c.cookies {
				req.AddCookie(&http.Cookie{Name: name, Value: value})
			}
		}
		r.h.ServeHTTP(httptest.NewRecorder(), req)
		if one.isLoggedIn() {
			t.Error("the session of the first cookie lives")
		}
	})
}

// A log-out that ends a session reports it, whichever way it found the session.
func TestFollowEvent(t *testing.T) {
	bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		for name, late := range map[string]bool{"under way": false, "late": true} {
			r := newRig(t)
			c := r.login()
			moving := c.clone()
			if late {
				moving.visit(func(s *visitor) { s.Renew() })
			}
			r.log.take()
			c.visit(func(s *visitor) {
				fieldUser.Get(s.Session)
				if !late {
					moving.visit(func(s *visitor) { s.Renew() })
				}
				s.Destroy()
			})
			if got := r.log.take(); !slices.Contains(got, runtime.Event{Kind: runtime.EventDestroyed}) {
				t.Errorf("%s: got events %v, want EventDestroyed", name, got)
			}
		}
	})
}

// An id that Clear logged out leads to the session that began after it, and so to a later
// log-in. One that Destroy logged out does not.
func TestLogOutTwice(t *testing.T) {
	bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		for name, end := range map[string]func(*visitor){
			"Destroy": func(s *visitor) { s.Destroy() },
			"Clear":   func(s *visitor) { s.Clear() },
		} {
			r := newRig(t)
			c := r.login()
			old := c.clone()
			c.visit(func(s *visitor) { end(s); fieldTheme.Set(s.Session, "bye") })
			c.visit(func(s *visitor) {
				fieldUser.Set(s.Session, "hubo")
				fieldAccount.Set(s.Session, 7)
			})
			old.visit(func(s *visitor) { s.Destroy() })
			if !c.isLoggedIn() {
				t.Errorf("%s: a second log-out with the dead id ended the later log-in", name)
			}
		}
	})
}

// A visitor who renews often during a log-out does not escape it.
func TestManyMoves(t *testing.T) {
	bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		r := newRig(t)
		c := r.login()
		old := c.clone()
		for range 101 {
			c.visit(func(s *visitor) { s.Renew() })
		}
		if w := old.send(func(s *visitor) { s.Destroy() }); w.Code != 200 {
			t.Errorf("got status %d, want 200", w.Code)
		}
		if c.isLoggedIn() {
			t.Error("the session lives after the log-out")
		}
	})
}
