package runtime_test

import (
	"context"
	"errors"
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/storetest"
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
			if err := revokeAccount(t.Context(), r.m, 7); err != nil {
				t.Fatal(err)
			}
			r.store.set(nil, nil)
			if client.isLoggedIn() {
				t.Errorf("%s, after %d calls: the revoked session lives", name, before)
			}
		}
	}
}

// A session that moves to another id while it is revoked is revoked too.
func TestServerRevokeWhileRenewing(t *testing.T) {
	l := &listing{spyStore: newSpyStore()}
	r := newRig(t, runtime.Config{Store: l})
	c := r.login()
	l.between = func() { l.between = nil; c.visit(func(s *visitor) { s.Renew() }) }
	if err := revokeAccount(t.Context(), r.m, 7); err != nil {
		t.Fatal(err)
	}
	l.between = nil
	c.visit(func(s *visitor) {
		if fieldAccount.Has(s.Session) {
			t.Error("the session survives the revocation")
		}
	})
}

// A tardyStore first finds a principal's records, and deletes them later.
type tardyStore struct {
	*runtime.MemoryStore
	meanwhile func()
}

func (s *tardyStore) DeleteByPrincipal(ctx context.Context, principal string) error {
	records, err := storetest.List(ctx, s, principal)
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
	if err := revokeAccount(t.Context(), r.m, 7); err != nil || c.isLoggedIn() {
		t.Errorf("got error %v, and the session lives: %v", err, c.isLoggedIn())
	}
}

// A steady flow of log-ins does not keep anybody from revoking earlier sessions, and the new ones
// are good.
func TestRevokePrincipalWhileOthersLogIn(t *testing.T) {
	r := newRig(t, runtime.Config{})
	c := r.login()
	late := r.client()
	r.store.set(nil, func(call, _ string) error {
		if call == "delete by principal" {
			late.visit(func(s *visitor) { fieldAccount.Set(s.Session, 7) })
		}
		return nil
	})
	if err := revokeAccount(t.Context(), r.m, 7); err != nil {
		t.Errorf("got error %v", err)
	}
	if c.isLoggedIn() {
		t.Error("the earlier session lives")
	}
	late.visit(func(s *visitor) {
		if got := fieldAccount.Get(s.Session); got != 7 {
			t.Errorf("the later session is logged in as %d, want 7", got)
		}
	})
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
		infos, err := listAccount(t.Context(), r.m, 7)
		if len(infos) != 1 || err != nil {
			t.Errorf("sealed anew before call %d: got %d sessions, error %v, want 1", before, len(infos), err)
		}
	}
}
