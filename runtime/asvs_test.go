package runtime_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// Requirements of OWASP's ASVS 5.0 as docs/security.md lists them, as the program meets them with Authenticate,
// AuthenticatedAt, the option factor and Require. Each home is tried; where old cookies must be dead, those with
// something on the server.

func asvsRig(t testing.TB, cfg runtime.Config) *rig {
	r := &rig{t: t, store: newSpyStore()}
	if cfg.Store != nil {
		cfg.Store = r.store
	}
	if cfg.Revocations != nil {
		cfg.Revocations = r.store
	}
	r.startOf(cfg, factorAccount, factorTOTP)
	return r
}

// eachASVS runs a test in each home, at a time that it may move on.
func eachASVS(t *testing.T, test func(t *testing.T, r *rig, ends bool)) {
	for name, cfg := range map[string]runtime.Config{"cookie": {}, "revocable": {Revocations: newSpyStore()}, "store": {Store: newSpyStore()}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(t, asvsRig(t, cfg), name != "cookie") })
		})
	}
}

func logInAs(account int64) func(*visitor) {
	return func(s *visitor) { factorAccount.Set(s.Session, account); s.Authenticate() }
}

func prove(s *visitor) { runtime.Prove(s.Session, factorTOTP) }

// ASVS 7.2.4: each log-in, a repeated one too, makes a new token and ends the one before. So does a proof.
func TestASVS_7_2_4(t *testing.T) {
	eachASVS(t, func(t *testing.T, r *rig, ends bool) {
		c := r.client()
		c.visit(prove) // somebody who is nobody yet
		var old []*client
		ids := map[string]bool{}
		for _, step := range []func(*visitor){logInAs(7), logInAs(7), prove, prove, logInAs(8), logInAs(7)} {
			old = append(old, c.clone())
			time.Sleep(time.Second)
			c.visit(step)
			c.visit(func(s *visitor) {
				if ids[s.ID()] {
					t.Error("an id is used twice")
				}
				ids[s.ID()] = true
			})
		}
		if !ends {
			return // a copy of the older cookie works until it expires: docs/security.md
		}
		for i, copied := range old {
			copied.visit(func(s *visitor) {
				if factorAccount.Has(s.Session) || proved(s, time.Hour) {
					t.Errorf("the token before step %d still works", i)
				}
			})
		}
	})
}

// asks is a route for those of whom a condition holds; the status says who came in.
func (c *client) asks(condition func(*visitor) bool) int {
	h := c.rig.m.Handler(runtime.Require(condition, nil)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
	r := httptest.NewRequest("POST", "/", nil)
	for name, value := range c.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code
}

// ASVS 7.5.1: an account's identity changes only after a fresh log-in of that account.
func TestASVS_7_5_1(t *testing.T) {
	fresh := func(s *visitor) bool {
		return factorAccount.Has(s.Session) && time.Since(s.AuthenticatedAt()) < 10*time.Minute
	}
	eachASVS(t, func(t *testing.T, r *rig, _ bool) {
		c := r.client()
		is := func(when string, want int) {
			t.Helper()
			if got := c.asks(fresh); got != want {
				t.Errorf("%s: got status %d, want %d", when, got, want)
			}
		}
		is("nobody", 403)
		c.visit(logInAs(7))
		is("logged in", 200)
		time.Sleep(10 * time.Minute)
		is("ten minutes later", 403)
		c.visit(func(s *visitor) { s.SetPermanent(true); s.Renew() })
		is("used and renewed", 403)
		c.visit(func(s *visitor) { s.Authenticate() })
		is("logged in again", 200)
		c.visit(func(s *visitor) { s.LogOut() })
		is("logged out", 403)
		c.visit(logInAs(7))
		c.visit(func(s *visitor) { factorAccount.Clear(s.Session) })
		is("without an account", 403)
	})
}

// ASVS 7.5.3: a highly sensitive action needs another proof, which counts for its account and its
// time only.
func TestASVS_7_5_3(t *testing.T) {
	recently := func(s *visitor) bool { return proved(s, 5*time.Minute) }
	eachASVS(t, func(t *testing.T, r *rig, ends bool) {
		c := r.client()
		is := func(when string, want int) {
			t.Helper()
			if got := c.asks(recently); got != want {
				t.Errorf("%s: got status %d, want %d", when, got, want)
			}
		}
		c.visit(logInAs(7))
		is("logged in", 403)
		before := c.clone()
		c.visit(prove)
		is("proved", 200)
		if got := before.asks(recently); got != 403 {
			t.Errorf("the cookie from before the proof: got status %d, want 403", got)
		}
		if alive := before.asks(func(s *visitor) bool { return factorAccount.Has(s.Session) }) == 200; alive == ends {
			t.Errorf("the cookie from before the proof: got alive %v, want %v", alive, !ends)
		}
		c.visit(func(s *visitor) { s.Authenticate() })
		is("logged in again", 200)
		time.Sleep(5*time.Minute + time.Second)
		is("five minutes later", 403)
		for when, become := range map[string]func(*visitor){
			"another account":           logInAs(8),
			"nobody":                    func(s *visitor) { factorAccount.Clear(s.Session) },
			"the same again":            func(s *visitor) { s.LogOut(); logInAs(7)(s) },
			"another, and back":         func(s *visitor) { logInAs(8)(s); logInAs(7)(s) },
			"proved before the log-out": func(s *visitor) { prove(s); s.LogOut(); logInAs(7)(s) },
		} {
			c.visit(logInAs(7))
			c.visit(prove)
			c.visit(become)
			is(when, 403)
		}
	})
}
