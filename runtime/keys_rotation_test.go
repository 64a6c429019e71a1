package runtime_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

func TestRotation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log eventLog
		m := newManager(t, runtime.Config{Lifetime: time.Hour, OnEvent: log.record})
		s := m.Open(t.Context(), nil)
		fieldUser.Set(s.Session, "hubo")
		s.SetPermanent(true)
		id, expires := s.ID(), s.ExpiresAt()
		cookie := pair(t, seal(t, m, s))
		log.take()

		setKeys := func(text string) {
			t.Helper()
			if err := m.SetKeys(parseKeys(t, text)); err != nil {
				t.Fatal(err)
			}
		}
		setKeys(keyA + " " + keyB) // added, not yet promoted
		s = m.Open(t.Context(), []string{cookie})
		if fieldUser.Get(s.Session) != "hubo" || seal(t, m, s) != "" {
			t.Error("a cookie under the first key is sent again")
		}

		time.Sleep(20 * time.Minute)
		setKeys(keyB + " " + keyA)
		s = m.Open(t.Context(), []string{cookie})
		if fieldUser.Get(s.Session) != "hubo" || s.Modified() {
			t.Error("an old key does not open, or opening counts as a change")
		}
		line := seal(t, m, s)
		log.expect(t, runtime.Event{Kind: runtime.EventResealed})
		if c := parseCookie(t, line); c.MaxAge != 40*60 {
			t.Errorf("the resealed cookie has Max-Age=%d, want the remaining 40 minutes", c.MaxAge)
		}

		setKeys(keyB)
		if s = m.Open(t.Context(), []string{cookie}); !s.IsNew() {
			t.Error("a retired key opens")
		}
		log.expect(t, runtime.Event{Kind: runtime.EventRefused, Reason: runtime.RefusedUnknownKey})
		cookie = pair(t, line)
		s = m.Open(t.Context(), []string{cookie})
		if fieldUser.Get(s.Session) != "hubo" || s.ID() != id || !s.Permanent() || !s.ExpiresAt().Equal(expires) {
			t.Errorf("after the rotation, the session is %v, until %v", s, s.ExpiresAt())
		}
		if seal(t, m, s) != "" {
			t.Error("the session is resealed again")
		}
		time.Sleep(40 * time.Minute)
		if s = m.Open(t.Context(), []string{cookie}); !s.IsNew() {
			t.Error("resealing prolongs the session")
		}
	})
}

// A session that is open while the keys change is saved under the new ones.
func TestSetKeysDuringRequest(t *testing.T) {
	var log eventLog
	m := newManager(t, runtime.Config{OnEvent: log.record})
	cookie := sealed(t, m, func(s *visitor) { fieldUser.Set(s.Session, "hubo") })
	s := m.Open(t.Context(), []string{cookie})
	fieldVisits.Set(s.Session, 1)
	log.take()
	if err := m.SetKeys(parseKeys(t, keyC)); err != nil {
		t.Fatal(err)
	}
	s = reopen(t, m, s)
	if fieldUser.Get(s.Session) != "hubo" || fieldVisits.Get(s.Session) != 1 {
		t.Errorf("the session is %v, want it unchanged with one visit", s)
	}
	log.expect(t)
}

func TestSetKeysErrors(t *testing.T) {
	m := newManager(t, runtime.Config{})
	cookie := sealed(t, m, func(s *visitor) { fieldUser.Set(s.Session, "hubo") })
	if err := m.SetKeys(runtime.Keys{}); !errors.Is(err, runtime.ErrNoKeys) || err.Error() != "session: no keys" {
		t.Error(err)
	}
	if s := m.Open(t.Context(), []string{cookie}); fieldUser.Get(s.Session) != "hubo" {
		t.Error("after an error of SetKeys, the old keys do not open")
	}
}

// An empty session under an old key is not sealed again; one that is changed is saved as
// usual.
func TestRotationOfChangedSessions(t *testing.T) {
	var log eventLog
	old := newManager(t, runtime.Config{})
	m := newManager(t, runtime.Config{Keys: parseKeys(t, keyB+" "+keyA), OnEvent: log.record})
	cookie := sealed(t, old, func(s *visitor) { fieldUser.Set(s.Session, "hubo") })
	s := m.Open(t.Context(), []string{cookie})
	fieldUser.Set(s.Session, "eve")
	if got := fieldUser.Get(reopen(t, m, s).Session); got != "eve" {
		t.Errorf("got %q, want eve", got)
	}
	s = m.Open(t.Context(), []string{cookie})
	fieldUser.Clear(s.Session)
	if c := parseCookie(t, seal(t, m, s)); c.Value != "" {
		t.Errorf("the cookie is not deleted: %s", c.Raw)
	}
	s = m.Open(t.Context(), []string{craft(t, payload(metadata(time.Now())))})
	if s.IsNew() || seal(t, m, s) != "" {
		t.Error("an empty session is sealed again")
	}
	log.expect(t)
}
