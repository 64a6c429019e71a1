package runtime_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// The response is a 503 that says nothing of the session, whatever the handler does while the store
// fails. Once the store works again, so does the session.
func TestStoreFaults(t *testing.T) {
	hang := func(ctx context.Context, _, _ string) error { <-ctx.Done(); return ctx.Err() }
	only := func(name string, f func(context.Context, string, string) error) func(context.Context, string, string) error {
		return func(ctx context.Context, call, key string) error {
			if call == name {
				return f(ctx, call, key)
			}
			return nil
		}
	}
	refuse := func(context.Context, string, string) error { return errRefused }
	slow := func(ctx context.Context, _, _ string) error {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(3 * time.Second):
			return nil
		}
	}
	for _, c := range []struct {
		name    string
		before  func(ctx context.Context, call, key string) error
		after   func(call, key string) error
		reading bool // it fails requests that only read too
	}{
		{"refused", refuse, nil, true},
		{"hanging", hang, nil, true},
		{"slow", slow, nil, true},
		{"hanging writes", func(ctx context.Context, call, key string) error {
			if call == "load" {
				return nil
			}
			return hang(ctx, call, key)
		}, nil, false},
		{"read-only", func(ctx context.Context, call, key string) error {
			if call == "load" {
				return nil
			}
			return errRefused
		}, nil, false},
		{"full", only("insert", refuse), nil, false},
		{"error after a write", nil, func(call, key string) error {
			if call == "load" {
				return nil
			}
			return errRefused
		}, false},
	} {
		for name, action := range faultActions {
			t.Run(c.name+", "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := newRig(t, runtime.Config{StoreTimeout: 2 * time.Second})
					cl := r.login()
					r.store.set(c.before, c.after)
					began := time.Now()
					w := cl.send(action)
					fails := c.reading || name != "read"
					if c.name == "full" {
						fails = name == "renew" || name == "log in" || name == "destroy, begin"
					}
					want := 200
					if fails {
						want = 503
					}
					if w.Code != want {
						t.Errorf("got status %d, want %d", w.Code, want)
					}
					if took := time.Since(began); took > 2*time.Second+50*time.Millisecond {
						t.Errorf("the request took %v, want at most 2s", took)
					}
					r.store.set(nil, nil)
					if !fails {
						return
					}
					if len(setCookies(w)) > 0 {
						t.Errorf("got cookies %q, want none", setCookies(w))
					}
					events := r.log.take()
					if !slices.ContainsFunc(events, func(e runtime.Event) bool { return e.Kind == runtime.EventStoreFailed }) {
						t.Errorf("got events %v, want store failed", events)
					}
					for _, e := range events {
						if e.Kind == runtime.EventCreated || e.Kind == runtime.EventSaveFailed {
							t.Errorf("got events %v, want no session created and no save failed", events)
						}
					}
					// What a store wrote before it failed holds, else nothing of it does. A log-out and what ends
					// the id may have come first.
					ends := name == "renew" || name == "log in" || name == "destroy" || name == "clear" || name == "destroy, begin"
					halfway := c.name == "full" && name == "destroy, begin"
					if in := cl.isLoggedIn(); !in && !(c.after != nil && (ends || name == "pop")) && !halfway {
						t.Error("the session is lost")
					}
				})
			})
		}
	}
}

// A failing store of revocations does not make cookies trusted.
func TestRevocationFaults(t *testing.T) {
	for name, action := range faultActions {
		synctest.Test(t, func(t *testing.T) {
			spy := newSpyStore()
			r := newRig(t, runtime.Config{Revocations: spy, StoreTimeout: 2 * time.Second})
			r.store = spy
			c := r.login()
			spy.fail(errRefused)
			w := c.send(action)
			if w.Code != 503 || len(setCookies(w)) > 0 {
				t.Errorf("%s: got status %d, cookies %q, want 503 and none", name, w.Code, setCookies(w))
			}
			spy.fail(errRefused, "insert")
			w = c.send(action)
			ends := !slices.Contains([]string{"read", "set", "update", "pop"}, name)
			if got := w.Code == 503; got != ends {
				t.Errorf("%s, read-only: got status %d, want 503 %v", name, w.Code, ends)
			}
			spy.set(nil, nil)
			if !c.isLoggedIn() {
				t.Errorf("%s: the session is lost", name)
			}
		})
	}
}

