package runtime_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/codec"
)

// accountOf is the field of the account as one build of a program has it.
func accountOf(index int, principal bool) *runtime.Field[int64] {
	return &runtime.Field[int64]{Index: index, Name: "Account", Key: "account", Principal: principal,
		Encode: codec.EncodeInt[int64], Decode: codec.DecodeInt[int64]}
}

// A session whose principal no build knew until now is revoked with its principal, whatever
// builds without one do to it in between.
func TestRevokePrincipalPastOtherBuilds(t *testing.T) {
	visits := runtime.Field[int]{Index: 1, Name: "Visits", Key: "visits", Encode: codec.EncodeInt[int], Decode: codec.DecodeInt[int]}
	tenant := runtime.Field[string]{Index: 2, Name: "Tenant", Key: "tenant", Principal: true,
		Encode: codec.EncodeString[string], Decode: codec.DecodeString[string]}
	for mode, newConfig := range map[string]func() runtime.Config{
		"store":  func() runtime.Config { return runtime.Config{Store: runtime.NewMemoryStore(100)} },
		"cookie": func() runtime.Config { return runtime.Config{Revocations: runtime.NewMemoryStore(100)} },
	} {
		for name, between := range map[string]func(*visitor){
			"change": func(s *visitor) { visits.Set(s.Session, 1) },
			"renew":  func(s *visitor) { s.Renew() },
			"pop":    func(s *visitor) { visits.Pop(s.Session) },
		} {
			cfg := newConfig()
			with, without := accountOf(0, true), accountOf(0, false)
			another := newManagerOf(t, cfg, accountOf(0, false), &visits, &tenant)
			older := newManagerOf(t, cfg, without, &visits)
			newer := newManagerOf(t, cfg, with, &visits)
			cookie := sealed(t, another, func(s *visitor) { without.Set(s.Session, 42); visits.Set(s.Session, 7) })
			if err := revokeAccount(t.Context(), newer, 42); err != nil {
				t.Fatal(err)
			}
			s := older.Open(t.Context(), []string{cookie})
			between(s)
			if line := seal(t, older, s); line != "" {
				cookie = pair(t, line)
			}
			if s := newer.Open(t.Context(), []string{cookie}); with.Has(s.Session) {
				t.Errorf("%s, %s: the revoked session lives", mode, name)
			}
		}
	}
}

// The id that a session is about to get is revoked: it lives neither under that nor under the one
// that it has.
func TestRevokeIDOfRenewing(t *testing.T) {
	bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		for name, begin := range map[string]func(*visitor){
			"renew":         func(s *visitor) { s.Renew() },
			"authenticate":  func(s *visitor) { s.Authenticate() },
			"another login": func(s *visitor) { fieldAccount.Set(s.Session, 8); fieldUser.Set(s.Session, "eve") },
		} {
			r := newRig(t)
			c := r.login()
			old := c.clone()
			c.visit(func(s *visitor) {
				begin(s)
				if err := r.m.RevokeID(t.Context(), s.ID()); err != nil {
					t.Error(err)
				}
			})
			if c.isLoggedIn() || old.isLoggedIn() {
				t.Errorf("%s: the revoked session lives under the new id: %v, under the old one: %v", name, c.isLoggedIn(), old.isLoggedIn())
			}
		}
	})
}

// Why an id is taken, the store cannot tell just then: the session does not begin under another one.
func TestRevokeIDOfLogInWhileStoreFails(t *testing.T) {
	r := newRig(t, runtime.Config{})
	c := r.client()
	w := c.send(func(s *visitor) {
		fieldUser.Set(s.Session, "hubo")
		fieldAccount.Set(s.Session, 7)
		if err := r.m.RevokeID(t.Context(), s.ID()); err != nil {
			t.Error(err)
		}
		failed := false
		r.store.set(func(_ context.Context, call, _ string) error {
			if call == "load" && !failed {
				failed = true
				return errRefused
			}
			return nil
		}, nil)
	})
	r.store.set(nil, nil)
	c.receive(w)
	if c.isLoggedIn() || w.Code == http.StatusOK {
		t.Errorf("got status %d, and the session lives: %v", w.Code, c.isLoggedIn())
	}
}

