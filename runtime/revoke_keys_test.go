package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/codec"
)

// fieldProof is a proof beside the usual fields.
var fieldProof = runtime.Field[time.Time]{Index: len(fields), Name: "Proof", Key: "proof", Factor: true,
	Encode: codec.EncodeTime, Decode: codec.DecodeTime}

// sharedModes are those in which nodes have a store in common.
var sharedModes = map[string]bool{"store": false, "cookie": true}

// sharing runs f with a maker of nodes that have a store in common, in each mode.
func sharing(t *testing.T, f func(t *testing.T, node func(keys string, skew time.Duration) *rig)) {
	for name, revocations := range sharedModes {
		t.Run(name, func(t *testing.T) { f(t, sharingNodes(t, revocations)) })
	}
}

// sharingBubble is sharing with the time of a bubble, so that nobody waits.
func sharingBubble(t *testing.T, f func(t *testing.T, node func(keys string, skew time.Duration) *rig)) {
	for name, revocations := range sharedModes {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { f(t, sharingNodes(t, revocations)) })
		})
	}
}

func sharingNodes(t *testing.T, revocations bool) (node func(keys string, skew time.Duration) *rig) {
	spy := newSpyStore()
	return func(keys string, skew time.Duration) *rig {
		cfg := runtime.Config{Keys: parseKeys(t, keys), Time: func() time.Time { return time.Now().Add(skew) }}
		if cfg.Store = spy; revocations {
			cfg.Store, cfg.Revocations = nil, spy
		}
		r := &rig{t: t, store: spy}
		r.startOf(cfg, append(fields[:len(fields):len(fields)], &fieldProof)...)
		return r
	}
}

func (r *rig) setKeys(keys string) { must(r.t, r.m.SetKeys(parseKeys(r.t, keys))) }

// loginAs returns a client with a session of an account.
func (r *rig) loginAs(account int64) *client {
	r.t.Helper()
	c := r.client()
	c.visit(func(s *visitor) {
		fieldUser.Set(s.Session, "hubo")
		fieldAccount.Set(s.Session, account)
	})
	return c
}

// The changes that nodes make to a session of account 7.
var nodesRevoke = map[string]func(r *rig, id string) error{
	"RevokePrincipal": func(r *rig, _ string) error { return revokeAccount(r.t.Context(), r.m, 7) },
	"RevokeAll":       func(r *rig, _ string) error { return r.m.RevokeAll(r.t.Context()) },
	"RevokeID":        func(r *rig, id string) error { return r.m.RevokeID(r.t.Context(), id) },
	"RevokeOthers": func(r *rig, _ string) (err error) {
		r.loginAs(7).visit(func(s *visitor) { err = r.m.RevokeOthers(r.t.Context(), s) })
		return err
	},
}

// A key that comes back, on one node or on all, revives nothing that was revoked by nodes without it,
// wherever it stands in the ring and whatever the clocks tell.
func TestKeyComesBack(t *testing.T) {
	if testing.Short() {
		t.Skip("this test repeats much")
	}
	const k, a = keyB, keyA
	for name, revoke := range nodesRevoke {
		for _, skew := range clockSkews {
			for _, back := range []string{a + " " + k, k + " " + a, k} {
				for _, restart := range []bool{false, true} {
					sharing(t, func(t *testing.T, node func(string, time.Duration) *rig) {
						what := fmt.Sprintf("%s, %v ahead, %d keys, restart %v", name, skew, len(back)/len(k), restart)
						first, second := node(k+" "+a, skew), node(k+" "+a, 0)
						c, id := first.loginAs(7), ""
						c.visit(func(s *visitor) { id = s.ID() })
						first.setKeys(a)
						second.setKeys(a)
						must(t, revoke(second, id))
						if restart {
							first = node(back, skew)
						} else {
							first.setKeys(back)
						}
						if c.on(first).isLoggedIn() {
							t.Errorf("%s: the revoked session lives", what)
						}
						if again := first.loginAs(7); !again.isLoggedIn() {
							t.Errorf("%s: a later log-in is dead", what)
						}
						second.setKeys(back)
						if c.on(second).isLoggedIn() {
							t.Errorf("%s: the revoked session lives on the other node", what)
						}
						if again := first.loginAs(7); !again.on(second).isLoggedIn() {
							t.Errorf("%s: a later log-in is dead on the other node", what)
						}
					})
				}
			}
		}
	}
}

