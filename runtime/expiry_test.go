package runtime_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

func TestLifetime(t *testing.T) {
	for _, permanent := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var log eventLog
			m := newManager(t, runtime.Config{Lifetime: time.Hour, OnEvent: log.record})
			cookie := sealed(t, m, func(s *visitor) {
				fieldUser.Set(s.Session, "hubo")
				s.SetPermanent(permanent)
			})
			log.take()
			time.Sleep(time.Hour - time.Second)
			if s := m.Open([]string{cookie}); s.IsNew() {
				t.Error("expired a second early")
			}
			log.expect(t)
			for range 2 { // 0 s, then 1 s past
				time.Sleep(time.Second)
				s := m.Open([]string{cookie})
				if !s.IsNew() || fieldUser.Has(s.Session) {
					t.Error("alive past its lifetime")
				}
				log.expect(t, runtime.Event{Kind: runtime.EventRefused, Reason: runtime.RefusedExpired})
			}
		})
	}
}

// A save begins the lifetime again; reading does not.
func TestLifetimeBeginsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newManager(t, runtime.Config{Lifetime: time.Hour})
		cookie := sealed(t, m, func(s *visitor) { fieldVisits.Set(s.Session, 0) })
		for i := range 5 {
			time.Sleep(50 * time.Minute)
			s := m.Open([]string{cookie})
			if fieldVisits.Get(s.Session) != i || s.IsNew() {
				t.Fatalf("lost after %d saves", i)
			}
			fieldVisits.Set(s.Session, i+1)
			cookie = pair(t, seal(t, m, s))
		}
	})
}

func TestTTL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newManager(t, runtime.Config{})
		start := time.Now()
		cookie := sealed(t, m, func(s *visitor) {
			fieldUser.Set(s.Session, "hubo")
			fieldCode.Set(s.Session, "123")
		})
		time.Sleep(5 * time.Minute)
		s := m.Open([]string{cookie})
		fieldUser.Set(s.Session, "eve") // saving does not put off the field's end
		cookie = pair(t, seal(t, m, s))

		for _, c := range []struct {
			after time.Duration
			alive bool
		}{{10*time.Minute - time.Second, true}, {10 * time.Minute, false}, {10*time.Minute + time.Second, false}} {
			time.Sleep(time.Until(start.Add(c.after)))
			s := m.Open([]string{cookie})
			if got := fieldCode.Has(s.Session); got != c.alive || fieldUser.Get(s.Session) != "eve" {
				t.Errorf("after %v: %v", c.after, s)
			}
			if s.Modified() || seal(t, m, s) != "" {
				t.Errorf("after %v: a change", c.after)
			}
		}

		// Setting it again puts its end off, also to the same value.
		s = m.Open(nil)
		fieldCode.Set(s.Session, "123")
		cookie = pair(t, seal(t, m, s))
		time.Sleep(9 * time.Minute)
		s = m.Open([]string{cookie})
		fieldCode.Set(s.Session, "123")
		cookie = pair(t, seal(t, m, s))
		time.Sleep(9 * time.Minute)
		if s = m.Open([]string{cookie}); fieldCode.Get(s.Session) != "123" {
			t.Error("not put off")
		}
		time.Sleep(time.Minute)
		if s = m.Open([]string{cookie}); fieldCode.Has(s.Session) || s.Modified() || seal(t, m, s) != "" {
			t.Errorf("not expired, or a change: %v", s)
		}
	})
}

// A field's end does not stay behind for another value.
func TestTTLEndsWithTheValue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newManager(t, runtime.Config{})
		s := m.Open(nil)
		fieldCode.Set(s.Session, "123")
		fieldUser.Set(s.Session, "hubo")
		s = reopen(t, m, s)
		fieldCode.Clear(s.Session)
		s = reopen(t, m, s)
		time.Sleep(9 * time.Minute)
		fieldCode.Set(s.Session, "456")
		s = reopen(t, m, s)
		time.Sleep(9 * time.Minute)
		fieldVisits.Set(s.Session, 1)
		if s = reopen(t, m, s); fieldCode.Get(s.Session) != "456" {
			t.Error("expired with the value before")
		}
	})
}

func TestClockSetBack(t *testing.T) {
	m := newManager(t, runtime.Config{Lifetime: 2 * time.Hour})
	ahead := time.Now().Add(time.Hour).Truncate(time.Second)
	s := m.Open([]string{craft(t, payload(metadata(ahead, mapping("code", 600)), "user", "hubo", "code", "123"))})
	if s.IsNew() || fieldUser.Get(s.Session) != "hubo" || fieldCode.Get(s.Session) != "123" || !s.CreatedAt().Equal(ahead) {
		t.Errorf("lost: %v", s)
	}
	fieldAccount.Set(s.Session, 7)
	if !s.ExpiresAt().Equal(ahead.Add(2 * time.Hour)) {
		t.Errorf("changed: until %v", s.ExpiresAt())
	}
	s.SetPermanent(true)
	line := seal(t, m, s)
	if c := parseCookie(t, line); c.MaxAge != 2*3600 {
		t.Errorf("Max-Age=%d", c.MaxAge)
	}
	s = m.Open([]string{pair(t, line)})
	if fieldUser.Get(s.Session) != "hubo" || !s.CreatedAt().Equal(ahead) || s.AuthenticatedAt().IsZero() {
		t.Errorf("lost: %v", s)
	}
}
