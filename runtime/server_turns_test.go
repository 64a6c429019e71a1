package runtime_test

import (
	"context"
	"errors"
	"net/http"
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
		t.Errorf("got status %d after %d inserts, cookies %q, want 503 after at most 10", w.Code, inserts, setCookies(w))
	}
	if got := r.log.take(); len(got) != 1 || got[0].Kind != runtime.EventStoreFailed {
		t.Errorf("got events %v, want one of a failed store", got)
	}
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
			t.Errorf("got status %d after %v, want 503 after about a minute", w.Code, took)
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
			t.Errorf("got status %d, then %d, want 503, 200", one, two)
		}
	})
}

// A write that failed may have been done: the same request does not do it again.
func TestServerDoubleUpdate(t *testing.T) {
	r := newRig(t, runtime.Config{})
	c := r.login()
	first := true
	r.store.set(nil, func(call, _ string) error {
		if call == "replace" && first {
			first = false
			return errors.New("connection reset")
		}
		return nil
	})
	w := c.send(func(s *visitor) {
		fieldVisits.Update(s.Session, func(n int) int { return n + 1 })
		if _, err := r.m.Seal(s); !errors.Is(err, runtime.ErrStore) {
			t.Error(err)
		}
	})
	if w.Code != http.StatusServiceUnavailable {
		t.Errorf("got status %d, want 503", w.Code)
	}
	c.visit(func(s *visitor) {
		if n := fieldVisits.Get(s.Session); n != 1 {
			t.Errorf("got %v visits, want 1", n)
		}
	})
}
