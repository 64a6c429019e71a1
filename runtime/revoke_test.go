package runtime_test

import (
	"context"
	"fmt"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// A copy of the cookie is worth nothing once the session has ended.
func TestDestroyEndsCopies(t *testing.T) {
	bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		r := newRig(t)
		for name, end := range map[string]func(*visitor){
			"Destroy":           func(s *visitor) { s.Destroy() },
			"Destroy and begin": func(s *visitor) { s.Destroy(); fieldTheme.Set(s.Session, "dark") },
			"Clear":             func(s *visitor) { s.Clear() },
			"Renew":             func(s *visitor) { s.Renew() },
			"another principal": func(s *visitor) { fieldAccount.Set(s.Session, 8); fieldUser.Set(s.Session, "eve") },
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
				t.Errorf("%s: got logged in %v, want %v", name, got, want)
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
						t.Errorf("%s: client %d is logged in: got %v, want %v", step, i, got, want[i])
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
			if err := revokeAccount(t.Context(), r.m, 7); err != nil {
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
			time.Sleep(31*24*time.Hour + 5*time.Hour)
			if n := r.store.Store.(*runtime.MemoryStore).Len(); n != 0 {
				t.Errorf("%d records are left, want none", n)
			}
		})
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
		infos, err := listAccount(t.Context(), r.m, 7)
		if err != nil || len(infos) != 2 {
			t.Fatalf("got the list %v, %v, want 2 sessions", infos, err)
		}
		if e := infos[0]; e.ID() != id || !e.CreatedAt().Equal(began) || !e.AuthenticatedAt().Equal(began) ||
			!e.LastSeen().Equal(time.Now()) || !e.ExpiresAt().Equal(time.Now().Add(time.Hour)) || !e.Permanent() {
			t.Errorf("got entry %v: %s, %v, %v, %v, %v, %v", e, e.ID(), e.CreatedAt(), e.AuthenticatedAt(), e.LastSeen(), e.ExpiresAt(), e.Permanent())
		}
		if e := infos[0]; fieldVisits.GetOf(e) != 1 || fieldUser.GetOf(e) != "hubo" || fieldTheme.GetOf(e) != "light" || fieldTheme.HasOf(e) {
			t.Errorf("the entry has other fields: %v", e)
		}
		if err := r.m.RevokeID(t.Context(), infos[1].ID()); err != nil {
			t.Error(err)
		}
		if laptop.isLoggedIn() || !phone.isLoggedIn() {
			t.Error("RevokeID of a listed session ends another session, or none")
		}
		phone.visit(func(s *visitor) { fieldAccount.Clear(s.Session) })
		if infos, err := listAccount(t.Context(), r.m, 7); len(infos) > 0 || err != nil {
			t.Errorf("got the list %v, %v, want none", infos, err)
		}
	})
}

// The calls that docs/stores.md counts.
func TestRevokeCalls(t *testing.T) {
	r := newRig(t, runtime.Config{})
	revoke := func() map[string]int {
		r.login()
		r.store.take()
		if err := revokeAccount(t.Context(), r.m, 7); err != nil {
			t.Fatal(err)
		}
		counts := make(map[string]int)
		for _, call := range r.store.take() {
			counts[call]++
		}
		return counts
	}
	revoke() // the marks are there from now on
	if got, want := revoke(), map[string]int{"load": 3, "replace": 2, "delete by principal": 1}; !maps.Equal(got, want) {
		t.Errorf("RevokePrincipal: got calls %v, want %v", got, want)
	}
	r.m.SetKeys(parseKeys(t, keyA+" "+keyB))
	revoke()
	if got, want := revoke(), map[string]int{"load": 4, "replace": 3, "delete by principal": 2}; !maps.Equal(got, want) {
		t.Errorf("RevokePrincipal with two keys: got calls %v, want %v", got, want)
	}
	r.store.take()
	if err := r.m.RevokeAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.store.expect(t, "load", "replace", "load", "insert", "delete all")
	c := r.login()
	r.store.take()
	var id string
	c.visit(func(s *visitor) { id = s.ID() })
	r.store.expect(t, "load")
	if err := r.m.RevokeID(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	r.store.expect(t, "insert", "load", "replace")
}

// Visitors whom nobody knows are revoked with all others, and those that come after that are not.
func TestRevokeAllAnonymous(t *testing.T) {
	bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			visit := func() *client {
				c := r.client()
				c.visit(func(s *visitor) { fieldUser.Set(s.Session, "anon") })
				return c
			}
			long, before := visit(), visit()
			time.Sleep(time.Hour)
			long.visit(func(s *visitor) { fieldVisits.Set(s.Session, 1) })
			if err := r.m.RevokeAll(t.Context()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			after := visit()
			for range 2 {
				if long.isLoggedIn() || before.isLoggedIn() || !after.isLoggedIn() {
					t.Errorf("got logged in: changed just before %v, before %v, after %v, want only after", long.isLoggedIn(), before.isLoggedIn(), after.isLoggedIn())
				}
				time.Sleep(24 * time.Hour)
			}
		})
	})
}

