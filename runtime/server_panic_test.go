package runtime_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
)

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
						t.Errorf("%s: got Err %v, want ErrStore", name, s.Err())
					}
				}()
				do.f(r, s)
			})
			if !panicked {
				continue // this mode does not make that call
			}
			if w.Code != 503 || len(setCookies(w)) > 0 {
				t.Errorf("%s: got status %d, cookies %q, want 503 and none", name, w.Code, setCookies(w))
			}
			failed := func(e runtime.Event) bool { return e.Kind == runtime.EventStoreFailed }
			if !slices.ContainsFunc(r.log.take(), failed) {
				t.Errorf("%s: got no event of the failure", name)
			}
		}
	})
}

type panicky struct {
	*spyStore
	on bool
}

func (s *panicky) Load(ctx context.Context, key string) (runtime.Record, error) {
	if s.on {
		panic("driver")
	}
	return s.spyStore.Load(ctx, key)
}

// A store that panics has failed, whoever recovers.
func TestServerPanicMints(t *testing.T) {
	p := &panicky{spyStore: newSpyStore()}
	r := newRig(t, runtime.Config{Store: p})
	c := r.login()
	p.on = true
	w := c.send(func(s *visitor) {
		func() {
			defer func() { recover() }()
			fieldUser.Get(s.Session)
		}()
		fieldTheme.Set(s.Session, "dark")
	})
	if w.Code != 503 || len(setCookies(w)) > 0 {
		t.Errorf("got status %d, cookies %q, want 503 and none", w.Code, setCookies(w))
	}
}
