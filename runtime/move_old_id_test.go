package runtime_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// A page sends requests while the visitor logs in. One that reaches the server after that, with
// the id that the browser still had, must not take the place of the new session: neither its
// cookie nor its change is kept.
func TestLateRequest(t *testing.T) {
	bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		for name, move := range map[string]func(*visitor){
			"log in": func(s *visitor) { fieldAccount.Set(s.Session, 8); fieldUser.Set(s.Session, "hubo") },
			"Renew":  func(s *visitor) { s.Renew() },
		} {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				c := r.login()
				late := c.clone()
				c.visit(move)
				records := len(r.store.snapshot(t))
				r.log.take()

				w := late.send(func(s *visitor) {
					if !s.IsNew() || fieldUser.Has(s.Session) {
						t.Errorf("%s: the old id gives access to %v", name, s)
					}
				})
				if len(setCookies(w)) > 0 || slices.Contains(r.log.take(), gone) {
					t.Errorf("%s: a request that only reads gets cookies %q", name, setCookies(w))
				}
				w = late.send(func(s *visitor) {
					fieldTheme.Set(s.Session, "dark")
					fieldVisits.Update(s.Session, func(n int) int { return n + 1 })
					s.SetPermanent(true)
				})
				if w.Code != 200 || len(setCookies(w)) > 0 {
					t.Errorf("%s: a late change gets status %d, cookies %q, want 200 and none", name, w.Code, setCookies(w))
				}
				if got := r.log.take(); !slices.Contains(got, gone) {
					t.Errorf("%s: got events %v, want one of a gone session", name, got)
				}
				w = late.send(func(s *visitor) { fieldTheme.Set(s.Session, "dark"); fieldTheme.Clear(s.Session) })
				if len(setCookies(w)) > 0 {
					t.Errorf("%s: a change that is cleared again sends %q", name, setCookies(w))
				}
				if n := len(r.store.snapshot(t)); n != records {
					t.Errorf("%s: got %d records, and then %d", name, records, n)
				}
				late.receive(w)
				if !c.isLoggedIn() {
					t.Errorf("%s: the late request logs the visitor out", name)
				}

				// A browser that still has the old id by now did not get the new one.
				time.Sleep(10 * time.Second)
				late.visit(func(s *visitor) { fieldTheme.Set(s.Session, "dark") })
				late.visit(func(s *visitor) {
					if v := fieldTheme.Get(s.Session); v != "dark" || fieldUser.Has(s.Session) {
						t.Errorf("%s: ten seconds later, the session is %v", name, s)
					}
				})
			})
		}
	})
}

// A late request can still begin a session, if it does so on purpose: the answer to the first
// log-in may have been lost.
func TestLateBeginning(t *testing.T) {
	bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		for name, begin := range map[string]func(*visitor){
			"log in":          func(s *visitor) { fieldAccount.Set(s.Session, 8) },
			"Renew":           func(s *visitor) { s.Renew() },
			"Destroy":         func(s *visitor) { s.Destroy() },
			"Clear":           func(s *visitor) { s.Clear() },
			"save and log in": nil,
		} {
			r := newRig(t)
			c := r.login()
			late := c.clone()
			c.visit(func(s *visitor) { s.Renew() })
			late.visit(func(s *visitor) {
				if begin == nil {
					fieldTheme.Set(s.Session, "light")
					if lines, err := setCookieLines(r.m.Seal(s)); len(lines) > 0 || err != nil {
						t.Errorf("%s: Seal returns %q, %v, want no cookie", name, lines, err)
					}
					begin = func(s *visitor) { fieldAccount.Set(s.Session, 8) }
				}
				begin(s)
				fieldTheme.Set(s.Session, "dark")
			})
			late.visit(func(s *visitor) {
				if v := fieldTheme.Get(s.Session); v != "dark" || fieldUser.Has(s.Session) {
					t.Errorf("%s: the new session is %v", name, s)
				}
			})
			if ends := name == "Destroy" || name == "Clear"; c.isLoggedIn() == ends {
				t.Errorf("%s: the session that the late request had lives: got %v", name, !ends)
			}
		}
	})
}

// A session's former id does not matter if another cookie of the request has an id that lives.
func TestLateCookieBesideAnother(t *testing.T) {
	bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		r := newRig(t)
		c := r.login()
		late := c.clone()
		c.visit(func(s *visitor) { s.Renew() })
		req := httptest.NewRequest("GET", "/", nil)
		req = req.WithContext(context.WithValue(req.Context(), actionKey{}, func(s *visitor) {
			fieldTheme.Set(s.Session, "dark")
		}))
		for _, c := range []*client{late, c} {
			for name, value := range c.cookies {
				req.AddCookie(&http.Cookie{Name: name, Value: value})
			}
		}
		w := httptest.NewRecorder()
		r.h.ServeHTTP(w, req)
		c.receive(w)
		c.visit(func(s *visitor) {
			if v := fieldTheme.Get(s.Session); v != "dark" {
				t.Errorf("got session %v", s)
			}
		})
	})
}

// Nor does a request that only reads, and would send the cookie again under a new key.
func TestLateCookieOfRotation(t *testing.T) {
	for name, cookieOnly := range map[string]bool{"the record's key is old": false, "only the cookie's is": true} {
		r := newRig(t, runtime.Config{})
		c := r.login()
		if err := r.m.SetKeys(parseKeys(t, keyB+","+keyA)); err != nil {
			t.Fatal(err)
		}
		if cookieOnly {
			c.clone().visit(func(s *visitor) { fieldUser.Get(s.Session) })
		}
		w := c.send(func(s *visitor) {
			fieldUser.Get(s.Session)
			c.visit(func(s *visitor) { fieldAccount.Set(s.Session, 8); fieldUser.Set(s.Session, "hubo") })
		})
		c.receive(w)
		if !c.isLoggedIn() {
			t.Errorf("%s: the late cookie logs the visitor out", name)
		}
	}
}

// A revoked session that did not move has no successor whose place a request could take.
func TestRevokedIsNotLate(t *testing.T) {
	spy := newSpyStore()
	r := newRig(t, runtime.Config{Revocations: spy, RevocationCache: time.Hour})
	other := newManager(t, runtime.Config{Revocations: spy})
	c := r.login()
	var id string
	c.visit(func(s *visitor) { id = s.ID() })
	if err := other.RevokeID(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	c.visit(func(s *visitor) { s.Renew() }) // this process learns of it
	if w := c.send(func(s *visitor) { fieldTheme.Set(s.Session, "dark") }); len(setCookies(w)) != 1 {
		t.Errorf("got cookies %q, want one", setCookies(w))
	}
}
