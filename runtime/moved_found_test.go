package runtime_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

func inCookies(t testing.TB, cfg runtime.Config) *rig {
	spy := newSpyStore()
	cfg.Revocations = spy
	r := newRig(t, cfg)
	r.store = spy
	return r
}

// A log-out is final even if what is set after it turns out to be too large only when it is saved.
func TestClearThenTooLarge(t *testing.T) {
	bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		r := newRig(t)
		c := r.login()
		stolen := c.clone()
		w := c.send(func(s *visitor) {
			s.Clear()
			fieldToken.Set(s.Session, strings.Repeat("x", 2<<20))
		})
		if w.Code != 500 || len(setCookies(w)) != 1 {
			t.Errorf("status %d, %q", w.Code, setCookies(w))
		}
		if stolen.isLoggedIn() {
			t.Error("the cookie was deleted, the session lives")
		}
	})
}

// With the old id, Clear ends the session where it is, whatever is set after it.
func TestLateClearAndBegin(t *testing.T) {
	bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		r := newRig(t)
		c := r.login()
		old := c.clone()
		c.visit(func(s *visitor) { s.Renew() })
		old.visit(func(s *visitor) { s.Clear(); fieldTheme.Set(s.Session, "dark") })
		if c.isLoggedIn() {
			t.Error("it lives")
		}
	})
}

// So does one that has found out that the session moved.
func TestClearAndBeginAfterLoss(t *testing.T) {
	r := newRig(t, runtime.Config{})
	c := r.login()
	c.visit(func(s *visitor) { fieldCode.Set(s.Session, "1234") })
	moving := c.clone()
	c.visit(func(s *visitor) {
		fieldUser.Get(s.Session)
		moving.visit(func(s *visitor) { s.Renew() })
		fieldCode.Pop(s.Session)
		s.Clear()
		fieldTheme.Set(s.Session, "dark")
	})
	if moving.isLoggedIn() {
		t.Error("it lives")
	}
}

// A session without a principal is followed as well.
func TestClearAndBeginWithoutPrincipal(t *testing.T) {
	bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		r := newRig(t)
		c := r.client()
		c.visit(func(s *visitor) { fieldUser.Set(s.Session, "hubo") })
		moving := c.clone()
		c.visit(func(s *visitor) {
			fieldUser.Get(s.Session)
			moving.visit(func(s *visitor) { s.Renew() })
			s.Clear()
			fieldTheme.Set(s.Session, "dark")
		})
		if moving.isLoggedIn() {
			t.Error("it lives")
		}
	})
}

// A copy of the cookie that somebody kept in use dies with a log-out by a cookie that was not.
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
					t.Fatal("the test does not test it")
				}
				c.visit(func(s *visitor) { s.Destroy() })
				if stolen.isLoggedIn() {
					t.Error("the copy lives")
				}
			})
		})
	}
}

// What is set after a save of the empty session is another session, and a good one.
func TestBeginAfterEmptySave(t *testing.T) {
	for name, empty := range map[string]func(*visitor){
		"Clear":            func(s *visitor) { s.Clear() },
		"remove the field": func(s *visitor) { fieldUser.Clear(s.Session) },
	} {
		bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
			r := newRig(t)
			c := r.client()
			c.visit(func(s *visitor) { fieldUser.Set(s.Session, "hubo") })
			c.visit(func(s *visitor) {
				empty(s)
				if _, err := r.m.Seal(s); err != nil {
					t.Error(err)
				}
				fieldUser.Set(s.Session, "other")
			})
			if len(c.cookies) == 0 || !c.isLoggedIn() {
				t.Errorf("%s: the browser was sent a dead session", name)
			}
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
		t.Errorf("status %d, and it lives; events %v", w.Code, a.log.take())
	}
}

// Of several cookies, each leads a log-out to its session.
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

// A log-out that ends a session tells so, whichever way it was led to it.
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
				t.Errorf("%s: events %v", name, got)
			}
		}
	})
}

// A revocation that the store called failed is the request's own when it saves again.
func TestMoveAgainAfterFailure(t *testing.T) {
	r := inCookies(t, runtime.Config{})
	c := r.login()
	first := true
	r.store.set(nil, func(call, _ string) error {
		if call == "insert" && first {
			first = false
			return errors.New("connection reset")
		}
		return nil
	})
	w := c.send(func(s *visitor) {
		s.Renew()
		if _, err := r.m.Seal(s); !errors.Is(err, runtime.ErrStore) {
			t.Error(err)
		}
	})
	c.receive(w)
	if w.Code == 200 && !c.isLoggedIn() {
		t.Errorf("status 200, and logged out; events %v", r.log.take())
	}
}

// A log-out in an early save is no reason to end what began after it and was saved.
func TestBegunAfterLogOutStays(t *testing.T) {
	bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		r := newRig(t)
		c := r.login()
		next := r.client()
		c.send(func(s *visitor) {
			s.Clear()
			if _, err := r.m.Seal(s); err != nil {
				t.Error(err)
			}
			fieldUser.Set(s.Session, "other")
			lines, err := r.m.Seal(s)
			if err != nil || len(lines) != 1 {
				t.Fatal(lines, err)
			}
			cookie := parseCookie(t, lines[0])
			next.cookies[cookie.Name] = cookie.Value
			if !next.isLoggedIn() {
				t.Fatal("the test does not test it")
			}
			next.visit(func(s *visitor) { s.Renew() })
			fieldVisits.Set(s.Session, 1)
			s.Renew()
		})
		if !next.isLoggedIn() {
			t.Error("a mere conflict ended the session that began after the log-out")
		}
	})
}

// An id that was logged out by Clear leads to what began after it, and so to a later
// log-in. With Destroy it does not.
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

// A version that nobody chose is a damaged record, where a session moved too.
func TestMoveVersionZero(t *testing.T) {
	spy := newSpyStore()
	r := newRig(t, runtime.Config{Revocations: spy})
	c := r.login()
	var id string
	c.visit(func(s *visitor) { id = s.ID(); s.Renew() })
	broken := newRig(t, runtime.Config{Revocations: versionZero{spy}})
	if err := broken.m.RevokeID(t.Context(), id); !errors.Is(err, runtime.ErrStore) {
		t.Errorf("error %v; the session that it was to end is alive: %v", err, c.isLoggedIn())
	}
}

// Who renews often while a log-out is under way does not escape it.
func TestManyMoves(t *testing.T) {
	bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		r := newRig(t)
		c := r.login()
		old := c.clone()
		for range 101 {
			c.visit(func(s *visitor) { s.Renew() })
		}
		if w := old.send(func(s *visitor) { s.Destroy() }); w.Code != 200 {
			t.Errorf("status %d", w.Code)
		}
		if c.isLoggedIn() {
			t.Error("it lives")
		}
	})
}

// A removal of the last field, at the same time as a move, is no log-out.
func TestRemovalIsNoLogOut(t *testing.T) {
	bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		r := newRig(t)
		c := r.client()
		c.visit(func(s *visitor) { fieldUser.Set(s.Session, "hubo") })
		moving := c.clone()
		c.visit(func(s *visitor) {
			fieldUser.Get(s.Session)
			moving.visit(func(s *visitor) { s.Renew() })
			fieldUser.Clear(s.Session)
		})
		if !moving.isLoggedIn() {
			t.Error("logged out")
		}
	})
}
