package runtime_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

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
										t.Fatalf("lost after %v", at)
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
									t.Errorf("alive: %v", got)
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

// A field's end is its own, whatever uses put off for the session.
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
				t.Errorf("%v: %v", off, s)
			}
		})
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
				t.Errorf("%s: %v, want %v", what, got, want)
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
				if s.IsNew() || !s.ExpiresAt().Equal(start.Add(50*time.Minute)) {
					t.Errorf("set back: new %v, until %v", s.IsNew(), s.ExpiresAt().Sub(start))
				}
				if change {
					fieldVisits.Set(s.Session, 1)
				}
			})
			if want := map[bool]string{false: "", true: "__Host-session"}[change]; sent != want {
				t.Errorf("set back: sent %q, want %q", sent, want)
			}
			j.visit(t, m, func(s *visitor) {
				if !s.CreatedAt().Equal(start) || !s.ExpiresAt().Equal(start.Add(50*time.Minute)) {
					t.Errorf("set back: created %v, until %v", s.CreatedAt().Sub(start), s.ExpiresAt().Sub(start))
				}
			})

			clock.set(start.Add(50*time.Minute + off))
			j.visit(t, m, func(s *visitor) {
				if s.IsNew() != (off >= 0) {
					t.Errorf("%v after the end: new %v", off, s.IsNew())
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
		t.Errorf("sent %q", sent)
	}
	clock.advance(time.Hour + 29*time.Minute)
	j.visit(t, m, func(s *visitor) {
		if s.IsNew() {
			t.Error("the session was used 29 minutes ago, and is lost")
		}
	})
}

// A clock of the program's own may say anything.
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
				t.Errorf("%v: new %v, created %v, until %v", now, s.IsNew(), s.CreatedAt(), s.ExpiresAt())
			}
		})
	}
}

// What was saved a moment ago needs no companion, nor does what is saved now.
func TestSaveCarriesTheLastUse(t *testing.T) {
	clock := newClock()
	m := newManager(t, runtime.Config{IdleTimeout: 30 * time.Minute, Time: clock.now})
	j := newJar(clock.now)
	var got []string
	for _, use := range []func(*visitor){
		func(s *visitor) { fieldVisits.Set(s.Session, 1) }, read,
		func(s *visitor) { fieldVisits.Set(s.Session, 2) }, read,
		func(s *visitor) {}, // which is no use
		read, read,
	} {
		got = append(got, j.visit(t, m, use))
		clock.advance(2 * time.Minute)
	}
	const data, seen = "__Host-session", "__Host-session-seen"
	if want := []string{data, "", data, "", "", seen, ""}; !slices.Equal(got, want) {
		t.Errorf("sent %q, want %q", got, want)
	}
}

// Saving again within a response says the same again, in place of what was there.
func TestRepeatedSaves(t *testing.T) {
	clock := newClock()
	m := newManager(t, runtime.Config{Name: "s", IdleTimeout: time.Hour, MaxChunks: 4, Time: clock.now})
	blob := make([]byte, 8000)
	for _, c := range []struct {
		name string
		uses []func(*visitor)
		want string // after each save
	}{
		{"read", []func(*visitor){read, read}, "s-seen,s-seen"},
		{"read, change", []func(*visitor){read, func(s *visitor) { fieldUser.Set(s.Session, "eve") }}, "s-seen,s"},
		{"change, read", []func(*visitor){func(s *visitor) { fieldUser.Set(s.Session, "eve") }, read}, "s,s"},
		{"grow, shrink", []func(*visitor){
			func(s *visitor) { fieldBlob.Set(s.Session, blob) },
			func(s *visitor) { fieldBlob.Clear(s.Session) },
		}, "s s-2 s-3,s -s-2 -s-3"},
		{"grow, clear", []func(*visitor){
			func(s *visitor) { fieldBlob.Set(s.Session, blob) },
			func(s *visitor) { s.Clear() },
		}, "s s-2 s-3,-s -s-2 -s-3"},
		{"read, destroy", []func(*visitor){read, func(s *visitor) { s.Destroy() }}, "s-seen,-s -s-seen"},
		{"destroy, set, grow", []func(*visitor){
			func(s *visitor) { s.Destroy() },
			func(s *visitor) { fieldUser.Set(s.Session, "eve") },
			func(s *visitor) { fieldBlob.Set(s.Session, blob) },
		}, "-s,s,s s-2 s-3"},
	} {
		j := newJar(clock.now)
		j.visit(t, m, func(s *visitor) { fieldUser.Set(s.Session, "hubo") })
		clock.advance(10 * time.Minute)
		s := m.Open(j.header())
		var got string
		for i, use := range c.uses {
			use(s)
			lines, err := m.Seal(s)
			if err != nil {
				t.Fatal(err)
			}
			if i > 0 {
				got += ","
			}
			got += summary(t, lines)
			j.receive(t, lines) // also if each save had its own response
		}
		if got != c.want {
			t.Errorf("%s: sent %q, want %q", c.name, got, c.want)
		}
		want := fmt.Sprint(s)
		j.visit(t, m, func(s *visitor) {
			if got := fmt.Sprint(s); got != want {
				t.Errorf("%s: saved %.100s, want %.100s", c.name, got, want)
			}
		})
	}
}
