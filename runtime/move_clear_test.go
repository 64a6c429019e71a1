package runtime_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
)

// A log-out is final even if a value that is set after it turns out to be too large when it is
// saved.
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
			t.Errorf("got status %d, cookies %q, want 500 and a deletion", w.Code, setCookies(w))
		}
		if stolen.isLoggedIn() {
			t.Error("the cookie was deleted, but the session lives")
		}
	})
}

// Clear with the old id ends the session at its new id, whatever is set after it.
func TestLateClearAndBegin(t *testing.T) {
	bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		r := newRig(t)
		c := r.login()
		old := c.clone()
		c.visit(func(s *visitor) { s.Renew() })
		old.visit(func(s *visitor) { s.Clear(); fieldTheme.Set(s.Session, "dark") })
		if c.isLoggedIn() {
			t.Error("the session lives after the late Clear")
		}
	})
}

// So does a Clear in a request that has already found out that the session moved.
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
		t.Error("the session lives after Clear")
	}
}

// A store follows a session without a principal as well. In cookies it belongs to nobody, and
// is not worth a record.
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
		inStore := strings.HasSuffix(t.Name(), "/store")
		if moving.isLoggedIn() == inStore {
			t.Errorf("the moved session lives %v", !inStore)
		}
	})
}

// Values set after a save of the empty session make another, valid session.
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
				t.Errorf("%s: the browser got a dead session", name)
			}
		})
	}
}

// A log-out in an early save does not end what began after it and was saved.
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
			lines, err := setCookieLines(r.m.Seal(s))
			if err != nil || len(lines) != 1 {
				t.Fatal(lines, err)
			}
			cookie := parseCookie(t, lines[0])
			next.cookies[cookie.Name] = cookie.Value
			if !next.isLoggedIn() {
				t.Fatal("the new session is not logged in")
			}
			next.visit(func(s *visitor) { s.Renew() })
			fieldVisits.Set(s.Session, 1)
			s.Renew()
		})
		if !next.isLoggedIn() {
			t.Error("a conflict ended the session that began after the log-out")
		}
	})
}

// Removing the last field at the same time as a move is not a log-out.
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
			t.Error("the removal of a value logs the visitor out")
		}
	})
}

// A request that saves again may itself have written the revocation that the store called failed.
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
		t.Errorf("the answer is 200, but the visitor is logged out; events %v", r.log.take())
	}
}
