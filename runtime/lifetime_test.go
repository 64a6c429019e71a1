package runtime_test

import (
	"fmt"
	"strings"
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
			if s := m.Open(t.Context(), []string{cookie}); s.IsNew() {
				t.Error("the session expired a second early")
			}
			log.expect(t)
			for range 2 { // 0 s, then 1 s past
				time.Sleep(time.Second)
				s := m.Open(t.Context(), []string{cookie})
				if !s.IsNew() || fieldUser.Has(s.Session) {
					t.Error("the session outlives its lifetime")
				}
				log.expect(t, runtime.Event{Kind: runtime.EventRefused, Reason: runtime.RefusedExpired})
			}
		})
	}
}

// A save restarts the lifetime; reading does not.
func TestLifetimeBeginsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newManager(t, runtime.Config{Lifetime: time.Hour})
		cookie := sealed(t, m, func(s *visitor) { fieldVisits.Set(s.Session, 0) })
		for i := range 5 {
			time.Sleep(50 * time.Minute)
			s := m.Open(t.Context(), []string{cookie})
			if fieldVisits.Get(s.Session) != i || s.IsNew() {
				t.Fatalf("the session is lost after %d saves", i)
			}
			fieldVisits.Set(s.Session, i+1)
			cookie = pair(t, seal(t, m, s))
		}
	})
}

