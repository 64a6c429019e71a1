package runtime_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// With a cache, another process learns later, but does learn, what this one revoked.
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
		spy.expect(t, "load", "load")
		time.Sleep(30 * time.Second)
		elsewhere.visit(read)
		spy.expect(t)
		if err := revokeAccount(t.Context(), a.m, 7); err != nil {
			t.Fatal(err)
		}
		if c.isLoggedIn() || !elsewhere.isLoggedIn() {
			t.Error("within the cache's time, only the other process may accept the session")
		}
		time.Sleep(30 * time.Second)
		if elsewhere.isLoggedIn() {
			t.Error("after the cache's time, the session is still accepted")
		}
	})
}

// An answer that was under way while this process revoked the session does not undo the revocation.
func TestServerCacheStale(t *testing.T) {
	spy := newSpyStore()
	r := newRig(t, runtime.Config{Revocations: spy, RevocationCache: time.Minute})
	c := r.client()
	var id string
	c.visit(func(s *visitor) { fieldUser.Set(s.Session, "hubo"); id = s.ID() })
	done := false
	spy.set(nil, nil)
	// Load answered "none" (ErrNoRecord) before the revocation, arrives after it.
	slow := &slowLoad{spyStore: spy}
	r2 := newRig(t, runtime.Config{Revocations: slow, RevocationCache: time.Minute})
	c2 := &client{r2, c.cookies}
	slow.hook = func() {
		if !done {
			done = true
			if err := r2.m.RevokeID(context.Background(), id); err != nil {
				t.Error(err)
			}
		}
	}
	c2.visit(func(s *visitor) { fieldUser.Get(s.Session) })
	c2.visit(func(s *visitor) {
		if fieldUser.Has(s.Session) {
			t.Error("a session that this process has revoked is accepted from the cache")
		}
	})
}

type slowLoad struct {
	*spyStore
	hook func()
}

func (s *slowLoad) Load(ctx context.Context, key string) (runtime.Record, error) {
	r, err := s.spyStore.Load(ctx, key)
	if s.hook != nil {
		s.hook()
	}
	return r, err
}

// A process's own revocation counts at once, even if another process has revoked the
// session since this one last asked.
func TestOwnRevocationPastCache(t *testing.T) {
	for name, end := range map[string]func(*rig, *client, string) error{
		"RevokeID": func(r *rig, _ *client, id string) error { return r.m.RevokeID(context.Background(), id) },
		"Destroy": func(_ *rig, c *client, _ string) error {
			c.clone().visit(func(s *visitor) { s.Destroy() })
			return nil
		},
	} {
		spy := newSpyStore()
		r := newRig(t, runtime.Config{Revocations: spy, RevocationCache: time.Hour})
		other := newManager(t, runtime.Config{Revocations: spy})
		c := r.login()
		var id string
		c.visit(func(s *visitor) { id = s.ID() })
		if err := other.RevokeID(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if err := end(r, c, id); err != nil {
			t.Fatal(err)
		}
		if c.isLoggedIn() {
			t.Errorf("%s: the revoked session is accepted", name)
		}
	}
}

// A process knows its own revocations even if it asked the store a moment ago.
func TestOwnMarkPastCache(t *testing.T) {
	for name, revoke := range revocations(t) {
		r := inCookies(t, runtime.Config{RevocationCache: time.Hour})
		for range 2 { // the second time there are marks
			c := r.login()
			if !c.isLoggedIn() {
				t.Errorf("%s: the session is dead before the revocation", name)
			}
			must(t, revoke(r))
			if c.isLoggedIn() {
				t.Errorf("%s: the revoked session is accepted", name)
			}
		}
	}
}

// A process that remembers a revoked id also remembers where the session moved.
func TestLateRequestFromCache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spy := newSpyStore()
		cfg := runtime.Config{Revocations: spy, RevocationCache: time.Minute}
		there, here := newRig(t, cfg), newRig(t, cfg)
		c := there.login()
		late := c.clone()
		late.rig = here
		c.visit(func(s *visitor) { s.Renew() })
		for i, want := range []int{0, 0, 1} {
			if i == 2 {
				time.Sleep(10 * time.Second)
			}
			w := late.send(func(s *visitor) { fieldTheme.Set(s.Session, "dark") })
			if len(setCookies(w)) != want {
				t.Errorf("response %d: got cookies %q, want %d", i, setCookies(w), want)
			}
		}
	})
}