// The record that an id without a session was revoked is still there after RevokeAll, and after
// another RevokeID.
func TestRevokeIDOfLogInAndMore(t *testing.T) {
	bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		for name, and := range map[string]func(r *rig, id string) error{
			"RevokeAll":       func(r *rig, _ string) error { return r.store.DeleteAll(t.Context()) }, // its mark was raised before
			"RevokeID":        func(r *rig, id string) error { return r.m.RevokeID(t.Context(), id) },
			"RevokePrincipal": func(r *rig, _ string) error { return revokeAccount(t.Context(), r.m, 8) },
		} {
			r := newRig(t)
			c := r.client()
			c.visit(func(s *visitor) {
				fieldUser.Set(s.Session, "hubo")
				fieldAccount.Set(s.Session, 7)
				if err := r.m.RevokeID(t.Context(), s.ID()); err != nil {
					t.Error(err)
				}
				if err := and(r, s.ID()); err != nil {
					t.Error(err)
				}
			})
			if c.isLoggedIn() {
				t.Errorf("%s: the revoked session lives", name)
			}
		}
	})
}

// A principal is revoked just as a record without one is written under it: the next reader finds the
// session dead, whether or not the process lived to see that.
func TestRevokePrincipalWhileIndexed(t *testing.T) {
	visits := runtime.Field[int]{Index: 1, Name: "Visits", Key: "visits", Encode: codec.EncodeInt[int], Decode: codec.DecodeInt[int]}
	for name, use := range map[string]func(*visitor){
		"read": func(s *visitor) { visits.Get(s.Session) },
		"set":  func(s *visitor) { visits.Set(s.Session, 8) },
		"pop":  func(s *visitor) { visits.Pop(s.Session) },
	} {
		spy := newSpyStore()
		with, without := accountOf(0, true), accountOf(0, false)
		older := newManagerOf(t, runtime.Config{Store: spy}, without, &visits)
		newer := newManagerOf(t, runtime.Config{Store: spy}, with, &visits)
		cookie := sealed(t, older, func(s *visitor) { without.Set(s.Session, 42); visits.Set(s.Session, 7) })
		s := newer.Open(t.Context(), []string{cookie})
		with.Get(s.Session)
		spy.set(func(_ context.Context, call, _ string) error {
			if call == "replace" {
				spy.set(nil, nil)
				if err := runtime.RevokeBy(t.Context(), newer, with, 42); err != nil {
					t.Error(err)
				}
				spy.set(nil, func(string, string) error { panic(name) }) // nothing comes after the write
			}
			return nil
		}, nil)
		func() {
			defer func() { recover() }()
			use(s)
			newer.Seal(s)
		}()
		spy.set(nil, nil)
		if s := newer.Open(t.Context(), []string{cookie}); with.Has(s.Session) {
			t.Errorf("%s: the revoked session lives", name)
		}
	}
}

// The same, and another request of the session meets what the first one wrote: it has not looked at the
// marks since, either.
func TestRevokePrincipalWhileIndexedByAnother(t *testing.T) {
	visits := runtime.Field[int]{Index: 1, Name: "Visits", Key: "visits", Encode: codec.EncodeInt[int], Decode: codec.DecodeInt[int]}
	theme := runtime.Field[string]{Index: 2, Name: "Theme", Key: "theme", Encode: codec.EncodeString[string], Decode: codec.DecodeString[string]}
	for name, use := range map[string]func(*visitor){
		"set": func(s *visitor) { theme.Set(s.Session, "dark") },
		"pop": func(s *visitor) { visits.Pop(s.Session) },
	} {
		store := runtime.NewMemoryStore(100)
		with, without := accountOf(0, true), accountOf(0, false)
		older := newManagerOf(t, runtime.Config{Store: store}, without, &visits, &theme)
		newer := newManagerOf(t, runtime.Config{Store: store}, with, &visits, &theme)
		cookie := sealed(t, older, func(s *visitor) { without.Set(s.Session, 42); visits.Set(s.Session, 7) })
		first, second := newer.Open(t.Context(), []string{cookie}), newer.Open(t.Context(), []string{cookie})
		if with.Get(first.Session) != 42 || with.Get(second.Session) != 42 {
			t.Fatal("the visitors are not logged in")
		}
		if err := runtime.RevokeBy(t.Context(), newer, with, 42); err != nil {
			t.Fatal(err)
		}
		seal(t, newer, first)
		use(second)
		seal(t, newer, second)
		if s := newer.Open(t.Context(), []string{cookie}); with.Has(s.Session) {
			t.Errorf("%s: the revoked session lives", name)
		}
	}
}
