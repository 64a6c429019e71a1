package runtime_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// However many revoke at once, all of them raise the same count, and none of them fails: not even with a
// store that takes a while for each call.
func TestManyRevokeAtOnce(t *testing.T) {
	const many = 150 // more than one call tries
	for name, revoke := range map[string]func(ctx context.Context, r *rig, i int, s *visitor) error{
		"different principals": func(ctx context.Context, r *rig, i int, _ *visitor) error {
			return revokeAccount(ctx, r.m, int64(i))
		},
		"one principal": func(ctx context.Context, r *rig, _ int, _ *visitor) error { return revokeAccount(ctx, r.m, 7) },
		"all":           func(ctx context.Context, r *rig, _ int, _ *visitor) error { return r.m.RevokeAll(ctx) },
		"others":        func(ctx context.Context, r *rig, _ int, s *visitor) error { return r.m.RevokeOthers(ctx, s) },
	} {
		t.Run(name, func(t *testing.T) {
			bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
				synctest.Test(t, func(t *testing.T) { revokeAtOnce(t, newRig(t), many, name == "others", revoke) })
			})
		})
	}
}

// revokeAtOnce has many sessions revoke at once. If others says so, one of them must remain.
func revokeAtOnce(t *testing.T, r *rig, many int, others bool, revoke func(context.Context, *rig, int, *visitor) error) {
	clients := make([]*client, many)
	for i := range clients {
		clients[i] = r.login()
	}
	r.store.set(func(context.Context, string, string) error {
		time.Sleep(time.Millisecond)
		return nil
	}, nil)
	r.store.take()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	together(many, func(i int) {
		clients[i].visit(func(s *visitor) {
			if !fieldAccount.Has(s.Session) {
				return // another one was faster
			}
			if err := revoke(ctx, r, i, s); err != nil && !(others && errors.Is(err, runtime.ErrEnded)) {
				t.Error(err)
			}
		})
	})
	r.store.set(nil, nil)
	if calls := len(r.store.take()); calls > 30*many {
		t.Errorf("got %d calls of the store, want at most %d", calls, 30*many)
	}
	living := loggedIn(clients)
	if others && living != 1 {
		t.Errorf("%d sessions live, want 1", living)
	}
}

// None fails either if each is its own process, which does not see the turns of the others.
func TestManyProcessesRevokeAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spy, processes := newSpyStore(), make([]*rig, 150)
		for i := range processes {
			processes[i] = newRig(t, runtime.Config{Store: spy})
		}
		spy.set(func(context.Context, string, string) error {
			time.Sleep(time.Millisecond)
			return nil
		}, nil)
		together(len(processes), func(i int) { must(t, processes[i].m.RevokeAll(t.Context())) })
		if calls := len(spy.take()); calls > 60*len(processes) {
			t.Errorf("got %d calls of the store, want at most %d", calls, 60*len(processes))
		}
	})
}

// A caller that waits for a turn to revoke waits no longer than its deadline.
func TestRevokeWaitsUntilDeadline(t *testing.T) {
	bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			r.store.set(func(context.Context, string, string) error {
				time.Sleep(time.Second)
				return nil
			}, nil)
			start := time.Now()
			together(100, func(int) {
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				r.m.RevokeAll(ctx)
				if took := time.Since(start); took > 15*time.Second {
					t.Errorf("the revocation took %v, want at most 15s", took)
				}
			})
		})
	})
}

// One of two devices that each want to be the only one remains, on nodes of which one has promoted a key,
// wherever the second device comes in between.
func TestRevokeOthersWhileKeysArePromoted(t *testing.T) {
	for _, keys := range [][2]string{{keyA + " " + keyB, keyB + " " + keyA}, {keyB + " " + keyA, keyA + " " + keyB}} {
		sharing(t, func(t *testing.T, node func(string, time.Duration) *rig) {
			synctest.Test(t, func(t *testing.T) {
				first, second := node(keys[0], 0), node(keys[1], 0)
				for call, more := 1, true; more; call++ {
					one, two := first.loginAs(7), second.loginAs(7)
					calls := 0
					first.store.set(func(context.Context, string, string) error {
						if calls++; calls == call {
							first.store.set(nil, nil)
							two.visit(func(s *visitor) { revokeOrEnd(t, second, s) })
						}
						return nil
					}, nil)
					one.visit(func(s *visitor) { revokeOrEnd(t, first, s) })
					more = calls == call
					first.store.set(nil, nil)
					if one.isLoggedIn() == two.isLoggedIn() && more {
						t.Errorf("with the second revocation before call %d, both sessions have the same state: logged in %v", call, one.isLoggedIn())
					}
				}
			})
		})
	}
}