// A node that still has a key, or has it again, notices at once what a node without it revokes, though it has
// used the session just before.
func TestKeyOnOneNode(t *testing.T) {
	const k, a = keyB, keyA
	for name, revoke := range nodesRevoke {
		for use, do := range map[string]func(*visitor){
			"reads":   func(s *visitor) { fieldUser.Get(s.Session) },
			"changes": func(s *visitor) { fieldVisits.Set(s.Session, 1) },
			"renews":  func(s *visitor) { s.Renew() },
		} {
			sharing(t, func(t *testing.T, node func(string, time.Duration) *rig) {
				first, second := node(k+" "+a, 0), node(a, 0)
				c, other, id := first.loginAs(7), first.loginAs(8), ""
				stays := first.loginAs(7)
				first.setKeys(a + " " + k)
				other.visit(func(s *visitor) { fieldUser.Get(s.Session) })
				c.visit(func(s *visitor) { do(s); id = s.ID() })
				must(t, revoke(second, id))
				if c.isLoggedIn() {
					t.Errorf("%s, %s: the revoked session lives", name, use)
				}
				if name != "RevokeID" && stays.isLoggedIn() {
					t.Errorf("%s, %s: a revoked session that was not used since lives", name, use)
				}
				if name != "RevokeAll" && !other.isLoggedIn() {
					t.Errorf("%s, %s: the resealed session of another account is dead", name, use)
				}
			})
		}
	}
}

// Revocations overlap, of nodes of which one lacks a key. Neither hides from the key what the other one revokes.
func TestKeyMissesOverlapping(t *testing.T) {
	if testing.Short() {
		t.Skip("this test repeats much")
	}
	const k, a = keyB, keyA
	for name, rings := range map[string][2]string{
		"the first lacks it":  {a, a + " " + k},
		"the second lacks it": {a + " " + k, a},
		"both lack it":        {a, a},
		"nothing in common":   {a, k},
		"the other way round": {k, a},
	} {
		for before := range 12 {
			for _, accounts := range [][2]int64{{7, 8}, {8, 7}, {7, 7}} {
				sharing(t, func(t *testing.T, node func(string, time.Duration) *rig) {
					first, second, third := node(rings[0], 0), node(rings[1], 0), node(k+" "+a, 0)
					c := third.loginAs(7)
					third.setKeys(a + " " + k)
					did := first.store.interfere(before, func() { must(t, revokeAccount(t.Context(), second.m, accounts[1])) },
						func() { must(t, revokeAccount(t.Context(), first.m, accounts[0])) })
					revoked := did || accounts[0] == 7
					for _, r := range []*rig{third, node(a+" "+k, 0), node(k, 0)} {
						if revoked && c.on(r).isLoggedIn() {
							t.Errorf("%s, before call %d, accounts %v: the revoked session lives", name, before, accounts)
						}
					}
				})
			}
		}
	}
}

// Revocations that overlap on nodes with the same keys, or during a rotation in the right order, log out nobody
// else.
func TestKeysMissNothing(t *testing.T) {
	const b, a = keyB, keyA
	for _, rings := range [][2]string{{a, a}, {a + " " + b, a}, {a, a + " " + b}, {a + " " + b, b + " " + a}, {b + " " + a, b + " " + a}} {
		for before := range 12 {
			sharing(t, func(t *testing.T, node func(string, time.Duration) *rig) {
				first, second := node(rings[0], 0), node(rings[1], 0)
				user := node(a, 0).loginAs(9)
				first.store.interfere(before, func() { must(t, revokeAccount(t.Context(), second.m, 8)) },
					func() { must(t, revokeAccount(t.Context(), first.m, 7)) })
				for _, r := range []*rig{first, second, node(b+" "+a, 0)} {
					if !user.on(r).isLoggedIn() {
						t.Errorf("rings of %d and %d keys, before call %d: the session of another account is dead", len(rings[0])/len(a), len(rings[1])/len(b), before)
					}
				}
			})
		}
	}
}

// A session that was revoked by a node with none of this node's keys does not stay alive by
// RevokeOthers.
func TestRevokeOthersWithoutCommonKey(t *testing.T) {
	sharing(t, func(t *testing.T, node func(string, time.Duration) *rig) {
		first, second := node(keyA, 0), node(keyB, 0)
		c := first.loginAs(7)
		var err error
		w := c.send(func(s *visitor) {
			fieldUser.Get(s.Session)
			must(t, revokeAccount(t.Context(), second.m, 7))
			err = first.m.RevokeOthers(t.Context(), s)
		})
		c.receive(w)
		if !errors.Is(err, runtime.ErrEnded) || c.isLoggedIn() {
			t.Errorf("got error %v, and the session lives %v, want ErrEnded and false", err, c.isLoggedIn())
		}
	})
}

