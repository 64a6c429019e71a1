package runtime_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// bothModes runs a test with sessions in a store, and with sessions in cookies that a
// store can revoke.
func bothModes(t *testing.T, f func(t *testing.T, newRig func(testing.TB) *rig)) {
	t.Run("store", func(t *testing.T) {
		f(t, func(t testing.TB) *rig { return newRig(t, runtime.Config{}) })
	})
	t.Run("cookie", func(t *testing.T) {
		f(t, func(t testing.TB) *rig {
			spy := newSpyStore()
			r := newRig(t, runtime.Config{Revocations: spy})
			r.store = spy
			return r
		})
	})
}

func (c *client) isLoggedIn() (in bool) {
	c.rig.t.Helper()
	c.clone().visit(func(s *visitor) { in = fieldUser.Has(s.Session) })
	return in
}

// A copy of the cookie is worth nothing once the session has ended.
func TestDestroyEndsCopies(t *testing.T) {
	bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		r := newRig(t)
		for name, end := range map[string]func(*visitor){
			"Destroy":           func(s *visitor) { s.Destroy() },
			"Destroy and begin": func(s *visitor) { s.Destroy(); fieldTheme.Set(s.Session, "dark") },
			"Clear":             func(s *visitor) { s.Clear() },
			"Renew":             func(s *visitor) { s.Renew() },
			"another principal": func(s *visitor) { fieldAccount.Set(s.Session, 8) },
			"RevokeID": func(s *visitor) {
				if err := r.m.RevokeID(t.Context(), s.ID()); err != nil {
					t.Error(err)
				}
				fieldVisits.Set(s.Session, 1)
			},
		} {
			c := r.login()
			stolen := c.clone()
			c.visit(end)
			if stolen.isLoggedIn() {
				t.Errorf("%s: the copy lives", name)
			}
			if got, want := c.isLoggedIn(), name == "Renew" || name == "another principal"; got != want {
				t.Errorf("%s: logged in: %v", name, got)
			}
		}
	})
}

func TestRevoke(t *testing.T) {
	bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			one, two, other, anonymous := r.login(), r.login(), r.client(), r.client()
			other.visit(func(s *visitor) { fieldUser.Set(s.Session, "eve"); fieldAccount.Set(s.Session, 8) })
			anonymous.visit(func(s *visitor) { fieldUser.Set(s.Session, "anon") })
			r.log.take()
			check := func(step string, want ...bool) {
				t.Helper()
				for i, c := range []*client{one, two, other, anonymous} {
					if got := c.isLoggedIn(); got != want[i] {
						t.Errorf("%s: client %d is logged in: %v", step, i, got)
					}
				}
				r.log.take()
			}
			var id string
			one.visit(func(s *visitor) { id = s.ID() })
			time.Sleep(time.Second)
			// A key rotation changes how principals are hashed.
			r.m.SetKeys(parseKeys(t, keyB+" "+keyA))
			if err := r.m.RevokeID(t.Context(), id); err != nil {
				t.Error(err)
			}
			r.log.expect(t, runtime.Event{Kind: runtime.EventRevoked, Reason: runtime.RevokedID})
			check("RevokeID", false, true, true, true)
			if err := r.m.RevokePrincipal(t.Context(), int64(7)); err != nil {
				t.Error(err)
			}
			r.log.expect(t, runtime.Event{Kind: runtime.EventRevoked, Reason: runtime.RevokedPrincipal})
			check("RevokePrincipal", false, false, true, true)
			time.Sleep(time.Second)
			two = r.login()
			check("log in again", false, true, true, true)
			if err := r.m.RevokeAll(t.Context()); err != nil {
				t.Error(err)
			}
			r.log.expect(t, runtime.Event{Kind: runtime.EventRevoked, Reason: runtime.RevokedAll})
			check("RevokeAll", false, false, false, false)
			time.Sleep(time.Second)
			one, two, other, anonymous = r.login(), r.login(), r.login(), r.login()
			check("all begin again", true, true, true, true)
			// Time passes, and nothing comes back.
			time.Sleep(31*24*time.Hour + 2*time.Hour)
			if n := r.store.Store.(*runtime.MemoryStore).Len(); n != 0 {
				t.Errorf("%d records are left", n)
			}
		})
	})
}

