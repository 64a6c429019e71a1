package runtime_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// revokeOthers is what a handler does for "log out my other devices".
func (r *rig) revokeOthers(t testing.TB, s *visitor) {
	t.Helper()
	if err := r.m.RevokeOthers(t.Context(), s); err != nil {
		t.Errorf("RevokeOthers: %v", err)
	}
}

// All within one second: the others end, and the own session goes on.
func TestRevokeOthers(t *testing.T) {
	bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			own, before, stranger, anonymous := r.login(), r.login(), r.client(), r.client()
			stranger.visit(func(s *visitor) { fieldUser.Set(s.Session, "eve"); fieldAccount.Set(s.Session, 8) })
			anonymous.visit(func(s *visitor) { fieldUser.Set(s.Session, "anon") })
			r.log.take()
			own.visit(func(s *visitor) { r.revokeOthers(t, s) })
			r.log.expect(t, runtime.Event{Kind: runtime.EventRevoked, Reason: runtime.RevokedOthers}, runtime.Event{Kind: runtime.EventRenewed})
			after := r.login()
			check := func(when string) {
				t.Helper()
				for name, c := range map[string]*client{"own": own, "other": before, "stranger": stranger, "anonymous": anonymous, "later": after} {
					if got := c.isLoggedIn(); got != (name != "other") {
						t.Errorf("%s: %s is logged in: %v", when, name, got)
					}
				}
			}
			check("at once")
			// The own session is one that can be changed, moved, and revoked as before.
			own.visit(func(s *visitor) { fieldVisits.Set(s.Session, 1) })
			own.visit(func(s *visitor) { s.Renew() })
			own.visit(func(s *visitor) { r.revokeOthers(t, s); r.revokeOthers(t, s) })
			if !own.isLoggedIn() || after.isLoggedIn() {
				t.Errorf("twice: own %v, the later one %v", own.isLoggedIn(), after.isLoggedIn())
			}
			if err := revokeAccount(t.Context(), r.m, 7); err != nil || own.isLoggedIn() {
				t.Errorf("it outlives RevokePrincipal, %v", err)
			}
		})
	})
}

// The handler may change the session besides, also by a log-in or a new id.
func TestRevokeOthersAndMore(t *testing.T) {
	bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		for name, more := range map[string]func(s *visitor){
			"Set":          func(s *visitor) { fieldVisits.Set(s.Session, 5) },
			"Renew":        func(s *visitor) { s.Renew() },
			"Authenticate": func(s *visitor) { s.Authenticate() },
		} {
			for _, first := range []bool{true, false} {
				r := newRig(t)
				own, other := r.login(), r.login()
				own.visit(func(s *visitor) {
					if first {
						more(s)
					}
					r.revokeOthers(t, s)
					more(s)
				})
				if !own.isLoggedIn() || other.isLoggedIn() {
					t.Errorf("%s, before as well: %v: own %v, other %v", name, first, own.isLoggedIn(), other.isLoggedIn())
				}
			}
		}
	})
}

// A log-in that ends all others in the same request is there afterwards, alone.
func TestRevokeOthersAtLogIn(t *testing.T) {
	bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		r := newRig(t)
		other, own := r.login(), r.client()
		own.visit(func(s *visitor) {
			fieldUser.Set(s.Session, "hubo")
			fieldAccount.Set(s.Session, 7)
			r.revokeOthers(t, s)
		})
		if !own.isLoggedIn() || other.isLoggedIn() {
			t.Errorf("own %v, other %v", own.isLoggedIn(), other.isLoggedIn())
		}
	})
}

// Requests of the own session that are under way meanwhile do not end it.
func TestRevokeOthersBesideOwnRequests(t *testing.T) {
	r := newRig(t, runtime.Config{})
	for name, beside := range map[string]func(s *visitor){
		"reads":   func(s *visitor) { fieldUser.Get(s.Session) },
		"changes": func(s *visitor) { fieldVisits.Set(s.Session, 9) },
		"updates": func(s *visitor) { fieldVisits.Update(s.Session, func(n int) int { return n + 1 }) },
	} {
		own := r.login()
		tab := own.clone()
		own.visit(func(s *visitor) {
			r.revokeOthers(t, s)
			tab.visit(beside)
		})
		// The session has another id now: who has the old cookie has one of the other sessions.
		if !own.isLoggedIn() || tab.isLoggedIn() {
			t.Errorf("%s: own %v, the old cookie %v", name, own.isLoggedIn(), tab.isLoggedIn())
		}
		own.visit(func(s *visitor) {
			if got := fieldVisits.Get(s.Session); (got > 0) != (name != "reads") {
				t.Errorf("%s: visits %d", name, got)
			}
		})
	}
}

