package runtime_test

import (
	"fmt"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sessiongen/sessiongen/internal/revoketest"
	"github.com/sessiongen/sessiongen/runtime"
)

var clockSkews = []time.Duration{0, time.Minute, -time.Minute, 5 * time.Minute, -5 * time.Minute, 30 * time.Minute, -30 * time.Minute}

// twoNodes runs a test on nodes whose clocks differ, in every home, for each difference and with each of
// them as the first. The clock is what the first one tells without its error.
func twoNodes(t *testing.T, cfg runtime.Config, f func(what string, skew time.Duration, clock *clock, first, second *rig)) {
	for home, place := range map[string]func(*runtime.Config, runtime.Store){
		"store":        func(cfg *runtime.Config, s runtime.Store) { cfg.Store = s },
		"cookie":       func(cfg *runtime.Config, s runtime.Store) { cfg.Revocations = s },
		"cookie alone": func(*runtime.Config, runtime.Store) {},
	} {
		for _, skew := range clockSkews {
			for _, reverse := range []bool{false, true} {
				spy, clock := newSpyStore(), newClock()
				start := func(skew time.Duration) *rig {
					cfg := cfg
					place(&cfg, spy)
					cfg.Time = func() time.Time { return clock.now().Add(skew) }
					r := &rig{t: t, store: spy}
					r.start(cfg)
					return r
				}
				first, second := start(0), start(skew)
				if reverse {
					first, second = second, first
				}
				f(fmt.Sprintf("%s, %v apart, the other way round %v", home, skew, reverse), skew.Abs(), clock, first, second)
			}
		}
	}
}

// on is the client as it comes to another node.
func (c *client) on(r *rig) *client { return &client{r, maps.Clone(c.cookies)} }

// However the clocks of nodes differ, a timeout ends a session when it should, or earlier or later by
// the difference.
func TestTimeoutsOfNodes(t *testing.T) {
	for name, c := range map[string]struct {
		cfg       runtime.Config
		permanent bool
		code      bool // it is about the field with a ttl
		ends      time.Duration
	}{
		"IdleTimeout":     {cfg: runtime.Config{IdleTimeout: time.Hour}, ends: time.Hour},
		"AbsoluteTimeout": {cfg: runtime.Config{AbsoluteTimeout: 2 * time.Hour}, ends: 2 * time.Hour},
		"Lifetime":        {cfg: runtime.Config{Lifetime: 2 * time.Hour}, ends: 2 * time.Hour},
		"Sliding":         {cfg: runtime.Config{Lifetime: 2 * time.Hour, Sliding: true}, permanent: true, ends: 2 * time.Hour},
		"ttl":             {code: true, ends: 10 * time.Minute},
	} {
		twoNodes(t, c.cfg, func(what string, skew time.Duration, clock *clock, first, second *rig) {
			for _, r := range []*rig{first, second} {
				for _, after := range []time.Duration{c.ends - skew - time.Second, c.ends + skew} {
					if after < 0 {
						continue
					}
					user := first.login()
					user.visit(func(s *visitor) {
						s.SetPermanent(c.permanent)
						fieldCode.Set(s.Session, "123")
					})
					clock.advance(after)
					has := false
					user.on(r).visit(func(s *visitor) {
						has = fieldUser.Has(s.Session) && (!c.code || fieldCode.Has(s.Session))
					})
					if has != (after < c.ends) {
						t.Errorf("%s, %s, on the first node %v, after %v: got logged in %v", name, what, r == first, after, has)
					}
				}
			}
		})
	}
}

// The same with RevokeAll and anonymous visitors.
func TestRevokeAllAnonymousOfNodes(t *testing.T) {
	twoNodes(t, runtime.Config{}, func(what string, _ time.Duration, _ *clock, first, second *rig) {
		if what[:len("cookie alone")] == "cookie alone" {
			return
		}
		begin := func(r *rig) *client {
			c := r.client()
			c.visit(func(s *visitor) { fieldUser.Set(s.Session, "somebody") })
			return c
		}
		c := begin(first)
		c.visit(func(s *visitor) { fieldVisits.Set(s.Session, 1) })
		if err := second.m.RevokeAll(t.Context()); err != nil {
			t.Error(err)
		}
		for _, r := range []*rig{first, second} {
			again := begin(r)
			for _, on := range []*rig{first, second} {
				if c.on(on).isLoggedIn() {
					t.Errorf("%s: the revoked session lives, on the first node %v", what, on == first)
				}
				if !again.on(on).isLoggedIn() {
					t.Errorf("%s: a later visitor is logged out, on the first node %v", what, on == first)
				}
			}
		}
	})
}

