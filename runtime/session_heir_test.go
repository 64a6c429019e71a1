package runtime_test

import (
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/codec"
)

// fill gives a session something of every kind, which belongs to account 7.
func fill(s *visitor) {
	fieldUser.Set(s.Session, "hubo")
	fieldAccount.Set(s.Session, 7)
	fieldRoles.Set(s.Session, []string{"admin"})
	fieldToken.Set(s.Session, "secret")
	fieldCode.Set(s.Session, "123456")
	fieldVisits.Set(s.Session, 3)
	fieldCart.Set(s.Session, []item{{"A1", 2}})
	s.SetPermanent(true)
}

// heirloom reports what a session has besides its account.
func heirloom(s *visitor) bool {
	return fieldUser.Has(s.Session) || fieldRoles.Has(s.Session) || fieldToken.Has(s.Session) ||
		fieldCode.Has(s.Session) || fieldVisits.Has(s.Session) || fieldCart.Has(s.Session)
}

// User 8 does not inherit from user 7, however user 8 logs in.
func TestHeirInheritsNothing(t *testing.T) {
	everyHome(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		for name, become := range map[string]func(s *visitor){
			"Set":    func(s *visitor) { fieldAccount.Set(s.Session, 8) },
			"Update": func(s *visitor) { fieldAccount.Update(s.Session, func(n int64) int64 { return n + 1 }) },
			"Set after another change": func(s *visitor) {
				fieldRoles.Set(s.Session, []string{"root"})
				fieldVisits.Update(s.Session, func(n int) int { return n + 1 })
				fieldAccount.Set(s.Session, 8)
			},
			"Set twice": func(s *visitor) {
				fieldAccount.Set(s.Session, 9)
				fieldUser.Set(s.Session, "eve")
				fieldAccount.Set(s.Session, 8)
			},
		} {
			c := newRig(t).client()
			c.visit(fill)
			c.visit(func(s *visitor) {
				become(s)
				if heirloom(s) {
					t.Errorf("%s: in the same request, the heir has %v", name, s)
				}
			})
			c.visit(func(s *visitor) {
				if heirloom(s) || fieldAccount.Get(s.Session) != 8 {
					t.Errorf("%s: in the next request, the heir has %v, account %d", name, s, fieldAccount.Get(s.Session))
				}
			})
		}
	})
}

// Values set after the change belong to the new account, and stay.
func TestHeirKeepsWhatIsTheirs(t *testing.T) {
	everyHome(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		c := newRig(t).client()
		c.visit(fill)
		c.visit(func(s *visitor) {
			fieldAccount.Set(s.Session, 8)
			fieldUser.Set(s.Session, "eve")
			fieldRoles.Update(s.Session, func(roles []string) []string { return append(roles, "guest") })
		})
		c.visit(func(s *visitor) {
			if roles := fieldRoles.Get(s.Session); fieldUser.Get(s.Session) != "eve" || len(roles) != 1 || roles[0] != "guest" || fieldToken.Has(s.Session) {
				t.Errorf("got session %v, roles %v", s, roles)
			}
		})
	})
}

// All fields stay when nobody becomes somebody; the same account is not a change.
func TestLogInKeepsTheCart(t *testing.T) {
	everyHome(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		c := newRig(t).client()
		c.visit(func(s *visitor) { fieldCart.Set(s.Session, []item{{"A1", 2}}) })
		c.visit(func(s *visitor) { fieldAccount.Set(s.Session, 7) })
		c.visit(func(s *visitor) { fieldAccount.Set(s.Session, 7); s.Authenticate() })
		c.visit(func(s *visitor) {
			if len(fieldCart.Get(s.Session)) != 1 {
				t.Errorf("got session %v", s)
			}
		})
	})
}

// Fields of another build, which this one only carries, are the older account's too.
func TestHeirInheritsNothingUnknown(t *testing.T) {
	account := fieldAccount
	account.Index = 0
	roles := runtime.Field[string]{Index: 1, Name: "Roles", Key: "later_roles",
		Encode: codec.EncodeString[string], Decode: codec.DecodeString[string]}
	for name, cfg := range map[string]func() runtime.Config{
		"cookie":    func() runtime.Config { return runtime.Config{} },
		"revocable": func() runtime.Config { return runtime.Config{Revocations: newSpyStore()} },
		"store":     func() runtime.Config { return runtime.Config{Store: newSpyStore()} },
	} {
		shared := cfg()
		newer, older := newManagerOf(t, shared, &account, &roles), newManagerOf(t, shared, &account)
		s := newer.Open(t.Context(), nil)
		account.Set(s.Session, 7)
		roles.Set(s.Session, "admin")
		s = older.Open(t.Context(), []string{pair(t, seal(t, newer, s))})
		account.Set(s.Session, 8)
		s = newer.Open(t.Context(), []string{pair(t, seal(t, older, s))})
		if roles.Has(s.Session) || account.Get(s.Session) != 8 {
			t.Errorf("%s: account %d has the role %q", name, account.Get(s.Session), roles.Get(s.Session))
		}
	}
}

// Another request changes the record while the account changes. In the end it is either all the older
// account's or all the newer one's, and never 8 with what is 7's.
func TestHeirInConflict(t *testing.T) {
	for name, theirs := range map[string]func(s *visitor){
		"sets a role":        func(s *visitor) { fieldRoles.Set(s.Session, []string{"root"}) },
		"updates a role":     func(s *visitor) { fieldRoles.Update(s.Session, func(r []string) []string { return append(r, "root") }) },
		"sets another field": func(s *visitor) { fieldTheme.Set(s.Session, "dark") },
		"renews":             func(s *visitor) { fieldVisits.Set(s.Session, 9); s.Renew() },
		"becomes account 9":  func(s *visitor) { fieldAccount.Set(s.Session, 9); fieldUser.Set(s.Session, "zoe") },
	} {
		for how, become := range map[string]func(s *visitor){
			"Set":    func(s *visitor) { fieldAccount.Set(s.Session, 8) },
			"Update": func(s *visitor) { fieldAccount.Update(s.Session, func(int64) int64 { return 8 }) },
			"Set, then Update": func(s *visitor) {
				fieldAccount.Set(s.Session, 8)
				fieldAccount.Update(s.Session, func(n int64) int64 { return n })
			},
		} {
			r := newRig(t, runtime.Config{})
			c := r.client()
			c.visit(fill)
			other := c.clone()
			c.visit(func(s *visitor) {
				become(s)
				other.visit(theirs)
			})
			c.visit(func(s *visitor) {
				account := fieldAccount.Get(s.Session)
				if account == 8 && (heirloom(s) || fieldTheme.Has(s.Session)) {
					t.Errorf("%s while another request %s: account 8 has %v", how, name, s)
				}
			})
		}
	}
}