// A session that was revoked itself ends nobody.
func TestRevokeOthersTooLate(t *testing.T) {
	bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		for name, revoke := range map[string]func(r *rig, other *client) error{
			"RevokePrincipal": func(r *rig, _ *client) error { return revokeAccount(t.Context(), r.m, 7) },
			"RevokeOthers": func(r *rig, other *client) (err error) {
				other.visit(func(s *visitor) { err = r.m.RevokeOthers(t.Context(), s) })
				return err
			},
		} {
			r := newRig(t)
			own, other := r.login(), r.login()
			var err error
			own.visit(func(s *visitor) {
				fieldUser.Get(s.Session)
				if err := revoke(r, other); err != nil {
					t.Error(err)
				}
				err = r.m.RevokeOthers(t.Context(), s)
			})
			if !errors.Is(err, runtime.ErrEnded) {
				t.Errorf("%s before: error %v, want ErrEnded", name, err)
			}
			if own.isLoggedIn() {
				t.Errorf("%s before: it lives", name)
			}
			if other.isLoggedIn() != (name == "RevokeOthers") {
				t.Errorf("%s before: the other one lives: %v", name, other.isLoggedIn())
			}
		}
	})
}

// Of two sessions that each want to be the only one, one is.
func TestRevokeOthersOfEachOther(t *testing.T) {
	bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		for range 50 {
			r := newRig(t)
			clients := []*client{r.login(), r.login(), r.login()}
			together(len(clients), func(i int) {
				clients[i].visit(func(s *visitor) {
					if !fieldAccount.Has(s.Session) {
						return // another one was faster
					}
					if err := r.m.RevokeOthers(t.Context(), s); err != nil && !errors.Is(err, runtime.ErrEnded) {
						t.Error(err)
					}
				})
			})
			living := 0
			for _, c := range clients {
				if c.isLoggedIn() {
					living++
				}
			}
			if living != 1 {
				t.Fatalf("%d sessions live", living)
			}
		}
	})
}

func TestRevokeOthersErrors(t *testing.T) {
	plain := newManager(t, runtime.Config{})
	s := plain.Open(t.Context(), nil)
	fieldAccount.Set(s.Session, 7)
	if err := plain.RevokeOthers(t.Context(), s); fmt.Sprint(err) != "session: revoking needs Config.Store or Config.Revocations" {
		t.Errorf("in cookies alone: %v", err)
	}
	bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		r := newRig(t)
		const nobody = "session: the session has no principal"
		if err := r.m.RevokeOthers(t.Context(), r.m.Open(t.Context(), nil)); fmt.Sprint(err) != nobody {
			t.Errorf("nobody: %v", err)
		}
		c := r.login()
		c.visit(func(s *visitor) {
			fieldAccount.Clear(s.Session)
			if err := r.m.RevokeOthers(t.Context(), s); fmt.Sprint(err) != nobody {
				t.Errorf("logged out: %v", err)
			}
		})
		// If the store fails, so does the call, and the response says so.
		c, other := r.login(), r.login()
		r.store.fail(errRefused, "replace", "insert")
		w := c.send(func(s *visitor) {
			if err := r.m.RevokeOthers(t.Context(), s); !errors.Is(err, runtime.ErrStore) {
				t.Errorf("the store fails: %v", err)
			}
		})
		r.store.set(nil, nil)
		if w.Code != 200 || !c.isLoggedIn() || !other.isLoggedIn() {
			t.Errorf("status %d, own %v, other %v", w.Code, c.isLoggedIn(), other.isLoggedIn())
		}
	})
}

// After a rotation the sessions of both keys are the same account's.
func TestRevokeOthersPastRotation(t *testing.T) {
	bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			own, other := r.login(), r.login()
			time.Sleep(time.Second)
			if err := r.m.SetKeys(parseKeys(t, keyB+" "+keyA)); err != nil {
				t.Fatal(err)
			}
			later := r.login()
			own.visit(func(s *visitor) { r.revokeOthers(t, s) })
			if !own.isLoggedIn() || other.isLoggedIn() || later.isLoggedIn() {
				t.Errorf("own %v, older %v, later %v", own.isLoggedIn(), other.isLoggedIn(), later.isLoggedIn())
			}
		})
	})
}

// A visitor whose answer is lost is logged out with the others: they called for that, and nobody else
// is left.
func TestRevokeOthersWithoutAnswer(t *testing.T) {
	bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		r := newRig(t)
		own, other := r.login(), r.login()
		func() {
			defer func() { recover() }()
			own.send(func(s *visitor) { r.revokeOthers(t, s); panic("the handler") })
		}()
		if other.isLoggedIn() {
			t.Error("the other one lives")
		}
	})
}

// A request of the own session that the browser sent before it heard of the answer does not take the
// session's place.
func TestRevokeOthersLateRequest(t *testing.T) {
	bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		r := newRig(t)
		own := r.login()
		late := own.clone()
		own.visit(func(s *visitor) { r.revokeOthers(t, s) })
		own.receive(late.visit(func(s *visitor) { fieldVisits.Set(s.Session, 1) }))
		if !own.isLoggedIn() {
			t.Error("logged out by a late request")
		}
	})
}