// A node whose own key seals, and which had to learn that the others lack it, notices at once what they revoke.
func TestSealingKeyOnOneNode(t *testing.T) {
	const k, a = keyB, keyA
	sharing(t, func(t *testing.T, node func(string, time.Duration) *rig) {
		first, second := node(k+" "+a, 0), node(a, 0)
		must(t, revokeAccount(t.Context(), second.m, 8))
		c := first.loginAs(7)
		if !c.isLoggedIn() {
			t.Error("the session is dead before the revocation")
		}
		must(t, revokeAccount(t.Context(), second.m, 7))
		if c.isLoggedIn() {
			t.Error("the revoked session lives")
		}
	})
}

// Where a key seals which the others lack, their revocations are noticed within five seconds.
func TestSealingKeyWithoutOthers(t *testing.T) {
	const k, a = keyB, keyA
	for _, ring := range []string{k + " " + a, k} {
		synctest.Test(t, func(t *testing.T) {
			spy := newSpyStore()
			node := func(keys string) *rig { return newRig(t, runtime.Config{Store: spy, Keys: parseKeys(t, keys)}) }
			second := node(a)
			node(ring).loginAs(7)
			must(t, revokeAccount(t.Context(), second.m, 8))
			must(t, revokeAccount(t.Context(), node(ring).m, 8))
			first := node(ring)
			c := node(ring).loginAs(7)
			must(t, revokeAccount(t.Context(), node(ring).m, 8))
			if !c.on(first).isLoggedIn() {
				t.Error("the session is dead before the revocation")
			}
			must(t, revokeAccount(t.Context(), second.m, 7))
			time.Sleep(5 * time.Second)
			if c.on(first).isLoggedIn() {
				t.Error("the revoked session lives")
			}
		})
	}
}

// A key is known to have missed one revocation, and not those that follow.
func TestKeyMissesLater(t *testing.T) {
	const k, a = keyB, keyA
	sharing(t, func(t *testing.T, node func(string, time.Duration) *rig) {
		first, second, third := node(k, 0), node(a, 0), node(a+" "+k, 0)
		c, also := first.loginAs(7), first.loginAs(7)
		must(t, revokeAccount(t.Context(), third.m, 8))
		if !c.on(first).isLoggedIn() {
			t.Error("the session is dead before the revocation")
		}
		must(t, revokeAccount(t.Context(), second.m, 7))
		must(t, revokeAccount(t.Context(), third.m, 8))
		first.loginAs(9) // looks at the count
		if also.on(first).isLoggedIn() {
			t.Error("the revoked session lives")
		}
	})
}

// interfere runs a function before one of the store's calls that another one makes, and reports whether there are
// that many.
func (s *spyStore) interfere(before int, meanwhile, f func()) (did bool) {
	calls := 0
	s.set(func(context.Context, string, string) error {
		if calls++; calls == before+1 {
			did = true
			meanwhile()
		}
		return nil
	}, nil)
	f()
	s.set(nil, nil)
	return did
}

// The ring changes while a revocation is under way, or while a session is opened.
func TestRingChangesWhileRevoking(t *testing.T) {
	const k, a = keyB, keyA
	for _, rings := range [][3]string{{k, k + " " + a, a}, {a, k + " " + a, a}, {a, a, k + " " + a}, {k, k, a}} {
		for did, before := true, 0; did; before++ {
			did = false
			sharing(t, func(t *testing.T, node func(string, time.Duration) *rig) {
				r := node(rings[1], 0)
				c := node(rings[0], 0).loginAs(7)
				change := func() { r.setKeys(rings[2]) }
				did = r.store.interfere(before, change, func() { must(t, revokeAccount(t.Context(), r.m, 7)) }) || did
				for _, keys := range []string{rings[0], a + " " + k, k + " " + a} {
					if c.on(node(keys, 0)).isLoggedIn() {
						t.Errorf("from %d to %d keys, before call %d: the revoked session lives", len(rings[1])/len(k), len(rings[2])/len(k), before)
					}
				}
				r = node(rings[0], 0)
				in := false
				did = r.store.interfere(before, change, func() { in = c.on(r).isLoggedIn() }) || did
				if in {
					t.Errorf("the revoked session opens while the ring changes before call %d", before)
				}
			})
		}
	}
}

