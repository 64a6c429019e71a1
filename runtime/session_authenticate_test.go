package runtime_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// A repeated log-in of the same account gives a new id and a new time of log-in. The rest stays.
func TestAuthenticateAgain(t *testing.T) {
	everyHome(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			c := r.login()
			var before string
			var first time.Time
			c.visit(func(s *visitor) { before, first = s.ID(), s.AuthenticatedAt() })
			stolen := c.clone()
			time.Sleep(time.Hour)
			var after string
			w := c.visit(func(s *visitor) {
				fieldAccount.Set(s.Session, 7) // which alone is no change
				s.Authenticate()
				after = s.ID()
				if after == before || !s.AuthenticatedAt().Equal(first.Add(time.Hour)) {
					t.Errorf("got ids %q, then %q; authenticated at %v, then %v", before, after, first, s.AuthenticatedAt())
				}
			})
			if len(setCookies(w)) != 1 {
				t.Errorf("got cookies %q, want one", setCookies(w))
			}
			c.visit(func(s *visitor) {
				if s.ID() != after || !s.AuthenticatedAt().Equal(first.Add(time.Hour)) {
					t.Errorf("the next request has id %q, authenticated at %v", s.ID(), s.AuthenticatedAt())
				}
				if fieldAccount.Get(s.Session) != 7 || fieldUser.Get(s.Session) != "hubo" || !s.CreatedAt().Equal(first) {
					t.Errorf("got session %v, created at %v", s, s.CreatedAt())
				}
			})
			revocable := t.Name() != "TestAuthenticateAgain/cookie_alone"
			if revocable && stolen.isLoggedIn() {
				t.Error("the id from before the log-in is still logged in")
			}
		})
	})
}

// Two log-ins of one account in one second are two ids all the same.
func TestAuthenticateTwice(t *testing.T) {
	everyHome(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		synctest.Test(t, func(t *testing.T) {
			c := newRig(t).login()
			ids := map[string]bool{}
			for range 3 {
				c.visit(func(s *visitor) { s.Authenticate(); ids[s.ID()] = true })
			}
			if len(ids) != 3 || !c.isLoggedIn() {
				t.Errorf("got %d ids, want 3", len(ids))
			}
		})
	})
}

// Authenticate alone tells when the visitor logged in if there is no principal.
func TestAuthenticateWithoutPrincipal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, cfg := range map[string]runtime.Config{
			"cookie":    {},
			"revocable": {Revocations: newSpyStore()},
			"store":     {Store: newSpyStore()},
		} {
			m := newManagerOf(t, cfg, &fieldUser)
			s := m.Open(t.Context(), nil)
			fieldUser.Set(s.Session, "hubo")
			if !s.AuthenticatedAt().IsZero() {
				t.Errorf("%s: authenticated at %v without a log-in", name, s.AuthenticatedAt())
			}
			s = reopen(t, m, s)
			before := s.ID()
			time.Sleep(time.Minute)
			s.Authenticate()
			login := time.Now()
			after := s.ID()
			time.Sleep(time.Minute)
			s = reopen(t, m, s)
			if before == after || s.ID() != after || !s.AuthenticatedAt().Equal(login) || fieldUser.Get(s.Session) != "hubo" {
				t.Errorf("%s: got ids %q, %q, %q; authenticated at %v", name, before, after, s.ID(), s.AuthenticatedAt())
			}
		}
	})
}

// A session of nobody is never authenticated.
func TestAuthenticateNobody(t *testing.T) {
	everyHome(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		r := newRig(t)
		c := r.client()
		if w := c.visit(func(s *visitor) { s.Authenticate() }); len(setCookies(w)) > 0 {
			t.Errorf("an empty session sends cookies %q", setCookies(w))
		}
		c.visit(func(s *visitor) { fieldTheme.Set(s.Session, "dark"); s.Authenticate() })
		c.visit(func(s *visitor) {
			if !s.AuthenticatedAt().IsZero() || fieldTheme.Get(s.Session) != "dark" {
				t.Errorf("got authenticated at %v in %v, want never", s.AuthenticatedAt(), s)
			}
		})
	})
}

// A revocation ends sessions authenticated before it, and not those authenticated anew after it.
func TestAuthenticateAndRevoke(t *testing.T) {
	bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		r := newRig(t)
		revoke := func() {
			if err := revokeAccount(t.Context(), r.m, 7); err != nil {
				t.Fatal(err)
			}
		}
		c := r.login()
		c.visit(func(s *visitor) { s.Authenticate(); revoke() })
		if c.isLoggedIn() {
			t.Error("a log-in that began before the revocation lives")
		}
		c = r.login() // the same second
		c.visit(func(s *visitor) { s.Authenticate() })
		if !c.isLoggedIn() {
			t.Error("a log-in after the revocation is dead")
		}
		c.visit(func(s *visitor) { s.Authenticate() })
		revoke()
		if c.isLoggedIn() {
			t.Error("an authenticated session outlives the revocation")
		}
	})
}
