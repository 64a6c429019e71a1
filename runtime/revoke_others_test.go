package runtime_test

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// revokeOthers is what a handler does for "log out my other devices".
func (r *rig) revokeOthers(t testing.TB, s *visitor) {
	t.Helper()
	if err := r.m.RevokeOthers(t.Context(), s); err != nil {
		t.Errorf("RevokeOthers returns %v", err)
	}
}

// All in one second: the others end, and this session continues.
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
						t.Errorf("%s: %s is logged in: got %v, want %v", when, name, got, name == "other")
					}
				}
			}
			check("at once")
			// The own session is one that can be changed, moved, and revoked as before.
			own.visit(func(s *visitor) { fieldVisits.Set(s.Session, 1) })
			own.visit(func(s *visitor) { s.Renew() })
			own.visit(func(s *visitor) { r.revokeOthers(t, s); r.revokeOthers(t, s) })
			if !own.isLoggedIn() || after.isLoggedIn() {
				t.Errorf("after the second call: got own %v, later %v, want true, false", own.isLoggedIn(), after.isLoggedIn())
			}
			if err := revokeAccount(t.Context(), r.m, 7); err != nil || own.isLoggedIn() {
				t.Errorf("RevokePrincipal returns %v, or the session outlives it", err)
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
					t.Errorf("%s, before as well: %v: got own %v, other %v, want true, false", name, first, own.isLoggedIn(), other.isLoggedIn())
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
			t.Errorf("got own %v, other %v, want true, false", own.isLoggedIn(), other.isLoggedIn())
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
			t.Errorf("%s: got own %v, old cookie %v, want true, false", name, own.isLoggedIn(), tab.isLoggedIn())
		}
		own.visit(func(s *visitor) {
			if got := fieldVisits.Get(s.Session); (got > 0) != (name != "reads") {
				t.Errorf("%s: got %d visits", name, got)
			}
		})
	}
}

// A revoked session ends no others.
func TestRevokeOthersTooLate(t *testing.T) {
	bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		for name, revoke := range map[string]func(r *rig, own, other *client) error{
			"RevokePrincipal": func(r *rig, _, _ *client) error { return revokeAccount(t.Context(), r.m, 7) },
			"RevokeAll":       func(r *rig, _, _ *client) error { return r.m.RevokeAll(t.Context()) },
			"RevokeID": func(r *rig, own, _ *client) (err error) {
				own.clone().visit(func(s *visitor) { err = r.m.RevokeID(t.Context(), s.ID()) })
				return err
			},
			"Destroy": func(_ *rig, own, _ *client) error {
				own.clone().visit(func(s *visitor) { s.Destroy() })
				return nil
			},
			"Renew": func(_ *rig, own, _ *client) error { // by another tab, which has the cookie now
				own.clone().visit(func(s *visitor) { s.Renew() })
				return nil
			},
			"RevokeOthers": func(r *rig, _, other *client) (err error) {
				other.visit(func(s *visitor) { err = r.m.RevokeOthers(t.Context(), s) })
				return err
			},
		} {
			r := newRig(t)
			own, other := r.login(), r.login()
			var err error
			own.visit(func(s *visitor) {
				fieldUser.Get(s.Session)
				if err := revoke(r, own, other); err != nil {
					t.Error(err)
				}
				err = r.m.RevokeOthers(t.Context(), s)
			})
			if !errors.Is(err, runtime.ErrEnded) {
				t.Errorf("after %s: got error %v, want ErrEnded", name, err)
			}
			if own.isLoggedIn() {
				t.Errorf("after %s: the session lives", name)
			}
			if want := name != "RevokePrincipal" && name != "RevokeAll"; other.isLoggedIn() != want {
				t.Errorf("after %s: the other session lives: %v", name, other.isLoggedIn())
			}
		}
	})
}

// Two tabs of one session end the others at once: the session continues in the browser, whichever tab
// was first.
func TestRevokeOthersFromTwoTabs(t *testing.T) {
	bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		for _, order := range []string{"one after the other", "one within the other", "at once"} {
			r := newRig(t)
			other, tabs := r.login(), []*client{r.login(), nil}
			tabs[1] = tabs[0].clone()
			answers, errs := make([]*httptest.ResponseRecorder, 2), make([]error, 2)
			second := func() {
				answers[1] = tabs[1].send(func(s *visitor) { errs[1] = r.m.RevokeOthers(t.Context(), s) })
			}
			first := func(meanwhile func()) {
				answers[0] = tabs[0].send(func(s *visitor) {
					fieldUser.Get(s.Session)
					meanwhile()
					errs[0] = r.m.RevokeOthers(t.Context(), s)
				})
			}
			switch order {
			case "one after the other":
				first(func() {})
				second()
			case "one within the other":
				first(second)
			case "at once":
				together(2, func(i int) { []func(){func() { first(func() {}) }, second}[i]() })
			}
			done := 0
			for i, err := range errs {
				tabs[0].receive(answers[i])
				if err == nil {
					done++
				} else if !errors.Is(err, runtime.ErrEnded) && err.Error() != "session: the session has no principal" {
					t.Errorf("%s: got error %v", order, err)
				}
			}
			if done == 0 || !tabs[0].isLoggedIn() || other.isLoggedIn() {
				t.Errorf("%s: got errors %v, own %v, other %v", order, errs, tabs[0].isLoggedIn(), other.isLoggedIn())
			}
		}
	})
}

// One of two sessions that each want to be the only one remains.
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
			living := loggedIn(clients)
			if living != 1 {
				t.Fatalf("%d sessions live, want 1", living)
			}
		}
	})
}

func TestRevokeOthersErrors(t *testing.T) {
	plain := newManager(t, runtime.Config{})
	s := plain.Open(t.Context(), nil)
	fieldAccount.Set(s.Session, 7)
	if err := plain.RevokeOthers(t.Context(), s); fmt.Sprint(err) != "session: revoking needs Config.Store or Config.Revocations" {
		t.Errorf("in cookies alone: got error %v", err)
	}
	bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		r := newRig(t)
		const nobody = "session: the session has no principal"
		if err := r.m.RevokeOthers(t.Context(), r.m.Open(t.Context(), nil)); fmt.Sprint(err) != nobody {
			t.Errorf("without a log-in: got error %v", err)
		}
		c := r.login()
		c.visit(func(s *visitor) {
			fieldAccount.Clear(s.Session)
			if err := r.m.RevokeOthers(t.Context(), s); fmt.Sprint(err) != nobody {
				t.Errorf("after a log-out: got error %v", err)
			}
		})
		// If the store fails, so does the call, and the response says so.
		c, other := r.login(), r.login()
		r.store.fail(errRefused, "replace", "insert")
		w := c.send(func(s *visitor) {
			if err := r.m.RevokeOthers(t.Context(), s); !errors.Is(err, runtime.ErrStore) {
				t.Errorf("while the store fails: got error %v, want ErrStore", err)
			}
		})
		r.store.set(nil, nil)
		if w.Code != 200 || !c.isLoggedIn() || !other.isLoggedIn() {
			t.Errorf("got status %d, own %v, other %v, want 200, true, true", w.Code, c.isLoggedIn(), other.isLoggedIn())
		}
	})
}

// The sessions of both keys belong to the same account after a rotation.
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
				t.Errorf("got own %v, older %v, later %v, want only own", own.isLoggedIn(), other.isLoggedIn(), later.isLoggedIn())
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
			t.Error("the other session lives")
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
			t.Error("a late request logs the visitor out")
		}
	})
}