// revokeOrEnd ends the others, or finds out that it was ended itself.
func revokeOrEnd(t *testing.T, r *rig, s *visitor) {
	t.Helper()
	if !fieldAccount.Has(s.Session) {
		return // another one was faster
	}
	if err := r.m.RevokeOthers(t.Context(), s); err != nil && !errors.Is(err, runtime.ErrEnded) {
		t.Error(err)
	}
}

// Two nodes that have the same keys in another order do not wait for each other in a circle, and one device remains.
// Who comes next does not wait at all.
func TestRevokeOthersInTheSameOrder(t *testing.T) {
	sharing(t, func(t *testing.T, node func(string, time.Duration) *rig) {
		synctest.Test(t, func(t *testing.T) {
			nodes := []*rig{node(keyA+" "+keyB, 0), node(keyB+" "+keyA, 0)}
			clients := []*client{nodes[0].loginAs(7), nodes[1].loginAs(7)}
			nodes[0].store.set(func(context.Context, string, string) error {
				time.Sleep(time.Millisecond)
				return nil
			}, nil)
			for i, attempt := range [][]*client{clients, {nodes[0].loginAs(7)}} {
				start := time.Now()
				together(len(attempt), func(i int) {
					attempt[i].visit(func(s *visitor) { revokeOrEnd(t, attempt[i].rig, s) })
				})
				if took := time.Since(start); took > 300*time.Millisecond {
					t.Errorf("attempt %d took %v, want at most 300ms", i, took)
				}
				if i == 0 && clients[0].isLoggedIn() == clients[1].isLoggedIn() {
					t.Errorf("both sessions have the same state: logged in %v", clients[0].isLoggedIn())
				}
			}
		})
	})
}

// A node that stops while it ends the other sessions of an account has others wait for half a second, all
// together: not each behind the one before. Meanwhile one of them at a time asks the store.
func TestRevokeOthersPastStoppedNode(t *testing.T) {
	const many = 40
	for _, keys := range []string{keyA, keyA + " " + keyB} {
		sharing(t, func(t *testing.T, node func(string, time.Duration) *rig) {
			synctest.Test(t, func(t *testing.T) {
				stops, goesOn := node(keys, 0), node(keys, 0)
				one, others := stops.loginAs(7), make([]*client, many)
				for i := range others {
					others[i] = goesOn.loginAs(7)
				}
				acquired := 0
				stops.store.set(nil, func(call, _ string) error {
					if call == "insert" {
						acquired++
					}
					if acquired == len(strings.Fields(keys)) { // a record for each key
						stops.store.fail(errRefused)
					}
					return nil
				})
				one.send(func(s *visitor) {
					if err := stops.m.RevokeOthers(t.Context(), s); !errors.Is(err, runtime.ErrStore) {
						t.Error(err)
					}
				})
				stops.store.set(nil, nil)
				goesOn.store.take()
				start := time.Now()
				together(many, func(i int) { others[i].visit(func(s *visitor) { revokeOrEnd(t, goesOn, s) }) })
				if took := time.Since(start); took < 500*time.Millisecond || took > 550*time.Millisecond {
					t.Errorf("the revocation took %v, want about 500ms", took)
				}
				inserts := 0
				for _, call := range goesOn.store.take() {
					if call == "insert" {
						inserts++
					}
				}
				if inserts > 100 {
					t.Errorf("got %d inserts, want at most 100", inserts)
				}
				living := loggedIn(others)
				if living != 1 {
					t.Errorf("%d sessions live, want 1", living)
				}
			})
		})
	}
}

// A mark that ends, or that the store loses, between the two calls that raise it is raised all the same.
func TestRevokePastLostMark(t *testing.T) {
	bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		for name, revoke := range revocations(t) {
			r := newRig(t)
			must(t, revoke(r)) // the marks are there from now on
			c := r.login()
			lost := 0
			r.store.set(func(ctx context.Context, call, key string) error {
				if call == "replace" && lost < 2 {
					lost++
					return r.store.Store.Delete(ctx, key)
				}
				return nil
			}, nil)
			if err := revoke(r); err != nil || lost < 2 {
				t.Errorf("%s: got error %v after %d lost marks", name, err, lost)
			}
			r.store.set(nil, nil)
			if c.isLoggedIn() {
				t.Errorf("%s: the revoked session lives", name)
			}
		}
	})
}
