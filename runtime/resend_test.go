package runtime_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// A permanent session that is used and never changed lives for as long as it is used, though
// browsers keep no cookie for more than 400 days.
func TestSlidingBeyond400Days(t *testing.T) {
	if testing.Short() {
		t.Skip("this test repeats much")
	}
	for _, home := range []string{"cookie", "chunks", "revocations", "store"} {
		for _, c := range []struct {
			every, lifetime, absolute time.Duration
			most                      int // how often the session's cookie may be sent again in 1500 days
		}{
			{day, 31 * day, 0, 11},
			{30 * day, 31 * day, 0, 11},
			{7 * time.Hour, 8 * time.Hour, 0, 11},
			{250 * day, 266 * day, 0, 6},
			{day, 31 * day, 1600 * day, 10},
		} {
			t.Run(fmt.Sprintf("%s/every %v", home, c.every), func(t *testing.T) {
				clock := newClock()
				cfg := runtime.Config{Name: "s", Sliding: true, Lifetime: c.lifetime, AbsoluteTimeout: c.absolute, Time: clock.now}
				switch home {
				case "chunks":
					cfg.MaxChunks = 4
				case "revocations":
					cfg.Revocations = runtime.NewMemoryStore(10)
				case "store":
					if c.every > day {
						t.Skip("a MemoryStore uses the real clock")
					}
					cfg.Store = runtime.NewMemoryStore(10)
				}
				m := newManager(t, cfg)
				j := newJar(clock.now)
				j.visit(t, m, func(s *visitor) { logIn(home, 42)(s); s.SetPermanent(true) })
				sent := 0
				for range 1500 * day / c.every {
					clock.advance(c.every)
					before := j.value("s")
					j.visit(t, m, func(s *visitor) {
						if fieldAccount.Get(s.Session) != 42 {
							t.Fatalf("the visitor is logged out at %v", clock.now())
						}
					})
					if j.value("s") != before {
						sent++
					}
				}
				if sent == 0 || sent > c.most {
					t.Errorf("the session's cookie was sent %d times, want 1 to %d", sent, c.most)
				}
			})
		}
	}
}

// Values that need not be sent again are not sent: they could overwrite a parallel request's
// change.
func TestNotSentAgain(t *testing.T) {
	for name, c := range map[string]struct {
		cfg       runtime.Config
		permanent bool
		after     time.Duration
		want      bool
	}{
		"a third of 400 days":       {runtime.Config{Sliding: true, Lifetime: 400 * day}, true, 3200 * time.Hour, true},
		"less":                      {runtime.Config{Sliding: true, Lifetime: 400 * day}, true, 3200*time.Hour - time.Second, false},
		"not sliding":               {runtime.Config{Lifetime: 400 * day}, true, 399 * day, false},
		"idle":                      {runtime.Config{IdleTimeout: 390 * day, Lifetime: 400 * day}, true, 380 * day, false},
		"not permanent":             {runtime.Config{Sliding: true, Lifetime: 400 * day}, false, 399 * day, false},
		"until the absolute end":    {runtime.Config{Sliding: true, Lifetime: 300 * day, AbsoluteTimeout: 400 * day}, true, 299 * day, false},
		"before the absolute end":   {runtime.Config{Sliding: true, Lifetime: 300 * day, AbsoluteTimeout: 401 * day}, true, 299 * day, true},
		"a clock that was set back": {runtime.Config{Sliding: true, Lifetime: 400 * day}, true, -time.Hour, false},
	} {
		clock := newClock()
		c.cfg.Name, c.cfg.Time = "s", clock.now
		var log eventLog
		c.cfg.OnEvent = log.record
		m := newManager(t, c.cfg)
		j := newJar(clock.now)
		j.visit(t, m, func(s *visitor) { fieldUser.Set(s.Session, "hubo"); s.SetPermanent(c.permanent) })
		before := j.value("s")
		clock.advance(c.after)
		log.take()
		j.visit(t, m, func(s *visitor) {
			if fieldUser.Get(s.Session) != "hubo" {
				t.Errorf("%s: the visitor is logged out", name)
			}
		})
		if got := j.value("s") != before; got != c.want {
			t.Errorf("%s: the session was sent again: got %v, want %v", name, got, c.want)
		}
		log.expect(t) // it is no event
	}
}
