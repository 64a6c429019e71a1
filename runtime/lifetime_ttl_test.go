package runtime_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

func TestTTL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newManager(t, runtime.Config{})
		start := time.Now()
		cookie := sealed(t, m, func(s *visitor) {
			fieldUser.Set(s.Session, "hubo")
			fieldCode.Set(s.Session, "123")
		})
		time.Sleep(5 * time.Minute)
		s := m.Open(t.Context(), []string{cookie})
		fieldUser.Set(s.Session, "eve") // saving does not put off the field's end
		cookie = pair(t, seal(t, m, s))

		for _, c := range []struct {
			after time.Duration
			alive bool
		}{{10*time.Minute - time.Second, true}, {10 * time.Minute, false}, {10*time.Minute + time.Second, false}} {
			time.Sleep(time.Until(start.Add(c.after)))
			s := m.Open(t.Context(), []string{cookie})
			if got := fieldCode.Has(s.Session); got != c.alive || fieldUser.Get(s.Session) != "eve" {
				t.Errorf("after %v: got session %v", c.after, s)
			}
			if s.Modified() || seal(t, m, s) != "" {
				t.Errorf("after %v: the expiry counts as a change", c.after)
			}
		}

		// Setting it again puts its end off, also to the same value.
		s = m.Open(t.Context(), nil)
		fieldCode.Set(s.Session, "123")
		cookie = pair(t, seal(t, m, s))
		time.Sleep(9 * time.Minute)
		s = m.Open(t.Context(), []string{cookie})
		fieldCode.Set(s.Session, "123")
		cookie = pair(t, seal(t, m, s))
		time.Sleep(9 * time.Minute)
		if s = m.Open(t.Context(), []string{cookie}); fieldCode.Get(s.Session) != "123" {
			t.Error("Set does not renew the ttl")
		}
		time.Sleep(time.Minute)
		if s = m.Open(t.Context(), []string{cookie}); fieldCode.Has(s.Session) || s.Modified() || seal(t, m, s) != "" {
			t.Errorf("the field did not expire, or that counts as a change: %v", s)
		}
	})
}

// A field's expiry does not carry over to another value.
func TestTTLEndsWithTheValue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newManager(t, runtime.Config{})
		s := m.Open(t.Context(), nil)
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
			t.Error("a new value expires with the old one")
		}
	})
}

// A field expires on its own, even if use extends the session.
func TestTTLWhileSliding(t *testing.T) {
	for _, off := range []time.Duration{-time.Second, 0, time.Second} {
		clock := newClock()
		m := newManager(t, runtime.Config{Sliding: true, IdleTimeout: 2 * time.Minute, Time: clock.now})
		j := newJar(clock.now)
		j.visit(t, m, func(s *visitor) {
			fieldUser.Set(s.Session, "hubo")
			fieldCode.Set(s.Session, "123")
			s.SetPermanent(true)
		})
		for range 9 {
			clock.advance(time.Minute)
			j.visit(t, m, read)
		}
		clock.advance(time.Minute + off)
		j.visit(t, m, func(s *visitor) {
			if s.IsNew() || fieldCode.Has(s.Session) != (off < 0) {
				t.Errorf("%v after the end: got session %v", off, s)
			}
		})
	}
}
