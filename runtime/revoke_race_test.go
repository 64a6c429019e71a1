package runtime_test

import (
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/sessiongen/sessiongen/internal/long"
	"github.com/sessiongen/sessiongen/runtime"
)

// A request that began before the revocation and is saved after it leaves nothing alive.
func TestRevokeWhileInUse(t *testing.T) {
	bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		for name, revoke := range map[string]func(r *rig, id string) error{
			"RevokeID":        func(r *rig, id string) error { return r.m.RevokeID(t.Context(), id) },
			"RevokePrincipal": func(r *rig, id string) error { return revokeAccount(t.Context(), r.m, 7) },
			"RevokeAll":       func(r *rig, id string) error { return r.m.RevokeAll(t.Context()) },
		} {
			for what, change := range map[string]func(*visitor){
				"set":   func(s *visitor) { fieldVisits.Set(s.Session, 5) },
				"pop":   func(s *visitor) { fieldUser.Pop(s.Session); fieldUser.Set(s.Session, "x") },
				"renew": func(s *visitor) { s.Renew() },
				"read":  func(s *visitor) {},
			} {
				r := newRig(t)
				c := r.login()
				c.visit(func(s *visitor) {
					fieldVisits.Get(s.Session)
					if err := revoke(r, s.ID()); err != nil {
						t.Error(err)
					}
					change(s)
				})
				if c.isLoggedIn() {
					t.Errorf("%s, then %s: the revoked session lives", name, what)
				}
			}
		}
	})
}

// A session that was revoked is not stored again by a request that first only noted its use.
func TestServerRevival(t *testing.T) {
	r := newRig(t, runtime.Config{})
	c := r.login()
	r.m.SetKeys(parseKeys(t, keyB+" "+keyA)) // touch is due
	c.visit(func(s *visitor) {
		fieldUser.Get(s.Session)
		if err := revokeAccount(t.Context(), r.m, 7); err != nil {
			t.Fatal(err)
		}
		if _, err := r.m.Seal(s); err != nil { // a first save
			t.Fatal(err)
		}
		fieldVisits.Set(s.Session, 3)
	})
	c.visit(func(s *visitor) {
		if fieldAccount.Has(s.Session) {
			t.Errorf("the revoked session is revived: %v, account %d", s, fieldAccount.Get(s.Session))
		}
	})
}

// Between the two writes of a session that moves to another id, it is revoked.
func TestStoreRevokeWhileMoving(t *testing.T) {
	for name, revoke := range map[string]func(r *rig, id string) error{
		"RevokeID":        func(r *rig, id string) error { return r.m.RevokeID(t.Context(), id) },
		"RevokePrincipal": func(r *rig, id string) error { return revokeAccount(t.Context(), r.m, 7) },
		"RevokeAll":       func(r *rig, id string) error { return r.m.RevokeAll(t.Context()) },
	} {
		for _, call := range []string{"insert", "replace"} {
			r := newRig(t, runtime.Config{})
			c := r.login()
			var id string
			c.visit(func(s *visitor) { id = s.ID() })
			r.meanwhile(call, func() {
				if err := revoke(r, id); err != nil {
					t.Error(err)
				}
			})
			old := c.clone()
			c.visit(func(s *visitor) { s.Renew() })
			if c.isLoggedIn() || old.isLoggedIn() {
				t.Errorf("%s before the %s: the revoked session lives", name, call)
			}
			if infos, err := listAccount(t.Context(), r.m, 7); len(infos) > 0 || err != nil {
				t.Errorf("%s before the %s: the list still has %v, %v", name, call, infos, err)
			}
		}
	}
}

// Log-out beside other requests of the same session, in any order: nothing brings it back.
func TestLogOutRace(t *testing.T) {
	n := long.Times(100, 1000, 10_000)
	bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		r := newRig(t)
		changes := []func(*visitor){
			func(s *visitor) { fieldVisits.Update(s.Session, func(n int) int { return n + 1 }) },
			func(s *visitor) { fieldTheme.Set(s.Session, "dark") },
			func(s *visitor) { fieldCode.Pop(s.Session) },
			func(s *visitor) { s.SetPermanent(true) },
			func(s *visitor) { fieldUser.Get(s.Session) },
			func(s *visitor) { s.Renew() },
			func(s *visitor) { s.Renew() },
			func(s *visitor) { fieldAccount.Set(s.Session, 8) },
		}
		for range n {
			c := r.login()
			all := []*client{c, c.clone(), c.clone(), c.clone()}
			responses := make([]func(), len(all))
			var group sync.WaitGroup
			for i, c := range all {
				change := changes[rand.IntN(len(changes))]
				if i == 0 {
					change = func(s *visitor) { s.Destroy() }
				}
				early := rand.IntN(2) == 0
				group.Go(func() {
					w := c.send(func(s *visitor) {
						if early {
							fieldUser.Get(s.Session)
						}
						change(s)
					})
					if w.Code != 200 {
						t.Errorf("got status %d, want 200", w.Code)
					}
					responses[i] = func() { c.receive(w) }
				})
			}
			group.Wait()
			for i, c := range all {
				old := c.clone()
				responses[i]()
				if old.isLoggedIn() || c.isLoggedIn() {
					t.Fatalf("client %d is logged in after events %v", i, r.log.take())
				}
			}
		}
	})
}
