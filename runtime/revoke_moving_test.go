package runtime_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// A session that gets another id, or the hash of another key, while the store looks for those of
// its principal is ended and listed all the same.
func TestRevokePrincipalOfMoving(t *testing.T) {
	read := func(s *visitor) { fieldUser.Get(s.Session) }
	renew := func(s *visitor) { s.Renew() }
	for name, c := range map[string]struct {
		keys  string
		move  func(*visitor)
		moves int
	}{
		"sealed anew": {keyB + "," + keyA, read, 1},
		"back":        {keyA + "," + keyB, renew, 1},
		"moved once":  {keyA, renew, 1},
		"moved often": {keyA, renew, 20},
	} {
		for before := range 4 {
			r := newRig(t, runtime.Config{})
			client := r.login()
			if err := r.m.SetKeys(parseKeys(t, c.keys)); err != nil {
				t.Fatal(err)
			}
			calls, moves := 0, 0
			move := func() {
				if calls++; calls > before && moves < c.moves {
					moves++
					client.visit(c.move)
				}
			}
			r.store.set(func(_ context.Context, call, _ string) error {
				if call == "delete by principal" {
					move()
				}
				return nil
			}, nil)
			if err := r.m.RevokePrincipal(t.Context(), int64(7)); err != nil {
				t.Fatal(err)
			}
			r.store.set(nil, nil)
			if client.isLoggedIn() {
				t.Errorf("%s, after %d calls: it lives", name, before)
			}
		}
	}
}

// A tardyStore looks for a principal's records first, and deletes them then.
type tardyStore struct {
	*runtime.MemoryStore
	meanwhile func()
}

func (s *tardyStore) DeleteByPrincipal(ctx context.Context, principal string) error {
	records, err := s.List(ctx, principal)
	s.meanwhile()
	for key := range records {
		err = errors.Join(err, s.Delete(ctx, key))
	}
	return err
}

func TestRevokePrincipalInTardyStore(t *testing.T) {
	tardy := &tardyStore{MemoryStore: runtime.NewMemoryStore(100), meanwhile: func() {}}
	r := newRig(t, runtime.Config{Store: tardy})
	c := r.login()
	moves := 0
	tardy.meanwhile = func() {
		if moves++; moves < 20 {
			c.visit(func(s *visitor) { s.Renew() })
		}
	}
	if err := r.m.RevokePrincipal(t.Context(), int64(7)); err != nil || c.isLoggedIn() {
		t.Errorf("error %v, it lives: %v", err, c.isLoggedIn())
	}
}

// One that escapes again and again is an error.
func TestRevokePrincipalInVain(t *testing.T) {
	r := newRig(t, runtime.Config{})
	c := r.login()
	late := r.client()
	r.store.set(nil, func(call, _ string) error {
		if call == "delete by principal" {
			late.visit(func(s *visitor) { fieldAccount.Set(s.Session, 7) })
		}
		return nil
	})
	if err := r.m.RevokePrincipal(t.Context(), int64(7)); !errors.Is(err, runtime.ErrStore) {
		t.Errorf("error %v", err)
	}
	if c.isLoggedIn() {
		t.Error("the one that there was lives")
	}
}

func TestListMeanwhileSealedAnew(t *testing.T) {
	for before := range 2 {
		r := newRig(t, runtime.Config{})
		c := r.login()
		if err := r.m.SetKeys(parseKeys(t, keyB+","+keyA)); err != nil {
			t.Fatal(err)
		}
		calls := 0
		r.store.set(func(_ context.Context, call, _ string) error {
			if call == "list" {
				if calls++; calls == before+1 {
					c.visit(func(s *visitor) { fieldUser.Get(s.Session) })
				}
			}
			return nil
		}, func(call, _ string) error {
			if call == "list" && before == 1 && calls == 1 {
				c.visit(func(s *visitor) { fieldUser.Get(s.Session) }) // it is in both lists
			}
			return nil
		})
		infos, err := r.m.ListByPrincipal(t.Context(), int64(7))
		if len(infos) != 1 || err != nil {
			t.Errorf("%d: %d sessions, error %v", before, len(infos), err)
		}
	}
}

// Whose session it is, what is sealed tells: the store cannot have a stranger's listed.
func TestListBelievesNoStore(t *testing.T) {
	r := newRig(t, runtime.Config{})
	r.login()
	mine := r.store.snapshot(t)
	r.client().visit(func(s *visitor) { fieldAccount.Set(s.Session, 666) })
	for key, rec := range r.store.snapshot(t) {
		if _, ok := mine[key]; ok {
			continue
		}
		for _, m := range mine {
			rec.Principal = m.Principal
		}
		if err := r.store.Replace(t.Context(), key, rec.Version, rec); err != nil {
			t.Fatal(err)
		}
	}
	infos, err := r.m.ListByPrincipal(t.Context(), int64(7))
	if len(infos) != 1 || err != nil {
		t.Errorf("%d sessions, error %v", len(infos), err)
	}
}

// A deadline of the caller's is how long RevokeAll may take: with millions of records, that is
// more than a request may.
func TestRevokeAllDeadline(t *testing.T) {
	r := newRig(t, runtime.Config{StoreTimeout: time.Minute})
	var left time.Duration
	r.store.set(func(ctx context.Context, _, _ string) error {
		end, _ := ctx.Deadline()
		left = time.Until(end)
		return nil
	}, nil)
	hour, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	for ctx, want := range map[context.Context]time.Duration{t.Context(): time.Minute, hour: time.Hour} {
		if err := r.m.RevokeAll(ctx); err != nil || left.Round(time.Minute) != want {
			t.Errorf("%v, want %v; error %v", left, want, err)
		}
	}
}

// What this process has revoked, it does not take for good because it asked before another
// one revoked it.
func TestOwnRevocationPastCache(t *testing.T) {
	for name, end := range map[string]func(*rig, *client, string) error{
		"RevokeID": func(r *rig, _ *client, id string) error { return r.m.RevokeID(context.Background(), id) },
		"Destroy": func(_ *rig, c *client, _ string) error {
			c.clone().visit(func(s *visitor) { s.Destroy() })
			return nil
		},
	} {
		spy := newSpyStore()
		r := newRig(t, runtime.Config{Revocations: spy, RevocationCache: time.Hour})
		other := newManager(t, runtime.Config{Revocations: spy})
		c := r.login()
		var id string
		c.visit(func(s *visitor) { id = s.ID() })
		if err := other.RevokeID(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if err := end(r, c, id); err != nil {
			t.Fatal(err)
		}
		if c.isLoggedIn() {
			t.Errorf("%s: it lives", name)
		}
	}
}
