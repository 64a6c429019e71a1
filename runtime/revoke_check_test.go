package runtime_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// stream is a request that goes on while others of the session come and go.
func (c *client) stream(during func(check func() error)) {
	c.rig.t.Helper()
	c.send(func(s *visitor) {
		fieldUser.Get(s.Session)
		during(func() error { return c.rig.m.Check(c.rig.t.Context(), s) })
	})
}

func TestCheck(t *testing.T) {
	bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		for name, c := range map[string]struct {
			do   func(r *rig, c *client) error
			ends bool
		}{
			"nothing": {func(*rig, *client) error { return nil }, false},
			"read":    {func(_ *rig, c *client) error { c.visit(func(s *visitor) { fieldUser.Get(s.Session) }); return nil }, false},
			"changed": {func(_ *rig, c *client) error { c.visit(func(s *visitor) { fieldVisits.Set(s.Session, 1) }); return nil }, false},
			"moved":   {func(_ *rig, c *client) error { c.visit(func(s *visitor) { s.Renew() }); return nil }, false},
			"moved on": {func(_ *rig, c *client) error {
				c.visit(func(s *visitor) { s.Renew() })
				c.visit(func(s *visitor) { s.Renew() })
				return nil
			}, false},
			"authenticated": {func(_ *rig, c *client) error {
				c.visit(func(s *visitor) { s.Authenticate() })
				return nil
			}, false},
			"another account revoked": {func(r *rig, _ *client) error { return revokeAccount(t.Context(), r.m, 8) }, false},

			"destroyed": {func(_ *rig, c *client) error { c.visit(func(s *visitor) { s.Destroy() }); return nil }, true},
			"cleared":   {func(_ *rig, c *client) error { c.visit(func(s *visitor) { s.Clear() }); return nil }, true},
			"moved, then destroyed": {func(_ *rig, c *client) error {
				c.visit(func(s *visitor) { s.Renew() })
				c.visit(func(s *visitor) { s.Destroy() })
				return nil
			}, true},
			"revoked by principal": {func(r *rig, _ *client) error { return revokeAccount(t.Context(), r.m, 7) }, true},
			"moved, then revoked": {func(r *rig, c *client) error {
				c.visit(func(s *visitor) { s.Renew() })
				return revokeAccount(t.Context(), r.m, 7)
			}, true},
			"all revoked": {func(r *rig, _ *client) error { return r.m.RevokeAll(t.Context()) }, true},
			"revoked by id": {func(r *rig, c *client) (err error) {
				var id string
				c.visit(func(s *visitor) { id = s.ID() })
				return r.m.RevokeID(t.Context(), id)
			}, true},
			"revoked by another device": {func(r *rig, _ *client) error {
				r.login().visit(func(s *visitor) { r.revokeOthers(t, s) })
				return nil
			}, true},
			"somebody else's": {func(_ *rig, c *client) error {
				c.visit(func(s *visitor) { fieldAccount.Set(s.Session, 8) })
				return nil
			}, true},
			"nobody's": {func(_ *rig, c *client) error { c.visit(func(s *visitor) { fieldAccount.Clear(s.Session) }); return nil }, true},
		} {
			r := newRig(t)
			open := r.login()
			c0 := open.clone()
			open.stream(func(check func() error) {
				if err := check(); err != nil {
					t.Errorf("%s: before it, Check returns %v", name, err)
				}
				if err := c.do(r, c0); err != nil {
					t.Errorf("%s: got error %v", name, err)
				}
				if err := check(); errors.Is(err, runtime.ErrEnded) != c.ends || !c.ends && err != nil {
					t.Errorf("%s: Check returns %v, want ErrEnded: %v", name, err, c.ends)
				}
				if err := check(); errors.Is(err, runtime.ErrEnded) != c.ends {
					t.Errorf("%s: the second Check returns %v", name, err)
				}
			})
		}
	})
}

// A session ends while a stream is open, in every home, even if a store that does not know the program's
// clock still has it.
func TestCheckExpired(t *testing.T) {
	clock := newClock()
	cfg := runtime.Config{Time: clock.now}
	alone := &rig{t: t, store: newSpyStore()}
	alone.start(cfg)
	for name, r := range map[string]*rig{"store": newRig(t, cfg), "cookie": inCookies(t, cfg), "cookie alone": alone} {
		start := clock.now()
		r.login().stream(func(check func() error) {
			clock.set(start.Add(31*day - time.Second))
			if err := check(); err != nil {
				t.Errorf("%s: a second before the end, Check returns %v", name, err)
			}
			clock.set(start.Add(31 * day))
			if err := check(); !errors.Is(err, runtime.ErrEnded) {
				t.Errorf("%s: at the end, Check returns %v, want ErrEnded", name, err)
			}
		})
	}
}

// Uses by other requests put the end off, for the stream too.
func TestCheckIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, runtime.Config{IdleTimeout: time.Hour})
		open := r.login()
		page := open.clone()
		open.stream(func(check func() error) {
			for range 5 {
				time.Sleep(50 * time.Minute)
				page.visit(func(s *visitor) { fieldUser.Get(s.Session) })
				if err := check(); err != nil {
					t.Errorf("for a session that another request uses, Check returns %v", err)
				}
			}
			time.Sleep(time.Hour)
			if err := check(); !errors.Is(err, runtime.ErrEnded) {
				t.Errorf("for an idle session, Check returns %v, want ErrEnded", err)
			}
		})
	})
}

// A failing store does not tell whether the session counts, so the stream does not end.
func TestCheckWhileStoreFails(t *testing.T) {
	bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		r := newRig(t)
		r.login().stream(func(check func() error) {
			r.store.fail(errRefused)
			if err := check(); !errors.Is(err, runtime.ErrStore) || errors.Is(err, runtime.ErrEnded) {
				t.Errorf("while the store fails, Check returns %v, want ErrStore", err)
			}
			r.store.set(nil, nil)
			if err := check(); err != nil {
				t.Errorf("after the store's failure, Check returns %v", err)
			}
		})
	})
}

// A stream that is open for hours follows a session that moves every hour.
func TestCheckForHours(t *testing.T) {
	bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			open := r.login()
			page := open.clone()
			open.stream(func(check func() error) {
				for hour := range 6 {
					page.visit(func(s *visitor) { s.Renew() })
					for range 6 {
						if err := check(); err != nil {
							t.Fatalf("in hour %d, Check returns %v", hour, err)
						}
						time.Sleep(10 * time.Minute)
					}
				}
				page.visit(func(s *visitor) { s.Destroy() })
				if err := check(); !errors.Is(err, runtime.ErrEnded) {
					t.Errorf("for a destroyed session, Check returns %v, want ErrEnded", err)
				}
			})
		})
	})
}

// A check asks the store, whatever this process has cached.
func TestCheckAsksDespiteCache(t *testing.T) {
	spy := newSpyStore()
	here := &rig{t: t, store: spy}
	here.start(runtime.Config{Revocations: spy, RevocationCache: time.Hour})
	there := newManager(t, runtime.Config{Revocations: spy})
	here.login().stream(func(check func() error) {
		if err := revokeAccount(t.Context(), there, 7); err != nil {
			t.Fatal(err)
		}
		if err := check(); !errors.Is(err, runtime.ErrEnded) {
			t.Errorf("Check returns %v, want ErrEnded", err)
		}
	})
}