// The sealed record says whose session it is: the store cannot pass off a stranger's.
func TestListBelievesNoStore(t *testing.T) {
	r := newRig(t, runtime.Config{})
	r.login()
	mine := r.store.snapshot(t)
	r.client().visit(func(s *visitor) { fieldAccount.Set(s.Session, 666) })
	for key, rec := range r.store.snapshot(t) {
		if _, ok := mine[key]; ok {
			continue
		}
		for _, m := range mine {
			rec.Principal = m.Principal
		}
		if err := r.store.Replace(t.Context(), key, rec.Version, rec); err != nil {
			t.Fatal(err)
		}
	}
	infos, err := listAccount(t.Context(), r.m, 7)
	if len(infos) != 1 || err != nil {
		t.Errorf("got %d sessions, error %v, want 1", len(infos), err)
	}
}

func TestRevokeErrors(t *testing.T) {
	plain, stored := newManager(t, runtime.Config{}), newManager(t, runtime.Config{Store: newSpyStore()})
	denies := newManager(t, runtime.Config{Revocations: newSpyStore()})
	_, errPlainList := listAccount(t.Context(), plain, 7)
	_, errList := listAccount(t.Context(), denies, 7)
	_, errPlainUpdate := updateAccount(t.Context(), plain, 7, nil)
	_, errUpdate := updateAccount(t.Context(), denies, 7, nil)
	id := plain.Open(t.Context(), nil).ID()
	for _, c := range []struct {
		err  error
		want string
	}{
		{plain.RevokeID(t.Context(), id), "session: revoking needs Config.Store or Config.Revocations"},
		{revokeAccount(t.Context(), plain, 7), "session: revoking needs Config.Store or Config.Revocations"},
		{plain.RevokeAll(t.Context()), "session: revoking needs Config.Store or Config.Revocations"},
		{errPlainList, "session: listing needs Config.Store"},
		{errList, "session: listing needs Config.Store"},
		{errPlainUpdate, "session: changing the sessions of a principal needs Config.Store"},
		{errUpdate, "session: changing the sessions of a principal needs Config.Store"},
		{stored.RevokeID(t.Context(), "x"), "session: not a session id"},
		{stored.RevokeID(t.Context(), id+"A"), "session: not a session id"},
	} {
		if fmt.Sprint(c.err) != c.want {
			t.Errorf("got error %v, want %s", c.err, c.want)
		}
	}
	if err := stored.RevokeID(t.Context(), id); err != nil {
		t.Errorf("RevokeID of an unused id: got error %v", err)
	}
}

// The caller's deadline limits RevokeAll, which may take longer than a request with millions
// of records.
func TestRevokeAllDeadline(t *testing.T) {
	r := newRig(t, runtime.Config{StoreTimeout: time.Minute})
	var left time.Duration
	r.store.set(func(ctx context.Context, _, _ string) error {
		end, _ := ctx.Deadline()
		left = time.Until(end)
		return nil
	}, nil)
	hour, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	for ctx, want := range map[context.Context]time.Duration{t.Context(): time.Minute, hour: time.Hour} {
		if err := r.m.RevokeAll(ctx); err != nil || left.Round(time.Minute) != want {
			t.Errorf("got a deadline in %v, want %v; error %v", left, want, err)
		}
	}
}