// A request that began before is saved after: nothing of it lives.
func TestRevokeWhileInUse(t *testing.T) {
	bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		for name, revoke := range map[string]func(r *rig, id string) error{
			"RevokeID":        func(r *rig, id string) error { return r.m.RevokeID(t.Context(), id) },
			"RevokePrincipal": func(r *rig, id string) error { return r.m.RevokePrincipal(t.Context(), int64(7)) },
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
					t.Errorf("%s, then %s: it lives", name, what)
				}
			}
		}
	})
}

// Between the two writes of a session that moves to another id, it is revoked.
func TestStoreRevokeWhileMoving(t *testing.T) {
	for name, revoke := range map[string]func(r *rig, id string) error{
		"RevokeID":        func(r *rig, id string) error { return r.m.RevokeID(t.Context(), id) },
		"RevokePrincipal": func(r *rig, id string) error { return r.m.RevokePrincipal(t.Context(), int64(7)) },
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
				t.Errorf("%s before the %s: it lives", name, call)
			}
			if infos, err := r.m.ListByPrincipal(t.Context(), int64(7)); len(infos) > 0 || err != nil {
				t.Errorf("%s before the %s: left behind %v, %v", name, call, infos, err)
			}
		}
	}
}

// Log-out beside other requests of the same session, in any order: nothing brings it back.
func TestLogOutRace(t *testing.T) {
	n := 10_000
	if testing.Short() {
		n = 300
	}
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
						t.Errorf("status %d", w.Code)
					}
					responses[i] = func() { c.receive(w) }
				})
			}
			group.Wait()
			for i, c := range all {
				old := c.clone()
				responses[i]()
				if old.isLoggedIn() || c.isLoggedIn() {
					t.Fatalf("client %d is logged in: %v", i, r.log.take())
				}
			}
		}
	})
}

func TestListByPrincipal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, runtime.Config{Lifetime: time.Hour})
		phone := r.login()
		began := time.Now()
		time.Sleep(time.Minute)
		laptop := r.login()
		r.client().visit(func(s *visitor) { fieldAccount.Set(s.Session, 8) })
		time.Sleep(time.Minute)
		phone.visit(func(s *visitor) { fieldVisits.Set(s.Session, 1); s.SetPermanent(true) })
		var id string
		phone.visit(func(s *visitor) { id = s.ID() })
		infos, err := r.m.ListByPrincipal(t.Context(), int64(7))
		if err != nil || len(infos) != 2 {
			t.Fatalf("%v, %v", infos, err)
		}
		if want := (runtime.SessionInfo{ID: id, CreatedAt: began, AuthenticatedAt: began, LastSeen: time.Now(),
			ExpiresAt: time.Now().Add(time.Hour), Permanent: true}); infos[0].ID != want.ID || !infos[0].CreatedAt.Equal(want.CreatedAt) ||
			!infos[0].AuthenticatedAt.Equal(want.AuthenticatedAt) || !infos[0].LastSeen.Equal(want.LastSeen) ||
			!infos[0].ExpiresAt.Equal(want.ExpiresAt) || !infos[0].Permanent {
			t.Errorf("got %v, want %v", infos[0], want)
		}
		if err := r.m.RevokeID(t.Context(), infos[1].ID); err != nil {
			t.Error(err)
		}
		if laptop.isLoggedIn() || !phone.isLoggedIn() {
			t.Error("RevokeID of a listed session")
		}
		phone.visit(func(s *visitor) { fieldAccount.Clear(s.Session) })
		if infos, err := r.m.ListByPrincipal(t.Context(), int64(7)); len(infos) > 0 || err != nil {
			t.Errorf("%v, %v", infos, err)
		}
	})
}

