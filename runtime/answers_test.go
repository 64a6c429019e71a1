package runtime_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// A store that has every id already does not have a request try for ever.
func TestEveryIDTaken(t *testing.T) {
	r := newRig(t, runtime.Config{})
	inserts := 0
	r.store.set(func(_ context.Context, call, _ string) error {
		if call == "insert" {
			if inserts++; inserts < 1000 {
				return runtime.ErrConflict
			}
		}
		return nil
	}, nil)
	w := r.client().send(func(s *visitor) { fieldUser.Set(s.Session, "hubo") })
	if w.Code != 503 || inserts > 10 || len(setCookies(w)) > 0 {
		t.Errorf("status %d after %d inserts, %q", w.Code, inserts, setCookies(w))
	}
	if got := r.log.take(); len(got) != 1 || got[0].Kind != runtime.EventStoreFailed {
		t.Errorf("events %v", got)
	}
}

// An answer that a call cannot have is a failure.
func TestImpossibleAnswers(t *testing.T) {
	for call, answer := range map[string]error{"load": runtime.ErrConflict, "insert": runtime.ErrNoRecord} {
		r := newRig(t, runtime.Config{})
		c := r.login()
		r.store.fail(answer, call)
		w := c.send(func(s *visitor) { s.Destroy(); fieldUser.Set(s.Session, "hubo") })
		if w.Code != 503 || len(setCookies(w)) > 0 {
			t.Errorf("%s: %v: status %d, %q", call, answer, w.Code, setCookies(w))
		}
		if !slices.Contains(r.log.take(), runtime.Event{Kind: runtime.EventStoreFailed, Reason: call}) {
			t.Errorf("%s: %v: no event", call, answer)
		}
	}
	r := newRig(t, runtime.Config{})
	r.store.fail(runtime.ErrNoRecord, "list", "delete by principal", "delete all")
	_, err := r.m.ListByPrincipal(t.Context(), int64(7))
	for _, err := range []error{err, r.m.RevokePrincipal(t.Context(), int64(7)), r.m.RevokeAll(t.Context())} {
		if !errors.Is(err, runtime.ErrStore) || errors.Is(err, runtime.ErrNoRecord) {
			t.Errorf("error %v", err)
		}
	}
}

// A store that panics has failed: somebody may recover, and must not be told that all is well.
func TestStorePanics(t *testing.T) {
	bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		for name, do := range map[string]struct {
			call string
			f    func(*rig, *visitor)
		}{
			"load":    {"load", func(_ *rig, s *visitor) { fieldUser.Get(s.Session) }},
			"Pop":     {"replace", func(_ *rig, s *visitor) { fieldUser.Pop(s.Session) }},
			"save":    {"replace", func(r *rig, s *visitor) { fieldUser.Set(s.Session, "x"); r.m.Seal(s) }},
			"Renew":   {"insert", func(r *rig, s *visitor) { s.Renew(); r.m.Seal(s) }},
			"Destroy": {"insert", func(r *rig, s *visitor) { s.Destroy(); r.m.Seal(s) }},
		} {
			r := newRig(t)
			c := r.login()
			r.store.set(func(_ context.Context, call, _ string) error {
				if call == do.call {
					panic("driver")
				}
				return nil
			}, nil)
			panicked := false
			w := c.send(func(s *visitor) {
				defer func() {
					if panicked = recover() != nil; panicked && !errors.Is(s.Err(), runtime.ErrStore) {
						t.Errorf("%s: Err is %v", name, s.Err())
					}
				}()
				do.f(r, s)
			})
			if !panicked {
				continue // this mode does not make that call
			}
			if w.Code != 503 || len(setCookies(w)) > 0 {
				t.Errorf("%s: status %d, %q", name, w.Code, setCookies(w))
			}
			failed := func(e runtime.Event) bool { return e.Kind == runtime.EventStoreFailed }
			if !slices.ContainsFunc(r.log.take(), failed) {
				t.Errorf("%s: no event", name)
			}
		}
	})
}

