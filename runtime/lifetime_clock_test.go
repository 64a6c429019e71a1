package runtime_test

import (
	"errors"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

func TestClockSetBack(t *testing.T) {
	m := newManager(t, runtime.Config{Lifetime: 2 * time.Hour})
	ahead := time.Now().Add(time.Hour).Truncate(time.Second)
	s := m.Open(t.Context(), []string{craft(t, payload(metadata(ahead, mapping("code", 600)), "user", "hubo", "code", "123"))})
	now := ahead.Add(-time.Hour)
	if s.IsNew() || fieldUser.Get(s.Session) != "hubo" || fieldCode.Get(s.Session) != "123" || s.CreatedAt().Sub(now).Abs() > 5*time.Second {
		t.Errorf("the session does not survive the clock: %v", s)
	}
	fieldAccount.Set(s.Session, 7)
	// Times that are ahead count as now.
	if s.ExpiresAt().Sub(now.Add(2*time.Hour)).Abs() > 5*time.Second {
		t.Errorf("the end changed: until %v", s.ExpiresAt())
	}
	s.SetPermanent(true)
	line := seal(t, m, s)
	if c := parseCookie(t, line); c.MaxAge != 2*3600 {
		t.Errorf("got Max-Age=%d, want 2 hours", c.MaxAge)
	}
	s = m.Open(t.Context(), []string{pair(t, line)})
	if fieldUser.Get(s.Session) != "hubo" || s.CreatedAt().Sub(now).Abs() > 5*time.Second || s.AuthenticatedAt().Sub(now).Abs() > 5*time.Second {
		t.Errorf("the changed session does not survive: %v", s)
	}
}

// The clock goes back by an hour and comes back: nobody is logged out, and nothing
// lives longer for good.
func TestClockSetBackBetweenRequests(t *testing.T) {
	for _, change := range []bool{false, true} {
		for _, off := range []time.Duration{-time.Second, 0, time.Second} {
			clock := newClock()
			start := clock.now()
			m := newManager(t, runtime.Config{IdleTimeout: 30 * time.Minute, Sliding: true, Lifetime: 2 * time.Hour, Time: clock.now})
			j := newJar(clock.now)
			j.visit(t, m, func(s *visitor) { fieldUser.Set(s.Session, "hubo"); s.SetPermanent(true) })
			clock.advance(20 * time.Minute)
			j.visit(t, m, read)

			clock.advance(-time.Hour)
			sent := j.visit(t, m, func(s *visitor) {
				// Times in the future count as now.
				if s.IsNew() || !s.ExpiresAt().Equal(clock.now().Add(30*time.Minute)) {
					t.Errorf("set back: got a new session %v, until %v", s.IsNew(), s.ExpiresAt().Sub(start))
				}
				if change {
					fieldVisits.Set(s.Session, 1)
				}
			})
			if want := map[bool]string{false: "", true: "__Host-session"}[change]; sent != want {
				t.Errorf("set back: got cookies %q, want %q", sent, want)
			}
			j.visit(t, m, func(s *visitor) {
				if !s.CreatedAt().Equal(clock.now()) || !s.ExpiresAt().Equal(clock.now().Add(30*time.Minute)) {
					t.Errorf("set back: got created %v, until %v", s.CreatedAt().Sub(start), s.ExpiresAt().Sub(start))
				}
			})

			clock.set(start.Add(50*time.Minute + off))
			j.visit(t, m, func(s *visitor) {
				if s.IsNew() != (off >= 0) {
					t.Errorf("%v after the end: got a new session %v", off, s.IsNew())
				}
			})
		}
	}
}

// The clock is behind when a key is replaced, and right again afterwards.
func TestClockSetBackDuringRotation(t *testing.T) {
	clock := newClock()
	m := newManager(t, runtime.Config{IdleTimeout: 30 * time.Minute, Time: clock.now})
	j := newJar(clock.now)
	j.visit(t, m, func(s *visitor) { fieldUser.Set(s.Session, "hubo") })
	clock.advance(20 * time.Minute)
	j.visit(t, m, read)
	m.SetKeys(parseKeys(t, keyB+" "+keyA))
	clock.advance(-time.Hour)
	if sent := j.visit(t, m, read); sent != "__Host-session __Host-session-seen" {
		t.Errorf("got cookies %q, want the session and the companion", sent)
	}
	clock.advance(time.Hour + 29*time.Minute)
	j.visit(t, m, func(s *visitor) {
		if s.IsNew() {
			t.Error("a session that was used 29 minutes ago is lost")
		}
	})
}

// The program's clock may return anything.
func TestOddClocks(t *testing.T) {
	for _, now := range []time.Time{
		time.Unix(0, 0), time.Unix(0, 1), time.Unix(1, 999_999_999), time.Unix(1<<31, 0), time.Unix(1<<33, 0),
		time.Date(9999, 12, 31, 23, 0, 0, 0, time.FixedZone("east", 14*3600)),
	} {
		m := newManager(t, runtime.Config{IdleTimeout: time.Hour, Sliding: true, Time: func() time.Time { return now }})
		j := newJar(func() time.Time { return now })
		j.visit(t, m, func(s *visitor) { fieldUser.Set(s.Session, "hubo"); s.SetPermanent(true) })
		j.visit(t, m, func(s *visitor) {
			if s.IsNew() || s.CreatedAt().Unix() != now.Unix() || s.ExpiresAt().Unix() != now.Unix()+3600 {
				t.Errorf("%v: got a new session %v, created %v, until %v", now, s.IsNew(), s.CreatedAt(), s.ExpiresAt())
			}
		})
	}
}

// A clock that is not set makes sessions of 1970, and these can be opened.
func TestClockBefore1970(t *testing.T) {
	m := newManager(t, runtime.Config{Time: func() time.Time { return time.Time{} }})
	s := m.Open(t.Context(), nil)
	fieldAccount.Set(s.Session, 7)
	fieldUser.Set(s.Session, "hubo")
	fieldCode.Set(s.Session, "1234")
	if s = reopen(t, m, s); fieldUser.Get(s.Session) != "hubo" || fieldCode.Get(s.Session) != "1234" {
		t.Errorf("the session does not survive: %v", s)
	}
	if at := s.AuthenticatedAt(); at.IsZero() || at.Unix() > 1 {
		t.Errorf("got authenticated at %v", at)
	}
}

// A clock that panics does not leave the session locked.
func TestPanickingClock(t *testing.T) {
	broken := errors.New("no clock")
	m := newManager(t, runtime.Config{})
	cookie := sealed(t, m, func(s *visitor) { fieldUser.Set(s.Session, "hubo") })
	m = newManager(t, runtime.Config{Time: func() time.Time { panic(broken) }})
	s := m.Open(t.Context(), []string{cookie})
	for range 2 {
		func() {
			defer func() { recover() }()
			fieldUser.Get(s.Session)
		}()
	}
}
