package runtime_test

import (
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
)

// A log-in whose password was good before a revocation, and whose response begins after it, is dead.
func TestRevokeLogInUnderWay(t *testing.T) {
	bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		for name, revoke := range map[string]func(r *rig, id string) error{
			"RevokePrincipal": func(r *rig, _ string) error { return revokeAccount(t.Context(), r.m, 7) },
			"RevokeID":        func(r *rig, id string) error { return r.m.RevokeID(t.Context(), id) },
			"RevokeAll":       func(r *rig, _ string) error { return r.m.RevokeAll(t.Context()) },
		} {
			for what, before := range map[string]func(c *client){
				"nobody":           func(*client) {},
				"nobody's session": func(c *client) { c.visit(func(s *visitor) { fieldTheme.Set(s.Session, "dark") }) },
				"somebody else": func(c *client) {
					c.visit(func(s *visitor) { fieldAccount.Set(s.Session, 8); fieldUser.Set(s.Session, "eve") })
				},
				"the same account": func(c *client) {
					c.visit(func(s *visitor) { fieldAccount.Set(s.Session, 7); fieldUser.Set(s.Session, "hubo") })
				},
			} {
				r := newRig(t)
				c := r.client()
				before(c)
				c.visit(func(s *visitor) {
					fieldAccount.Set(s.Session, 7)
					fieldUser.Set(s.Session, "hubo")
					s.Authenticate()
					if err := revoke(r, s.ID()); err != nil {
						t.Error(err)
					}
				})
				var account int64
				c.visit(func(s *visitor) { account = fieldAccount.Get(s.Session) })
				if account == 7 {
					t.Errorf("%s, %s logs in: the revoked session lives", name, what)
				}
				c.visit(func(s *visitor) { fieldAccount.Set(s.Session, 7); fieldUser.Set(s.Session, "hubo") })
				if !c.isLoggedIn() {
					t.Errorf("%s, %s: a later log-in is dead", name, what)
				}
			}
		}
	})
}

// A build that gains the principal, or renames it, lists and revokes what the older one wrote.
func TestPrincipalOfOlderBuilds(t *testing.T) {
	visits := fieldVisits
	newName := accountOf(0, true)
	newName.Was = []string{"uid"}
	oldName := accountOf(0, true)
	oldName.Key = "uid"
	plainOldName := accountOf(0, false)
	plainOldName.Key = "uid"
	for name, c := range map[string]struct{ older, newer *runtime.Field[int64] }{
		"gained":             {accountOf(0, false), accountOf(0, true)},
		"renamed":            {oldName, newName},
		"gained and renamed": {plainOldName, newName},
	} {
		for what, logIn := range map[string]func(older, newer *runtime.Manager[visitor]) string{
			"older": func(older, _ *runtime.Manager[visitor]) string {
				return sealed(t, older, func(s *visitor) { c.older.Set(s.Session, 42) })
			},
			"newer, changed by the older": func(older, newer *runtime.Manager[visitor]) string {
				cookie := sealed(t, newer, func(s *visitor) { c.newer.Set(s.Session, 42) })
				s := older.Open(t.Context(), []string{cookie})
				visits.Set(s.Session, 1)
				seal(t, older, s)
				return cookie
			},
		} {
			cfg := runtime.Config{Store: runtime.NewMemoryStore(100)}
			older := newManagerOf(t, cfg, c.older, &visits)
			newer := newManagerOf(t, cfg, c.newer, &visits)
			cookie := logIn(older, newer)
			s := newer.Open(t.Context(), []string{cookie})
			if got := c.newer.Get(s.Session); got != 42 {
				t.Fatalf("%s, %s: the principal is %d, want 42", name, what, got)
			}
			seal(t, newer, s)
			listed := 0
			for _, err := range runtime.ListBy(t.Context(), newer, c.newer, 42, func(e runtime.Entry) runtime.Entry { return e }) {
				if err != nil {
					t.Errorf("%s, %s: got error %v", name, what, err)
				}
				listed++
			}
			if listed != 1 {
				t.Errorf("%s, %s: got %d listed sessions, want 1", name, what, listed)
			}
			unread := logIn(older, newer)
			if err := runtime.RevokeBy(t.Context(), newer, c.newer, 42); err != nil {
				t.Fatal(err)
			}
			for _, cookie := range []string{cookie, unread} {
				if s := newer.Open(t.Context(), []string{cookie}); c.newer.Has(s.Session) {
					t.Errorf("%s, %s, not read before: %v: the revoked session lives", name, what, cookie == unread)
				}
			}
		}
	}
}

// Visitors that nobody knows fill the store of revocations by no request.
func TestVisitorsFillNoRevocations(t *testing.T) {
	for name, leave := range map[string]func(*visitor){
		"Destroy":        func(s *visitor) { s.Destroy() },
		"Clear":          func(s *visitor) { s.Clear() },
		"the last field": func(s *visitor) { fieldTheme.Clear(s.Session) },
	} {
		const most = 100
		store := runtime.NewMemoryStore(most)
		r := newRig(t, runtime.Config{Revocations: store})
		user := r.login()
		for range 3 * most {
			c := r.client()
			c.visit(func(s *visitor) { fieldTheme.Set(s.Session, "dark") })
			c.visit(leave)
		}
		if n := store.Len(); n > 0 {
			t.Errorf("%s: got %d records, want none", name, n)
		}
		// Renewing leaves one for a time. It makes room for what counts.
		for range 3 * most {
			c := r.client()
			c.visit(func(s *visitor) { fieldTheme.Set(s.Session, "dark") })
			c.visit(func(s *visitor) { s.Renew() })
		}
		old := user.clone()
		user.visit(func(s *visitor) { s.Destroy() })
		if old.isLoggedIn() {
			t.Errorf("%s: the log-out has no effect", name)
		}
		c := r.client()
		c.visit(func(s *visitor) { fieldTheme.Set(s.Session, "dark") })
		c.visit(func(s *visitor) { fieldAccount.Set(s.Session, 7) })
	}
}
