package legacy_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// inStore returns a site that keeps its sessions in a store, and the store.
func inStore(t *testing.T) (*site, *betweenStore) {
	store := &betweenStore{Store: runtime.NewMemoryStore(1e5)}
	return newSite(t, withLegacy(runtime.Config{Store: store}, gorilla())), store
}

var errRefused = errors.New("connection refused")

// If any call of the store fails, the first request is answered with a 503 and without cookies. The next request
// finds the session, or its end.
func TestFirstRequestWhileStoreFails(t *testing.T) {
	for name, do := range firstActions {
		for n := 1; ; n++ {
			s, store := inStore(t)
			old := with("old", oldCookie(t, 42))
			b := old.clone()
			store.fail(n, func() error { return errRefused })
			w := s.send(b, do)
			if store.isOver() {
				break
			}
			store.before(0, nil)
			if w.Code != 503 || len(w.Header()["Set-Cookie"]) > 0 {
				t.Errorf("%s, call %d fails: got status %d and cookies %q, want 503 and none", name, n, w.Code, w.Header()["Set-Cookie"])
			}
			if name == "read" || name == "change" {
				s.expectAccount(b, 42)
			}
			s.visit(b, func(v *visitor) { v.LogOut() })
			s.expectAccount(b, 0)
			s.expectAccount(old, 0)
		}
	}
}

// Once a log-out has returned, no new request sees the session, at whatever point an older first request is by
// then.
func TestThirdFirstRequest(t *testing.T) {
	for name, do := range firstActions {
		for loggedOut := 1; ; loggedOut++ {
			over := false
			for third := 1; !over; third++ {
				s, store := inStore(t)
				old := with("old", oldCookie(t, 42))
				sees := int64(0)
				store.before(loggedOut, func() {
					s.visit(old.clone(), func(v *visitor) { v.LogOut() })
					store.before(third, func() {
						if !over {
							s.visit(old.clone(), func(v *visitor) { sees = fieldAccount.Get(v.Session) })
						}
					})
				})
				s.send(old.clone(), do)
				over = store.isOver()
				if sees != 0 {
					t.Errorf("%s: a request %[3]d calls after a log-out before call %[2]d sees the session", name, loggedOut, third)
				}
				if over && third == 1 {
					loggedOut = 1000 // there are no more calls
				}
			}
			if loggedOut >= 1000 {
				break
			}
		}
	}
}

// RevokeID ends an old session that nobody has taken over yet, for good.
func TestRevokeIDOfOldSession(t *testing.T) {
	for name, revoke := range map[string]func(t *testing.T, s *site, b browser){
		"in the first request": func(t *testing.T, s *site, b browser) {
			s.visit(b, func(v *visitor) {
				if err := s.m.RevokeID(t.Context(), v.ID()); err != nil {
					t.Error(err)
				}
			})
		},
		"in the first request, which moves": func(t *testing.T, s *site, b browser) {
			s.visit(b, func(v *visitor) {
				if err := s.m.RevokeID(t.Context(), v.ID()); err != nil {
					t.Error(err)
				}
				v.Renew()
			})
		},
		"after one that panics": func(t *testing.T, s *site, b browser) {
			var id string
			func() {
				defer func() { recover() }()
				s.send(b, func(v *visitor) { fieldUser.Get(v.Session); id = v.ID(); v.Renew(); panic("the handler") })
			}()
			if err := s.m.RevokeID(t.Context(), id); err != nil {
				t.Error(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			serverHomes(t, func(t *testing.T, cfg runtime.Config) {
				synctest.Test(t, func(t *testing.T) {
					s := newSite(t, withLegacy(cfg, gorilla()))
					b := with("old", oldCookie(t, 42))
					after := b.clone()
					revoke(t, s, after)
					for _, wait := range []time.Duration{0, time.Minute, 2 * time.Hour, 20 * 24 * time.Hour} {
						time.Sleep(wait)
						s.advance(wait)
						s.expectAccount(b, 0)
						s.expectAccount(after, 0)
					}
				})
			})
		})
	}
}

// A program without Config.Legacy ends an old session by its id. The first request does not see the session as long
// as the store remembers that.
func TestRevokeIDWithoutLegacy(t *testing.T) {
	s, store := inStore(t)
	other := newSite(t, runtime.Config{Store: store})
	b := with("old", oldCookie(t, 42))
	var id string
	func() {
		defer func() { recover() }()
		s.send(b, func(v *visitor) { fieldUser.Get(v.Session); id = v.ID(); v.Renew(); panic("the handler") })
	}()
	if err := other.m.RevokeID(t.Context(), id); err != nil {
		t.Error(err)
	}
	s.expectAccount(b, 0)
}

// A slow first request does not revive a session that another request has meanwhile taken over and ended.
func TestFirstRequestTakesLong(t *testing.T) {
	for name, do := range firstActions {
		for _, wait := range []time.Duration{0, 2 * time.Hour} {
			endWithin(t, name, do, wait)
		}
	}
}

func endWithin(t *testing.T, name string, do func(*visitor), wait time.Duration) {
	for end, ends := range map[string]func(s *site, quick browser){
		"log-out": func(s *site, quick browser) { s.visit(quick, func(v *visitor) { v.LogOut() }) },
		"RevokeID": func(s *site, quick browser) {
			s.visit(quick, func(v *visitor) {
				if err := s.m.RevokeID(t.Context(), v.ID()); err != nil {
					t.Error(err)
				}
			})
		},
	} {
		serverHomes(t, func(t *testing.T, cfg runtime.Config) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite(t, withLegacy(cfg, gorilla()))
				old := with("old", oldCookie(t, 42))
				slow, quick := old.clone(), old.clone()
				isNew := false
				slow.receive(s.send(slow, func(v *visitor) {
					fieldUser.Get(v.Session)
					s.advance(time.Second)
					s.visit(quick, read)
					ends(s, quick)
					time.Sleep(wait)
					s.advance(wait)
					isNew = v.IsNew() && name == "log in"
					do(v)
				}))
				for i, b := range []browser{old, slow, quick} {
					if got := s.account(b); got != 0 && !isNew {
						t.Errorf("%s, with a %s during it and %v passing: browser %d is logged in as %d", name, end, wait, i, got)
					}
				}
			})
		})
	}
}