// A session that ends the others while all sessions of the account, or everybody's, are ended does
// not stay.
func TestRevokeOthersBesideOthers(t *testing.T) {
	for name, revoke := range map[string]func(*rig) error{
		"RevokePrincipal": func(r *rig) error { return revokeAccount(r.t.Context(), r.m, 7) },
		"RevokeAll":       func(r *rig) error { return r.m.RevokeAll(r.t.Context()) },
	} {
		for did, before := true, 0; did; before++ {
			did = false
			sharing(t, func(t *testing.T, node func(string, time.Duration) *rig) {
				first, second := node(keyA, 0), node(keyA, 0)
				c := first.loginAs(7)
				others := func(c *client) {
					c.receive(c.send(func(s *visitor) { _ = first.m.RevokeOthers(t.Context(), s) }))
				}
				if first.store.interfere(before, func() { must(t, revoke(second)) }, func() { others(c) }) {
					did = true
					if c.isLoggedIn() {
						t.Errorf("%s before call %d of RevokeOthers: the revoked session lives", name, before)
					}
				}
				again := first.loginAs(7)
				did = first.store.interfere(before, func() { others(again) }, func() { must(t, revoke(second)) }) || did
				if again.isLoggedIn() {
					t.Errorf("RevokeOthers before call %d of %s: the revoked session lives", before, name)
				}
			})
		}
	}
}

// A log-in under way on a node notices a revocation by one that has none of its keys.
func TestLogInWithoutCommonKey(t *testing.T) {
	sharing(t, func(t *testing.T, node func(string, time.Duration) *rig) {
		first, second := node(keyA, 0), node(keyB, 0)
		c := first.client()
		c.send(func(s *visitor) {
			fieldUser.Set(s.Session, "hubo")
			fieldAccount.Set(s.Session, 7)
			must(t, revokeAccount(t.Context(), second.m, 7))
		})
		w := c.send(func(s *visitor) {
			fieldUser.Set(s.Session, "hubo")
			fieldAccount.Set(s.Session, 7)
			must(t, revokeAccount(t.Context(), second.m, 7))
		})
		c.receive(w)
		if c.isLoggedIn() {
			t.Error("the revoked session lives")
		}
	})
}

// A mark has room for the names of 8 keys. Those that follow in a ring count as if nobody had told them.
func TestKeysInALongRing(t *testing.T) {
	sharing(t, func(t *testing.T, node func(string, time.Duration) *rig) {
		var keys []string
		for range 10 {
			keys = append(keys, runtime.GenerateKey())
		}
		old := make([]*client, 10)
		for i, key := range keys {
			old[i] = node(key, 0).loginAs(9)
		}
		r := node(strings.Join(keys, " "), 0)
		user := r.loginAs(7)
		must(t, revokeAccount(t.Context(), r.m, 7))
		if user.isLoggedIn() {
			t.Error("the revoked session lives")
		}
		for i, c := range old {
			if c.on(r).isLoggedIn() != (i < 8) {
				t.Errorf("key %d of the ring: the session of another account lives: %v", i, i >= 8)
			}
		}
	})
}

// A rotation in the right order logs nobody out who logged in before the last revocation, however soon one step
// follows the other.
func TestRotationAfterRevocation(t *testing.T) {
	sharing(t, func(t *testing.T, node func(string, time.Duration) *rig) {
		synctest.Test(t, func(t *testing.T) {
			r := node(keyA, 0)
			user, other := r.loginAs(9), r.loginAs(7)
			must(t, revokeAccount(t.Context(), r.m, 7))
			for _, ring := range []string{keyA + " " + keyB, keyB + " " + keyA, keyB} {
				r.setKeys(ring)
				for i := range 3 {
					user.visit(func(s *visitor) {
						if !fieldUser.Has(s.Session) {
							t.Errorf("with a ring of %d keys, the session is dead at request %d", len(ring), i)
						}
					})
				}
				must(t, revokeAccount(t.Context(), r.m, 8))
			}
			if !user.isLoggedIn() || other.isLoggedIn() {
				t.Error("at the end, the session is dead, or the revoked one lives")
			}
			must(t, revokeAccount(t.Context(), r.m, 9))
			if user.isLoggedIn() {
				t.Error("the revoked session lives")
			}
		})
	})
}

// A session that moves to a key while a revocation is under way, which that key misses, is dead.
func TestMoveDuringRevocation(t *testing.T) {
	sharing(t, func(t *testing.T, node func(string, time.Duration) *rig) {
		synctest.Test(t, func(t *testing.T) {
			for before := range 6 {
				first, second := node(keyA, 0), node(keyB+" "+keyA, 0)
				user := first.loginAs(7).on(second)
				first.store.interfere(before, func() { user.visit(func(s *visitor) { fieldUser.Get(s.Session) }) },
					func() { must(t, revokeAccount(t.Context(), first.m, 7)) })
				for _, r := range []*rig{second, node(keyB, 0), second} {
					if user.on(r).isLoggedIn() {
						t.Errorf("revoked before call %d: the session lives", before)
					}
				}
			}
		})
	})
}