func TestRevokeErrors(t *testing.T) {
	plain, stored := newManager(t, runtime.Config{}), newManager(t, runtime.Config{Store: newSpyStore()})
	denies := newManager(t, runtime.Config{Revocations: newSpyStore()})
	nobody := newManagerOf(t, runtime.Config{Store: newSpyStore()}, &fieldUser)
	_, errPlainList := plain.ListByPrincipal(t.Context(), int64(7))
	_, errList := denies.ListByPrincipal(t.Context(), int64(7))
	_, errListType := stored.ListByPrincipal(t.Context(), 7)
	id := plain.Open(nil).ID()
	for _, c := range []struct {
		err  error
		want string
	}{
		{plain.RevokeID(t.Context(), id), "session: revoking needs Config.Store or Config.Revocations"},
		{plain.RevokePrincipal(t.Context(), int64(7)), "session: revoking needs Config.Store or Config.Revocations"},
		{plain.RevokeAll(t.Context()), "session: revoking needs Config.Store or Config.Revocations"},
		{errPlainList, "session: listing needs Config.Store"},
		{errList, "session: listing needs Config.Store"},
		{errListType, "session: principal Account has the type int64, not int"},
		{stored.RevokePrincipal(t.Context(), "7"), "session: principal Account has the type int64, not string"},
		{denies.RevokePrincipal(t.Context(), nil), "session: principal Account has the type int64, not <nil>"},
		{nobody.RevokePrincipal(t.Context(), "hubo"), "session: the schema has no field with the option principal"},
		{stored.RevokeID(t.Context(), "x"), "session: not an id of a session"},
		{stored.RevokeID(t.Context(), id+"A"), "session: not an id of a session"},
	} {
		if fmt.Sprint(c.err) != c.want {
			t.Errorf("got %v, want %s", c.err, c.want)
		}
	}
	if err := stored.RevokeID(t.Context(), id); err != nil {
		t.Errorf("an id of no session: %v", err)
	}
}

// With a cache, another process hears later of what this one revoked, but does.
func TestRevocationCache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spy := newSpyStore()
		a := newRig(t, runtime.Config{Revocations: spy, RevocationCache: time.Minute})
		b := newRig(t, runtime.Config{Revocations: spy, RevocationCache: time.Minute})
		a.store, b.store = spy, spy
		c := a.login()
		elsewhere := c.clone()
		elsewhere.rig = b
		read := func(s *visitor) { fieldUser.Get(s.Session) }
		elsewhere.visit(read)
		spy.expect(t, "load", "load", "load")
		time.Sleep(30 * time.Second)
		elsewhere.visit(read)
		spy.expect(t)
		if err := a.m.RevokePrincipal(t.Context(), int64(7)); err != nil {
			t.Fatal(err)
		}
		if c.isLoggedIn() || !elsewhere.isLoggedIn() {
			t.Error("the cache is another one")
		}
		time.Sleep(30 * time.Second)
		if elsewhere.isLoggedIn() {
			t.Error("beyond the window")
		}
	})
}

func TestStoreConfigErrors(t *testing.T) {
	store := newSpyStore()
	_, err := runtime.NewManager(runtime.Config{Keys: parseKeys(t, keyA), Store: store, Revocations: store, MaxChunks: 2,
		StoreTimeout: -1, RevocationCache: -1}, wrap, fields...)
	want := []string{
		"session: Config.Revocations is for sessions in cookies: those of a Store are revoked in it",
		"session: Config.MaxChunks is for sessions in cookies, without a Store",
		"session: Config.StoreTimeout is -1ns; it must not be negative",
		"session: Config.RevocationCache is -1ns; it must not be negative",
	}
	if err == nil || err.Error() != strings.Join(want, "\n") {
		t.Errorf("got %v", err)
	}
	_, err = runtime.NewManager(runtime.Config{Keys: parseKeys(t, keyA), RevocationCache: 1}, wrap, fields...)
	if want := "session: Config.RevocationCache needs Revocations"; err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
	if errors.Is(err, runtime.ErrStore) {
		t.Error("a wrong Config is no failure of the store")
	}
}