// The handler cannot see that the store failed, but Err can.
func TestStoreFailureIsAnError(t *testing.T) {
	r := newRig(t, runtime.Config{})
	c := r.login()
	r.store.fail(errRefused)
	w := c.send(func(s *visitor) {
		fieldVisits.Set(s.Session, 1)
		if fieldUser.Has(s.Session) || !errors.Is(s.Err(), runtime.ErrStore) || !errors.Is(s.Err(), errRefused) {
			t.Errorf("got session %v, Err %v, want ErrStore", s, s.Err())
		}
		s.Destroy()
		if _, err := r.m.Seal(s); !errors.Is(err, runtime.ErrStore) {
			t.Errorf("Seal returns %v, want ErrStore", err)
		}
	})
	if w.Code != 503 || strings.Contains(w.Body.String(), "refused") {
		t.Errorf("got %d %s, want 503 without the store's error", w.Code, w.Body)
	}
	r.store.expect(t, "load")
	for _, err := range []error{
		r.m.RevokeID(t.Context(), r.m.Open(t.Context(), nil).ID()), revokeAccount(t.Context(), r.m, 7), r.m.RevokeAll(t.Context()),
		func() error { _, err := listAccount(t.Context(), r.m, 7); return err }(),
	} {
		if !errors.Is(err, runtime.ErrStore) {
			t.Error(err)
		}
	}
}

// The response is one 503, whatever the handler does with a session that could not be loaded.
func TestServerReadDown(t *testing.T) {
	for _, mode := range []string{"store", "revocations"} {
		spy := newSpyStore()
		cfg := runtime.Config{Store: spy}
		if mode == "revocations" {
			cfg = runtime.Config{Revocations: spy}
		}
		r := newRig(t, cfg)
		c := r.client()
		c.visit(func(s *visitor) { fieldUser.Set(s.Session, "hubo") })
		r.log.take()
		spy.fail(errors.New("down"))
		for name, do := range map[string]func(*visitor){
			"read":    func(s *visitor) { fieldUser.Get(s.Session) },
			"set":     func(s *visitor) { fieldUser.Set(s.Session, "x") },
			"destroy": func(s *visitor) { s.Destroy(); fieldUser.Set(s.Session, "x") },
			"clear":   func(s *visitor) { s.Clear() },
			"pop":     func(s *visitor) { fieldUser.Pop(s.Session) },
			"renew":   func(s *visitor) { s.Renew() },
			"perm":    func(s *visitor) { s.SetPermanent(true) },
			"isnew":   func(s *visitor) { s.IsNew() },
		} {
			w := c.send(do)
			if w.Code != http.StatusServiceUnavailable || len(setCookies(w)) > 0 {
				t.Errorf("%s %s: got status %d, cookies %q, want 503 and none", mode, name, w.Code, setCookies(w))
			}
			if ev := r.log.take(); len(ev) != 1 {
				t.Errorf("%s %s: got events %v, want one", mode, name, ev)
			}
		}
		spy.set(nil, nil)
		c.visit(func(s *visitor) {
			if fieldUser.Get(s.Session) != "hubo" {
				t.Error("the session does not open after the failure")
			}
		})
	}
}

// A log-in that cannot be saved leaves the visitor the session that there was.
func TestServerDenyBeforeFailure(t *testing.T) {
	spy := newSpyStore()
	r := newRig(t, runtime.Config{Revocations: spy})
	c := r.client()
	c.visit(func(s *visitor) { fieldUser.Set(s.Session, "hubo") })
	c.send(func(s *visitor) {
		fieldAccount.Set(s.Session, 7)
		fieldBlob.Set(s.Session, make([]byte, 9000))
	})
	c.visit(func(s *visitor) {
		if !fieldUser.Has(s.Session) {
			t.Errorf("a failed save ended the session: %v", r.log.take())
		}
	})
}
