package runtime_test

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

var errRefused = errors.New("connection refused")

// What a request may do to its session.
var faultActions = map[string]func(*visitor){
	"read":    func(s *visitor) { fieldUser.Get(s.Session) },
	"set":     func(s *visitor) { fieldVisits.Set(s.Session, 1) },
	"update":  func(s *visitor) { fieldVisits.Update(s.Session, func(n int) int { return n + 1 }) },
	"pop":     func(s *visitor) { fieldUser.Pop(s.Session) },
	"clear":   func(s *visitor) { s.Clear() },
	"renew":   func(s *visitor) { s.Renew() },
	"log in":  func(s *visitor) { fieldAccount.Set(s.Session, 8) },
	"destroy": func(s *visitor) { s.Destroy() },
	"destroy, begin": func(s *visitor) {
		s.Destroy()
		fieldUser.Set(s.Session, "eve")
	},
}

// Whatever the handler does while the store fails: 503, nothing is said of the session, and once the
// store is well again, so is the session.
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
						t.Errorf("status %d, want %d", w.Code, want)
					}
					if took := time.Since(began); took > 2*time.Second+50*time.Millisecond {
						t.Errorf("took %v", took)
					}
					r.store.set(nil, nil)
					if !fails {
						return
					}
					if len(setCookies(w)) > 0 {
						t.Errorf("Set-Cookie: %q", setCookies(w))
					}
					events := r.log.take()
					if !slices.ContainsFunc(events, func(e runtime.Event) bool { return e.Kind == runtime.EventStoreFailed }) {
						t.Errorf("events %v", events)
					}
					for _, e := range events {
						if e.Kind == runtime.EventCreated || e.Kind == runtime.EventSaveFailed {
							t.Errorf("events %v", events)
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

// In cookie mode, a store of revocations that fails is no reason to trust the cookie.
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
				t.Errorf("%s: %d, %q", name, w.Code, setCookies(w))
			}
			spy.fail(errRefused, "insert")
			w = c.send(action)
			ends := !slices.Contains([]string{"read", "set", "update", "pop"}, name)
			if got := w.Code == 503; got != ends {
				t.Errorf("%s, read-only: %d", name, w.Code)
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
			t.Errorf("%v, %v", s, s.Err())
		}
		s.Destroy()
		if _, err := r.m.Seal(s); !errors.Is(err, runtime.ErrStore) {
			t.Errorf("sealed: %v", err)
		}
	})
	if w.Code != 503 || strings.Contains(w.Body.String(), "refused") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	r.store.expect(t, "load")
	for _, err := range []error{
		r.m.RevokeID(t.Context(), r.m.Open(nil).ID()), r.m.RevokePrincipal(t.Context(), int64(7)), r.m.RevokeAll(t.Context()),
		func() error { _, err := r.m.ListByPrincipal(t.Context(), int64(7)); return err }(),
	} {
		if !errors.Is(err, runtime.ErrStore) {
			t.Error(err)
		}
	}
}

// Any byte of a record may be another: never is it a session, never a new one.
func TestStoreCorruptRecords(t *testing.T) {
	r := newRig(t, runtime.Config{})
	c := r.login()
	for key, good := range r.store.snapshot(t) {
		bad := [][]byte{nil, []byte("x"), good.Data[:len(good.Data)-1], append(slices.Clone(good.Data), 'A')}
		for i := range good.Data {
			data := slices.Clone(good.Data)
			if data[i] = 'A'; good.Data[i] == 'A' {
				data[i] = 'B'
			}
			bad = append(bad, data)
		}
		version := good.Version
		put := func(data []byte) {
			r2 := good
			r2.Version, r2.Data = version+1, data
			if err := r.store.Store.Replace(t.Context(), key, version, r2); err != nil {
				t.Fatal(err)
			}
			version++
		}
		for i, data := range bad {
			put(data)
			for _, name := range []string{"read", "set", "destroy"} {
				if w := c.send(faultActions[name]); w.Code != 503 || len(setCookies(w)) > 0 {
					t.Fatalf("%d, %s: %d, %q", i, name, w.Code, setCookies(w))
				}
			}
			if got := r.store.snapshot(t); len(got) != 1 || got[key].Version != version {
				t.Fatalf("%d: something was stored or deleted", i)
			}
		}
		put(good.Data)
		if !c.isLoggedIn() {
			t.Error("the session is lost")
		}
		put(bad[0])
		var id string
		s := r.m.Open(nil)
		id = s.ID()
		if err := r.m.RevokeID(t.Context(), id); err != nil {
			t.Error(err)
		}
	}
}

func TestStoreAnonymousRequests(t *testing.T) {
	r := newRig(t, runtime.Config{})
	for range 10_000 {
		r.client().visit(func(s *visitor) {
			fieldUser.Get(s.Session)
			fieldCode.Pop(s.Session)
			s.ID()
			s.Clear()
			s.Destroy()
		})
	}
	r.store.expect(t)
}

// What a store is given shows nothing.
func TestStoreLearnsNothing(t *testing.T) {
	bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		r := newRig(t)
		c := r.client()
		var ids []string
		c.visit(func(s *visitor) {
			fieldUser.Set(s.Session, "PLAINTEXT")
			fieldToken.Set(s.Session, "PLAINTEXT2")
			fieldAccount.Set(s.Session, 0x4142434445464748)
			ids = append(ids, s.ID())
		})
		c.visit(func(s *visitor) { s.Renew(); ids = append(ids, s.ID()) })
		c.visit(func(s *visitor) { fieldVisits.Set(s.Session, 9); fieldUser.Pop(s.Session) })
		cookie := c.cookies["__Host-session"]
		c.visit(func(s *visitor) { s.Destroy() })
		if err := r.m.RevokePrincipal(t.Context(), int64(0x4142434445464748)); err != nil {
			t.Fatal(err)
		}
		var dump strings.Builder
		n := 0
		for key, rec := range r.store.keys {
			n++
			raw, _ := base64.RawURLEncoding.DecodeString(string(rec.Data))
			dump.WriteString(key + " " + rec.Principal + " " + string(rec.Data) + " " + string(raw) + "\n")
		}
		secrets := []string{"PLAINTEXT", "ABCDEFGH", cookie}
		for _, id := range ids {
			raw, err := base64.RawURLEncoding.DecodeString(id)
			if err != nil {
				t.Fatal(err)
			}
			secrets = append(secrets, id, string(raw))
		}
		if n < 2 {
			t.Errorf("%d records", n)
		}
		for _, secret := range secrets {
			if strings.Contains(dump.String(), secret) {
				t.Errorf("the store holds %q", secret)
			}
		}
	})
}