// However slow the store is, a request does not try for much longer than a minute.
func TestConflictsForAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, runtime.Config{})
		c := r.login()
		other := newRig(t, runtime.Config{Store: r.store.Store}) // another process
		theirs := c.clone()
		theirs.rig = other
		r.store.set(func(_ context.Context, call, _ string) error {
			time.Sleep(1900 * time.Millisecond)
			if call == "replace" {
				theirs.visit(func(s *visitor) { fieldVisits.Update(s.Session, func(n int) int { return n + 1 }) })
			}
			return nil
		}, nil)
		start := time.Now()
		w := c.send(func(s *visitor) { fieldUser.Set(s.Session, "x") })
		if took := time.Since(start); w.Code != 503 || took < 30*time.Second || took > 70*time.Second {
			t.Errorf("status %d after %v", w.Code, took)
		}
	})
}

// A request that gives up does so for itself: those that wait for their turn behind it have
// another chance.
func TestGivingUpAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, runtime.Config{})
		c := r.login()
		theirs := c.clone()
		theirs.rig = newRig(t, runtime.Config{Store: r.store.Store}) // another process
		var over atomic.Bool
		r.store.set(func(_ context.Context, call, _ string) error {
			if call == "replace" && !over.Load() {
				theirs.visit(func(s *visitor) { fieldVisits.Update(s.Session, func(n int) int { return n + 1 }) })
			}
			return nil
		}, nil)
		done := make(chan int)
		go func() {
			w := c.clone().send(func(s *visitor) { fieldUser.Set(s.Session, "first") })
			over.Store(true)
			done <- w.Code
		}()
		time.Sleep(time.Millisecond)
		go func() { done <- c.clone().send(func(s *visitor) { fieldUser.Set(s.Session, "second") }).Code }()
		if one, two := <-done, <-done; one != 503 || two != 200 {
			t.Errorf("status %d, then %d", one, two)
		}
	})
}

// The handler may panic, and nobody may recover: what the browser never hears of is not
// begun, and it keeps what it has. What is ended is ended.
func TestPanickingHandler(t *testing.T) {
	for name, c := range map[string]struct {
		do    func(*visitor)
		lives bool
		lines int // of Set-Cookie for who recovers
	}{
		"set":               {func(s *visitor) { fieldTheme.Set(s.Session, "dark"); s.SetPermanent(true) }, true, 1},
		"log in":            {func(s *visitor) { fieldAccount.Set(s.Session, 8) }, true, 0},
		"Renew":             {func(s *visitor) { s.Renew() }, true, 0},
		"Destroy":           {func(s *visitor) { s.Destroy() }, false, 1},
		"Destroy and begin": {func(s *visitor) { s.Destroy(); fieldTheme.Set(s.Session, "dark") }, false, 1},
	} {
		bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
			for _, recovered := range []bool{true, false} {
				r := newRig(t)
				client := r.login()
				want := len(r.store.snapshot(t))
				if want == 0 && !c.lives {
					want = 1 // a revocation
				}
				inner := r.h
				r.h = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
					defer func() {
						recover()
						if recovered {
							w.WriteHeader(500)
						}
					}()
					inner.ServeHTTP(w, req)
				})
				w := client.send(func(s *visitor) { c.do(s); panic(http.ErrAbortHandler) })
				r.h = inner
				if recovered {
					client.receive(w)
					if n := len(setCookies(w)); w.Code != 500 || n != c.lines {
						t.Errorf("%s: status %d, %q", name, w.Code, setCookies(w))
					}
				}
				if client.isLoggedIn() != c.lives {
					t.Errorf("%s, recovered %v: lives: %v", name, recovered, !c.lives)
				}
				if n := len(r.store.snapshot(t)); n != want {
					t.Errorf("%s, recovered %v: %d records, want %d", name, recovered, n, want)
				}
			}
		})
	}
}