// However the clocks of nodes differ, what was authenticated on one is dead once the other has revoked
// it, and who logs in again within the same second lives, on both.
func TestRevocationsOfNodes(t *testing.T) {
	for name, revoke := range map[string]func(own, other *client, r *rig) error{
		"RevokePrincipal": func(_, _ *client, r *rig) error { return revokeAccount(t.Context(), r.m, 7) },
		"RevokeAll":       func(_, _ *client, r *rig) error { return r.m.RevokeAll(t.Context()) },
		"RevokeID": func(own, _ *client, r *rig) (err error) {
			own.on(r).visit(func(s *visitor) { err = r.m.RevokeID(t.Context(), s.ID()) })
			return err
		},
		"RevokeOthers": func(_, other *client, r *rig) (err error) {
			other.on(r).visit(func(s *visitor) { err = r.m.RevokeOthers(t.Context(), s) })
			return err
		},
		"log-out": func(own, _ *client, r *rig) error {
			own.on(r).visit(func(s *visitor) { s.Destroy() })
			return nil
		},
	} {
		twoNodes(t, runtime.Config{}, func(what string, _ time.Duration, _ *clock, first, second *rig) {
			if what[:len("cookie alone")] == "cookie alone" {
				return
			}
			user, other := first.login(), first.login()
			if err := revoke(user, other, second); err != nil {
				t.Errorf("%s, %s: the revocation fails: %v", name, what, err)
			}
			for _, r := range []*rig{first, second} {
				again := r.login()
				for _, on := range []*rig{first, second} {
					if user.on(on).isLoggedIn() {
						t.Errorf("%s, %s: the revoked session lives, on the first node %v", name, what, on == first)
					}
					if !again.on(on).isLoggedIn() {
						t.Errorf("%s, %s: a later log-in is dead, on the first node %v", name, what, on == first)
					}
				}
			}
		})
	}
}

// A node whose clock is ahead takes nothing from the others. integration/stores has the same with purges.
func TestNodeAhead(t *testing.T) {
	for _, revocations := range []bool{false, true} {
		for _, ahead := range revoketest.Aheads {
			store := runtime.NewMemoryStore(100)
			if err := revoketest.Ahead(store, store, "s", revocations, ahead, nil); err != nil {
				t.Errorf("with revocations %v and a clock %v ahead: %v", revocations, ahead, err)
			}
		}
	}
}

// A log-out begins a session with the visitor's fields. No clock decides whether RevokeAll ends
// that session.
func TestLogOutOfNodes(t *testing.T) {
	account := accountOf(0, true)
	for _, revocations := range []bool{false, true} {
		for _, skew := range clockSkews {
			spy, clock := newSpyStore(), newClock()
			node := func(skew time.Duration) *rig {
				cfg := runtime.Config{Store: spy, Time: func() time.Time { return clock.now().Add(skew) }}
				if revocations {
					cfg.Store, cfg.Revocations = nil, spy
				}
				r := &rig{t: t, store: spy}
				r.startOf(cfg, account, ownedCart)
				return r
			}
			first, second := node(0), node(skew)
			logOut := func() *client {
				c := first.client()
				c.visit(func(s *visitor) { account.Set(s.Session, 7); ownedCart.Set(s.Session, []string{"A1"}) })
				c.visit(func(s *visitor) { s.LogOut() })
				return c
			}
			before := logOut()
			must(t, second.m.RevokeAll(t.Context()))
			after := logOut()
			for _, r := range []*rig{first, second} {
				for c, want := range map[*client]bool{before: false, after: true} {
					var has bool
					c.on(r).visit(func(s *visitor) { has = ownedCart.Has(s.Session) })
					if has != want {
						t.Errorf("with revocations %v and a clock %v ahead, on the first node %v: got alive %v, want %v", revocations, skew, r == first, has, want)
					}
				}
			}
		}
	}
}

