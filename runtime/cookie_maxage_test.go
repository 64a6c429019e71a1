package runtime_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

func TestMaxAges(t *testing.T) {
	const min, hour = time.Minute, time.Hour
	for _, c := range []struct {
		name       string
		cfg        runtime.Config
		change     time.Duration // after the first save
		use        time.Duration // after the change
		data, seen time.Duration // 0 for none
	}{
		{"plain", runtime.Config{}, 0, hour, 31 * day, 0},
		{"absolute", runtime.Config{AbsoluteTimeout: 2 * hour}, hour, hour - min, hour, 0},
		{"absolute beyond Lifetime", runtime.Config{Lifetime: hour, AbsoluteTimeout: 10 * hour}, 30 * min, 30 * min, hour, 0},
		{"idle", runtime.Config{IdleTimeout: hour}, 0, 30 * min, 31 * day, hour},
		{"idle, near the end of Lifetime", runtime.Config{IdleTimeout: hour, Lifetime: 70 * min}, 0, 30 * min, 70 * min, 40 * min},
		{"idle, near the absolute end", runtime.Config{IdleTimeout: hour, AbsoluteTimeout: 2 * hour}, 50 * min, 50 * min, 70 * min, 20 * min},
		{"sliding", runtime.Config{Sliding: true}, 10 * day, 20 * day, 400 * day, 31 * day},
		{"sliding, longest", runtime.Config{Sliding: true, Lifetime: 400 * day}, 10 * day, 100 * day, 400 * day, 400 * day},
		{"sliding and absolute", runtime.Config{Sliding: true, Lifetime: day, AbsoluteTimeout: 90 * day}, 23 * hour, 23 * hour, 90*day - 23*hour, day},
		{"sliding, near the absolute end", runtime.Config{Sliding: true, Lifetime: day, AbsoluteTimeout: 2 * day}, 20 * hour, 20 * hour, 28 * hour, 8 * hour},
		{"sliding and an absolute end beyond 400 days", runtime.Config{Sliding: true, Lifetime: day, AbsoluteTimeout: 1000 * day}, 20 * hour, 20 * hour, 400 * day, day},
		{"sliding and idle", runtime.Config{Sliding: true, Lifetime: day, IdleTimeout: hour}, 10 * min, 50 * min, 400 * day, hour},
	} {
		for _, permanent := range []bool{true, false} {
			clock := newClock()
			c.cfg.Time = clock.now
			m := newManager(t, c.cfg)
			j := newJar(clock.now)
			maxAges := func(use func(*visitor)) map[string]time.Duration {
				lines, err := j.try(t, m, use)
				if err != nil {
					t.Fatal(err)
				}
				ages := make(map[string]time.Duration)
				for _, line := range lines {
					cookie := parseCookie(t, line)
					ages[cookie.Name] = time.Duration(cookie.MaxAge) * time.Second
					if cookie.MaxAge > 0 && !cookie.Expires.Equal(clock.now().Add(ages[cookie.Name])) {
						t.Errorf("%s: Expires does not agree with Max-Age: %s", c.name, line)
					}
					if cookie.MaxAge == 0 && cookie.RawExpires != "" {
						t.Errorf("%s: Expires without Max-Age: %s", c.name, line)
					}
				}
				return ages
			}
			wantData, wantSeen := map[string]time.Duration{dataName: c.data}, map[string]time.Duration{seenName: c.seen}
			if c.seen == 0 || !permanent && c.cfg.IdleTimeout == 0 {
				wantSeen = map[string]time.Duration{}
			} else if !permanent {
				wantSeen = map[string]time.Duration{seenName: 0}
			}
			if !permanent {
				wantData[dataName] = 0
			}
			maxAges(func(s *visitor) { fieldUser.Set(s.Session, "hubo"); s.SetPermanent(permanent) })
			clock.advance(c.change)
			if got := maxAges(func(s *visitor) { fieldVisits.Set(s.Session, 1) }); fmt.Sprint(got) != fmt.Sprint(wantData) {
				t.Errorf("%s, after a change: got %v, want %v", c.name, got, wantData)
			}
			if !permanent && c.use >= day { // past its Lifetime
				continue
			}
			clock.advance(c.use)
			if got := maxAges(read); fmt.Sprint(got) != fmt.Sprint(wantSeen) {
				t.Errorf("%s, permanent %v, after a use: got %v, want %v", c.name, permanent, got, wantSeen)
			}
		}
	}
}

// A key is replaced while a sliding session is old: its cookie is then a new one, for
// which the browser's 400 days begin again.
func TestMaxAgeOfResealedSliding(t *testing.T) {
	clock := newClock()
	m := newManager(t, runtime.Config{Sliding: true, Lifetime: 31 * day, Time: clock.now})
	j := newJar(clock.now)
	j.visit(t, m, func(s *visitor) { fieldUser.Set(s.Session, "hubo"); s.SetPermanent(true) })
	for range 13 {
		clock.advance(30 * day)
		j.visit(t, m, read)
	}
	m.SetKeys(parseKeys(t, keyB+" "+keyA))
	lines, err := j.try(t, m, read)
	if len(lines) != 2 || err != nil {
		t.Fatalf("got cookies %q, %v, want two", lines, err)
	}
	if c := parseCookie(t, lines[0]); c.MaxAge != 400*24*3600 {
		t.Errorf("after 390 days: got Max-Age %v, want 400 days", time.Duration(c.MaxAge)*time.Second)
	}
}