// The request that took a session over has failed. A log-out in the next request ends the session for good.
func TestLogOutAfterFirstRequestFailed(t *testing.T) {
	for n := 1; ; n++ {
		over := false
		synctest.Test(t, func(t *testing.T) {
			s, store := inStore(t)
			old := with("old", oldCookie(t, 42))
			store.fail(n, func() error { return errRefused })
			s.send(old, read)
			over = store.isOver()
			store.before(0, nil)
			b := old.clone()
			s.visit(b, read)
			if _, kept := b["old"]; kept {
				t.Errorf("after call %d failed, the browser still has the old cookie: %v", n, b)
			}
			s.visit(b, func(v *visitor) { v.LogOut() })
			time.Sleep(2 * time.Hour)
			s.advance(2 * time.Hour)
			s.expectAccount(old, 0)
		})
		if over {
			break
		}
	}
}

// A first request that pops a value and panics has taken the value, and has no other effect: the old cookie still
// leads to the session.
func TestPopAndPanic(t *testing.T) {
	for name, before := range map[string]func(*visitor){"pop": read, "renew, pop": func(v *visitor) { v.Renew() }} {
		s, _ := inStore(t)
		b := with("old", oldCookie(t, 42))
		func() {
			defer func() { recover() }()
			s.send(b, func(v *visitor) {
				before(v)
				if user, ok := fieldUser.Pop(v.Session); user != "hubo" || !ok {
					t.Errorf("%s: popped %q, %v, want \"hubo\", true", name, user, ok)
				}
				panic("the handler")
			})
		}()
		s.expectAccount(b, 42)
	}
}

// A first request that pops after the old session has ended gets no value, and sees no session from then on.
func TestPopAfterLogOut(t *testing.T) {
	s, _ := inStore(t)
	b := with("old", oldCookie(t, 42))
	s.visit(b.clone(), func(v *visitor) {
		fieldTheme.Get(v.Session)
		s.visit(b.clone(), func(v *visitor) { v.LogOut() })
		if user, ok := fieldUser.Pop(v.Session); ok {
			t.Errorf("popped %q after the log-out", user)
		}
		if fieldAccount.Has(v.Session) {
			t.Error("the request is still logged in after the log-out")
		}
	})
	s.expectAccount(b, 0)
}

// After a call of the store has failed, a first request makes no further call, because each may take as long.
func TestFirstRequestGivesUp(t *testing.T) {
	for n := 1; ; n++ {
		s, store := inStore(t)
		calls := 0
		var fail func() error
		fail = func() error {
			calls++
			store.fail(1, fail)
			return errRefused
		}
		store.fail(n, fail)
		s.send(with("old", oldCookie(t, 42)), read)
		if calls == 0 {
			break
		}
		if calls > 1 {
			t.Errorf("the first request made %[2]d calls after call %[1]d failed", n, calls-1)
		}
	}
}

// A first request has written a session, but failed before it could mark the old one as taken. RevokeID ends the
// session for good.
func TestRevokeIDAfterFirstRequestFailed(t *testing.T) {
	for n := 1; ; n++ {
		over := false
		synctest.Test(t, func(t *testing.T) {
			s, store := inStore(t)
			b := with("old", oldCookie(t, 42))
			store.fail(n, func() error { return errRefused })
			s.send(b, read)
			over = store.isOver()
			store.before(0, nil)
			revoked := false
			for id := range runtime.ListBy(t.Context(), s.m, &fieldAccount, 42, func(e runtime.Entry) string { return e.ID() }) {
				if err := s.m.RevokeID(t.Context(), id); err != nil {
					t.Error(err)
				}
				revoked = true
			}
			if time.Sleep(2 * time.Hour); revoked {
				s.expectAccount(b, 0)
			}
		})
		if over {
			break
		}
	}
}