// A mark stays for four hours after the last session that it can concern, as docs/stores.md says, and then goes.
func TestMarksStay(t *testing.T) {
	const lifetime = 24 * time.Hour
	for name, revoke := range map[string]func(r *rig) error{
		"RevokePrincipal": func(r *rig) error { return revokeAccount(t.Context(), r.m, 7) },
		"RevokeAll":       func(r *rig) error { return r.m.RevokeAll(t.Context()) },
	} {
		for home, cfg := range map[string]func(runtime.Store) runtime.Config{
			"store":  func(s runtime.Store) runtime.Config { return runtime.Config{Store: s} },
			"cookie": func(s runtime.Store) runtime.Config { return runtime.Config{Revocations: s} },
		} {
			t.Run(name+"/"+home, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					store := runtime.NewMemoryStore(100)
					c := cfg(store)
					c.Lifetime = lifetime
					must(t, revoke(newRig(t, c)))
					time.Sleep(lifetime + 4*time.Hour - time.Second)
					if n := store.Len(); n != 2 { // the count, and the mark itself
						t.Errorf("got %d marks, want 2", n)
					}
					time.Sleep(2 * time.Second)
					if n := store.Len(); n != 0 {
						t.Errorf("%d marks are left, want none", n)
					}
				})
			})
		}
	}
}

// A session that is saved by a node which has not heard of the revocation yet, and whose clock is ahead, and that
// comes late to one whose clock is behind, is dead to its end.
func TestMarksOutlastSessions(t *testing.T) {
	const lifetime, cache = 24 * time.Hour, time.Hour
	synctest.Test(t, func(t *testing.T) {
		store := newSpyStore()
		node := func(skew time.Duration) *rig {
			return newRig(t, runtime.Config{Revocations: store, RevocationCache: cache, Lifetime: lifetime,
				Time: func() time.Time { return time.Now().Add(skew) }})
		}
		ahead, behind, revoker := node(time.Hour), node(0), node(0)
		c := ahead.login()
		c.isLoggedIn() // it asks now, and for an hour not again
		must(t, revokeAccount(t.Context(), revoker.m, 7))
		time.Sleep(cache - time.Second)
		c.visit(func(s *visitor) { fieldVisits.Set(s.Session, 1) })
		if !c.isLoggedIn() {
			t.Error("the cached answer is lost")
		}
		time.Sleep(lifetime + 59*time.Minute)
		unread := node(0) // which remembers nothing
		for _, r := range []*rig{behind, revoker, unread} {
			if c.on(r).isLoggedIn() {
				t.Error("the revoked session lives again")
			}
		}
	})
}

// A session that began before revocations were kept has times alone to be judged by: what was authenticated by a clock
// that is ahead by less than an hour is dead, and who logs in later than that lives. Visitors whom nobody knows need not wait.
func TestRevokeSessionsWithoutMarks(t *testing.T) {
	for name, revoke := range map[string]func(r *rig) error{
		"RevokePrincipal": func(r *rig) error { return revokeAccount(t.Context(), r.m, 7) },
		"RevokeAll":       func(r *rig) error { return r.m.RevokeAll(t.Context()) },
	} {
		synctest.Test(t, func(t *testing.T) {
			skew := 59 * time.Minute
			before := &rig{t: t, store: newSpyStore()}
			before.start(runtime.Config{Time: func() time.Time { return time.Now().Add(skew) }})
			after := inCookies(t, runtime.Config{})
			dead := before.login()
			if !dead.on(after).isLoggedIn() {
				t.Errorf("%s: the other build does not have the session", name)
			}
			must(t, revoke(after))
			if dead.on(after).isLoggedIn() {
				t.Errorf("%s: the revoked session lives", name)
			}
			skew = 0
			time.Sleep(6 * time.Minute) // the first mark is five minutes ahead
			anonymous := before.client()
			anonymous.visit(func(s *visitor) { fieldUser.Set(s.Session, "anon") })
			if !anonymous.on(after).isLoggedIn() {
				t.Errorf("%s: a later anonymous visitor loses the session", name)
			}
			time.Sleep(time.Hour)
			if live := before.login(); !live.on(after).isLoggedIn() {
				t.Errorf("%s: a later log-in is dead", name)
			}
		})
	}
}