// TestEnds looks at sessions one second before their end, at it and after it. Each is
// saved once, and then only read at the given times.
func TestEnds(t *testing.T) {
	const s, min, hour = time.Second, time.Minute, time.Hour
	both, permanent, not := []bool{false, true}, []bool{true}, []bool{false}
	for _, c := range []struct {
		name      string
		cfg       runtime.Config
		permanent []bool
		uses      []time.Duration
		end       time.Duration
		reason    string
	}{
		{"Lifetime", runtime.Config{Lifetime: hour}, both, []time.Duration{30 * min, 59 * min}, hour, runtime.RefusedExpired},
		{"AbsoluteTimeout", runtime.Config{Lifetime: hour, AbsoluteTimeout: 40 * min}, both, []time.Duration{30 * min}, 40 * min, runtime.RefusedExpired},

		{"IdleTimeout", runtime.Config{IdleTimeout: 30 * min}, both, nil, 30 * min, runtime.RefusedIdle},
		{"IdleTimeout, used", runtime.Config{IdleTimeout: 30 * min}, both, []time.Duration{20 * min}, 50 * min, runtime.RefusedIdle},
		{"IdleTimeout, used until the last second", runtime.Config{IdleTimeout: 30 * min}, both,
			[]time.Duration{30*min - s, 60*min - 2*s}, 90*min - 2*s, runtime.RefusedIdle},
		{"IdleTimeout, used too soon to matter", runtime.Config{IdleTimeout: 30 * min}, both, []time.Duration{3*min - s}, 30 * min, runtime.RefusedIdle},
		{"IdleTimeout, used just late enough", runtime.Config{IdleTimeout: 30 * min}, both, []time.Duration{3 * min}, 33 * min, runtime.RefusedIdle},
		{"IdleTimeout, used too soon after that", runtime.Config{IdleTimeout: 30 * min}, both, []time.Duration{3 * min, 6*min - s}, 33 * min, runtime.RefusedIdle},
		{"RefreshAfter, used too soon", runtime.Config{IdleTimeout: 30 * min, RefreshAfter: 10 * min}, both,
			[]time.Duration{10*min - s}, 30 * min, runtime.RefusedIdle},
		{"RefreshAfter, used late enough", runtime.Config{IdleTimeout: 30 * min, RefreshAfter: 10 * min}, both,
			[]time.Duration{10 * min}, 40 * min, runtime.RefusedIdle},
		{"short IdleTimeout", runtime.Config{IdleTimeout: 9 * s}, both, []time.Duration{0, s, 2 * s}, 11 * s, runtime.RefusedIdle},
		{"IdleTimeout and Lifetime", runtime.Config{IdleTimeout: 30 * min, Lifetime: 45 * min}, both,
			[]time.Duration{20 * min, 40 * min}, 45 * min, runtime.RefusedExpired},
		{"IdleTimeout and AbsoluteTimeout", runtime.Config{IdleTimeout: 30 * min, AbsoluteTimeout: 45 * min}, both,
			[]time.Duration{20 * min, 40 * min}, 45 * min, runtime.RefusedExpired},
		{"IdleTimeout longer than Lifetime", runtime.Config{IdleTimeout: 100 * hour, Lifetime: hour}, both, []time.Duration{59 * min}, hour, runtime.RefusedExpired},
		{"IdleTimeout as long as Lifetime", runtime.Config{IdleTimeout: hour, Lifetime: hour}, both, nil, hour, runtime.RefusedExpired},

		{"Sliding", runtime.Config{Lifetime: hour, Sliding: true}, permanent, []time.Duration{30 * min, 80 * min}, 140 * min, runtime.RefusedExpired},
		{"Sliding, not permanent", runtime.Config{Lifetime: hour, Sliding: true}, not, []time.Duration{30 * min, 59 * min}, hour, runtime.RefusedExpired},
		{"Sliding, used too soon", runtime.Config{Lifetime: hour, Sliding: true}, permanent, []time.Duration{6*min - s}, hour, runtime.RefusedExpired},
		{"Sliding, used just late enough", runtime.Config{Lifetime: hour, Sliding: true}, permanent, []time.Duration{6 * min}, 66 * min, runtime.RefusedExpired},
		{"Sliding and AbsoluteTimeout", runtime.Config{Lifetime: hour, Sliding: true, AbsoluteTimeout: 100 * min}, permanent,
			[]time.Duration{50 * min, 90 * min}, 100 * min, runtime.RefusedExpired},
		{"Sliding and AbsoluteTimeout, not permanent", runtime.Config{Lifetime: hour, Sliding: true, AbsoluteTimeout: 40 * min}, not,
			[]time.Duration{30 * min}, 40 * min, runtime.RefusedExpired},
		{"Sliding and IdleTimeout", runtime.Config{Lifetime: hour, Sliding: true, IdleTimeout: 30 * min}, permanent,
			[]time.Duration{20 * min, 40 * min, 60 * min, 80 * min}, 110 * min, runtime.RefusedIdle},
		{"Sliding and IdleTimeout, not permanent", runtime.Config{Lifetime: hour, Sliding: true, IdleTimeout: 30 * min}, not,
			[]time.Duration{20 * min, 40 * min, 59 * min}, hour, runtime.RefusedExpired},
	} {
		for _, permanent := range c.permanent {
			for _, keepsAll := range []bool{false, true} {
				for _, off := range []time.Duration{-s, 0, s} {
					t.Run(fmt.Sprint(c.name, " permanent=", permanent, " thief=", keepsAll, " ", off), func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) {
							var log eventLog
							cfg := c.cfg
							cfg.OnEvent = log.record
							m := newManager(t, cfg)
							j := newJar(time.Now)
							j.keepsAll = keepsAll
							start := time.Now()
							j.visit(t, m, func(s *visitor) { fieldUser.Set(s.Session, "hubo"); s.SetPermanent(permanent) })
							for _, at := range c.uses {
								time.Sleep(time.Until(start.Add(at)))
								data := j.value("__Host-session")
								sent := j.visit(t, m, func(s *visitor) {
									if s.IsNew() {
										t.Fatalf("the session is lost after %v", at)
									}
								})
								if sent != "" && sent != "__Host-session-seen" || j.value("__Host-session") != data {
									t.Errorf("a request that reads sends %q", sent)
								}
							}
							log.take()
							time.Sleep(time.Until(start.Add(c.end + off)))
							j.visit(t, m, func(s *visitor) {
								if got := !s.IsNew(); got != (off < 0) {
									t.Errorf("got alive %v, want %v", got, off < 0)
								}
								if off < 0 && !s.ExpiresAt().Equal(start.Add(c.end)) {
									t.Errorf("ExpiresAt is off by %v", s.ExpiresAt().Sub(start.Add(c.end)))
								}
							})
							if off >= 0 && keepsAll {
								log.expect(t, runtime.Event{Kind: runtime.EventRefused, Reason: c.reason})
							}
						})
					})
				}
			}
		}
	}
}

func TestAbsoluteTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newManager(t, runtime.Config{Lifetime: time.Hour, AbsoluteTimeout: 3 * time.Hour})
		s := m.Open(t.Context(), nil)
		fieldVisits.Set(s.Session, 1)
		s.SetPermanent(true)
		for i := 2; i <= 4; i++ { // however often it is saved
			cookie := pair(t, seal(t, m, s))
			time.Sleep(50 * time.Minute)
			s = m.Open(t.Context(), []string{cookie})
			if fieldVisits.Get(s.Session) != i-1 {
				t.Fatalf("the session ended after %d changes", i)
			}
			fieldVisits.Set(s.Session, i)
		}
		line := seal(t, m, s)
		if got := parseCookie(t, line).MaxAge; got != 30*60 {
			t.Errorf("half an hour before the end, got Max-Age %d", got)
		}
		if left := time.Until(s.ExpiresAt()); left != 30*time.Minute {
			t.Errorf("half an hour before the end, the session expires in %v", left)
		}
		time.Sleep(30*time.Minute - time.Second)
		if s := m.Open(t.Context(), []string{pair(t, line)}); s.IsNew() {
			t.Error("the session ended a second early")
		}
		time.Sleep(time.Second)
		if s := m.Open(t.Context(), []string{pair(t, line)}); !s.IsNew() {
			t.Error("the session did not end")
		}
	})
	for _, bad := range []time.Duration{-time.Second, time.Millisecond} {
		_, err := runtime.NewManager(runtime.Config{Keys: parseKeys(t, keyA), AbsoluteTimeout: bad},
			func(s runtime.Session) visitor { return visitor{s} }, fields...)
		if err == nil || !strings.Contains(err.Error(), "Config.AbsoluteTimeout is "+bad.String()) {
			t.Errorf("%v: got error %v", bad, err)
		}
	}
}

func TestExpiresAtOfChanges(t *testing.T) {
	clock := newClock()
	m := newManager(t, runtime.Config{IdleTimeout: time.Hour, Lifetime: 10 * time.Hour, AbsoluteTimeout: 11 * time.Hour, Time: clock.now})
	j := newJar(clock.now)
	start := clock.now()
	expires := func(what string, change func(*visitor), want time.Duration) {
		t.Helper()
		j.visit(t, m, func(s *visitor) {
			if change != nil {
				change(s)
			}
			if got := s.ExpiresAt().Sub(start); got != want {
				t.Errorf("%s: got %v, want %v", what, got, want)
			}
		})
	}
	set := func(s *visitor) { fieldVisits.Update(s.Session, func(n int) int { return n + 1 }) }
	expires("new", nil, time.Hour)
	expires("first save", set, time.Hour)
	clock.advance(50 * time.Minute)
	expires("read", nil, time.Hour)
	expires("read again", nil, 110*time.Minute) // as the browser now has it
	clock.advance(50 * time.Minute)
	expires("changed", set, 160*time.Minute)
	for range 9 {
		clock.advance(55 * time.Minute)
		expires("changed later", set, min(11*time.Hour, clock.now().Sub(start)+time.Hour))
	}
	expires("destroyed", func(s *visitor) { s.Destroy() }, clock.now().Sub(start)+time.Hour)
}

// A request that does not touch the session does not count as a use of it.
func TestUntouchedIsNoUse(t *testing.T) {
	clock := newClock()
	m := newManager(t, runtime.Config{IdleTimeout: time.Hour, Sliding: true, Time: clock.now})
	j := newJar(clock.now)
	j.visit(t, m, func(s *visitor) { fieldUser.Set(s.Session, "hubo"); s.SetPermanent(true) })
	h := site(m)
	for range 2 {
		clock.advance(30 * time.Minute)
		for _, path := range []string{"/untouched", "/asked"} {
			if got := setCookies(serveFrom(h, path, j.header())); len(got) != 0 {
				t.Errorf("%s sends %q", path, got)
			}
		}
	}
	j.visit(t, m, func(s *visitor) {
		if !s.IsNew() {
			t.Error("an untouched session is kept alive")
		}
	})
}
