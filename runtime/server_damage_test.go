package runtime_test

import (
	"errors"
	"net/http"
	"slices"
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
)

// Any byte of a record may be another: never is it a session, never a new one.
func TestStoreCorruptRecords(t *testing.T) {
	r := newRig(t, runtime.Config{})
	c := r.login()
	var id string
	c.visit(func(s *visitor) { id = s.ID() })
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
					t.Fatalf("change %d, %s: got status %d, cookies %q, want 503 and none", i, name, w.Code, setCookies(w))
				}
			}
			if got := r.store.snapshot(t); len(got) != 1 || got[key].Version != version {
				t.Fatalf("change %d: the store was changed", i)
			}
		}
		put(good.Data)
		if !c.isLoggedIn() {
			t.Error("the session is lost")
		}
		put(bad[0])
		if err := r.m.RevokeID(t.Context(), id); err != nil || len(r.store.snapshot(t)) > 0 {
			t.Errorf("RevokeID returns %v, or the record stays", err)
		}
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
			t.Errorf("%s answering %v: got status %d, cookies %q, want 503 and none", call, answer, w.Code, setCookies(w))
		}
		if !slices.Contains(r.log.take(), runtime.Event{Kind: runtime.EventStoreFailed, Reason: call}) {
			t.Errorf("%s answering %v: no event", call, answer)
		}
	}
	r := newRig(t, runtime.Config{})
	r.store.fail(runtime.ErrNoRecord, "list", "delete by principal", "delete all")
	_, err := listAccount(t.Context(), r.m, 7)
	for _, err := range []error{err, revokeAccount(t.Context(), r.m, 7), r.m.RevokeAll(t.Context())} {
		if !errors.Is(err, runtime.ErrStore) || errors.Is(err, runtime.ErrNoRecord) {
			t.Errorf("got error %v, want ErrStore", err)
		}
	}
}

func TestServerVersionZero(t *testing.T) {
	spy := newSpyStore()
	r := newRig(t, runtime.Config{Store: versionZero{spy}})
	c := r.client()
	c.visit(func(s *visitor) { fieldUser.Set(s.Session, "hubo") })
	for name, use := range map[string]func(*visitor){
		"reading":   func(s *visitor) { fieldUser.Get(s.Session) },
		"a log-out": func(s *visitor) { s.Destroy() },
	} {
		if w := c.send(use); w.Code != http.StatusServiceUnavailable {
			t.Errorf("%s: got status %d, want 503", name, w.Code)
		}
	}
}

// A version that nobody chose is a damaged record, where a session moved too.
func TestMoveVersionZero(t *testing.T) {
	spy := newSpyStore()
	r := newRig(t, runtime.Config{Revocations: spy})
	c := r.login()
	var id string
	c.visit(func(s *visitor) { id = s.ID(); s.Renew() })
	broken := newRig(t, runtime.Config{Revocations: versionZero{spy}})
	if err := broken.m.RevokeID(t.Context(), id); !errors.Is(err, runtime.ErrStore) {
		t.Errorf("got error %v, want ErrStore; the session lives: %v", err, c.isLoggedIn())
	}
}

// A store whose records lead in a circle does not hang the request.
func TestMovesInACircle(t *testing.T) {
	spy := newSpyStore()
	r := newRig(t, runtime.Config{Revocations: spy})
	c := r.login()
	var id string
	c.visit(func(s *visitor) { id = s.ID(); s.Renew() })
	for key, rec := range spy.snapshot(t) {
		rec.Principal = key
		if err := spy.Replace(t.Context(), key, rec.Version, rec); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.m.RevokeID(t.Context(), id); !errors.Is(err, runtime.ErrStore) {
		t.Errorf("got error %v, want ErrStore", err)
	}
}
