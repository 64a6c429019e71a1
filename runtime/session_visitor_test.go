package runtime_test

import (
	"slices"
	"testing"
)

// A request changes the visitor's cart and then the principal, while another request changes the cart
// too. Both changes are the visitor's, and stay. Changes noted for the account are dropped.
func TestVisitorFieldsInConflict(t *testing.T) {
	put := func(thing string) func(*visitor) {
		return func(s *visitor) {
			ownedCart.Update(s.Session, func(cart []string) []string { return append(cart, thing) })
		}
	}
	for name, become := range map[string]func(*visitor){
		"another account":            func(s *visitor) { ownedAccount.Set(s.Session, 8) },
		"nobody":                     func(s *visitor) { ownedAccount.Clear(s.Session) },
		"nobody, then somebody":      func(s *visitor) { ownedAccount.Clear(s.Session); ownedAccount.Set(s.Session, 8) },
		"another account, by Update": func(s *visitor) { ownedAccount.Update(s.Session, func(n int64) int64 { return n + 1 }) },
		"nobody, by LogOut":          func(s *visitor) { s.LogOut() },
	} {
		r := newRigOf(t, ownedAccount, ownedCart, ownedNote, ownedDraft)
		c := r.client()
		c.visit(func(s *visitor) { ownedAccount.Set(s.Session, 7) })
		c.visit(put("one"))
		other := c.clone()
		c.visit(func(s *visitor) {
			put("two")(s)
			ownedNote.Set(s.Session, 7)
			become(s)
			other.visit(func(s *visitor) { put("three")(s); ownedDraft.Set(s.Session, 7) })
		})
		c.visit(func(s *visitor) {
			cart := ownedCart.Get(s.Session)
			if !slices.Equal(sorted(cart), []string{"one", "three", "two"}) {
				t.Errorf("%s: the cart has %q", name, cart)
			}
			if ownedNote.Has(s.Session) || ownedDraft.Has(s.Session) || ownedAccount.Get(s.Session) == 7 {
				t.Errorf("%s: account %d has session %v", name, ownedAccount.Get(s.Session), s)
			}
		})
	}
}

// A visitor's field that is set without reading it counts in a conflict too.
func TestVisitorFieldSetInConflict(t *testing.T) {
	r := newRigOf(t, ownedAccount, ownedCart, ownedNote, ownedDraft)
	c := r.client()
	c.visit(func(s *visitor) { ownedAccount.Set(s.Session, 7); ownedCart.Set(s.Session, []string{"old"}) })
	other := c.clone()
	c.visit(func(s *visitor) {
		ownedCart.Set(s.Session, []string{"new"})
		ownedAccount.Set(s.Session, 8)
		other.visit(func(s *visitor) { ownedNote.Set(s.Session, 7) })
	})
	c.visit(func(s *visitor) {
		if got := ownedCart.Get(s.Session); !slices.Equal(got, []string{"new"}) || ownedNote.Has(s.Session) {
			t.Errorf("got cart %q; account %d has %v", got, ownedAccount.Get(s.Session), s)
		}
	})
}

// A visitor's value that another request pops before a log-out is saved is not popped by that one too.
func TestVisitorFieldPoppedAfterLogOut(t *testing.T) {
	for _, beside := range []bool{false, true} {
		r := newRigOf(t, ownedAccount, ownedCart, ownedNote, ownedDraft)
		c := r.client()
		c.visit(func(s *visitor) { ownedAccount.Set(s.Session, 7); ownedCart.Set(s.Session, []string{"tea"}) })
		popped := 0
		pop := func(s *visitor) {
			if _, ok := ownedCart.Pop(s.Session); ok {
				popped++
			}
		}
		other := c.clone()
		c.visit(func(s *visitor) {
			ownedCart.Get(s.Session)
			s.LogOut()
			if beside {
				other.visit(pop)
			}
			pop(s)
			ownedNote.Set(s.Session, 1)
		})
		c.visit(func(s *visitor) {
			pop(s)
			if ownedNote.Get(s.Session) != 1 || ownedAccount.Has(s.Session) {
				t.Errorf("the session after the log-out is %v", s)
			}
		})
		other.visit(func(s *visitor) {
			if ownedAccount.Has(s.Session) {
				t.Error("the log-out is not final")
			}
		})
		if popped != 1 {
			t.Errorf("with %v in parallel: popped %d times, want once", beside, popped)
		}
	}
}
