package chromium

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

const (
	data = "__Host-session"
	seen = "__Host-session-seen"
)

// clock is a server's clock that the test puts forward.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time          { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) advance(d time.Duration) { c.ahead.Add(int64(d)) }

// A session lives for as long as it is used, and its data is not sent again for that.
func TestSliding(t *testing.T) {
	type step struct {
		after time.Duration
		path  string
		want  string   // the answer
		sent  []string // the cookies that are not what they were
	}
	const day = 24 * time.Hour
	for _, c := range []struct {
		name               string
		cfg                runtime.Config
		dataEnds, seenEnds time.Duration // how long the browser keeps them; 0 for until its end
		steps              []step
		refused            string
	}{
		{"idle timeout", runtime.Config{IdleTimeout: time.Hour}, 0, 0, []step{
			{0, "/login", "hubo", []string{data}},
			{5 * time.Minute, "/read", "hubo", nil},
			{5 * time.Minute, "/blank", "", nil}, // does not use the session
			{0, "/read", "hubo", []string{seen}},
			{5 * time.Minute, "/read", "hubo", nil},
			{50 * time.Minute, "/read", "hubo", []string{seen}},
			{61 * time.Minute, "/read", "", nil},
		}, runtime.RefusedIdle},
		{"refresh after", runtime.Config{IdleTimeout: time.Hour, RefreshAfter: time.Minute}, 0, 0, []step{
			{0, "/login", "hubo", []string{data}},
			{2 * time.Minute, "/read", "hubo", []string{seen}},
			{2 * time.Minute, "/read", "hubo", []string{seen}},
			{61 * time.Minute, "/read", "", nil},
		}, runtime.RefusedIdle},
		{"another principal", runtime.Config{IdleTimeout: time.Hour}, 0, 0, []step{ // whose id is not that of the last use
			{0, "/login", "hubo", []string{data}},
			{10 * time.Minute, "/read", "hubo", []string{seen}},
			{0, "/switch", "eve", []string{data}},
			{5 * time.Minute, "/read", "eve", nil},
			{50 * time.Minute, "/read", "eve", []string{seen}},
			{50 * time.Minute, "/read", "eve", []string{seen}},
			{61 * time.Minute, "/read", "", nil},
		}, runtime.RefusedIdle},
		{"sliding", runtime.Config{Sliding: true, Lifetime: time.Hour}, 400 * day, time.Hour, []step{
			{0, "/permanent", "hubo", []string{data}},
			{10 * time.Minute, "/read", "hubo", []string{seen}},
			{55 * time.Minute, "/read", "hubo", []string{seen}},
			{61 * time.Minute, "/read", "", nil},
		}, runtime.RefusedExpired},
		{"absolute timeout", runtime.Config{Sliding: true, Lifetime: time.Hour, AbsoluteTimeout: 2 * time.Hour}, 2 * time.Hour, 25 * time.Minute, []step{
			{0, "/permanent", "hubo", []string{data}},
			{50 * time.Minute, "/read", "hubo", []string{seen}},
			{45 * time.Minute, "/read", "hubo", []string{seen}},
			{26 * time.Minute, "/read", "", nil},
		}, runtime.RefusedExpired},
		{"neither", runtime.Config{Lifetime: time.Hour}, time.Hour, 0, []step{
			{0, "/permanent", "hubo", []string{data}},
			{10 * time.Minute, "/read", "hubo", nil},
			{55 * time.Minute, "/read", "", nil},
		}, runtime.RefusedExpired},
	} {
		t.Run(c.name, func(t *testing.T) {
			var clock clock
			var refused atomic.Value
			c.cfg.Time = clock.now
			c.cfg.OnEvent = func(_ context.Context, e runtime.Event) {
				if e.Kind == runtime.EventRefused {
					refused.Store(e.Reason)
				}
			}
			s, b := newSite(t, c.cfg), newBrowser(t)
			s.page("/switch", func(v *Session) { v.SetUsername("eve") })
			b.visit(s.at("site.test", "/blank"))
			before := make(map[string]string)
			for i, step := range c.steps {
				if got := refused.Load(); got != nil {
					t.Errorf("step %d: a session is refused too early: %v", i, got)
				}
				clock.advance(step.after)
				if got := b.get(step.path); got != step.want {
					t.Errorf("step %d: %s shows %q, want %q", i, step.path, got, step.want)
				}
				var sent []string
				for _, got := range b.cookies() {
					if got.Value == before[got.Name] {
						continue
					}
					before[got.Name] = got.Value
					sent = append(sent, got.Name)
					if !got.Secure || !got.HTTPOnly || got.SameSite != "Lax" || got.Path != "/" || got.Domain != "site.test" {
						t.Errorf("step %d: the browser has %+v", i, *got)
					}
				}
				if !slices.Equal(sent, step.sent) {
					t.Errorf("step %d: %s sent %q, want %q", i, step.path, sent, step.sent)
				}
			}
			if got := refused.Load(); got != c.refused {
				t.Errorf("at the end, got refusal %v, want %q", got, c.refused)
			}
			for _, got := range b.cookies() {
				want := map[string]time.Duration{data: c.dataEnds, seen: c.seenEnds}[got.Name]
				if got.Session != (want == 0) || want != 0 && (expiresIn(got)-want).Abs() > time.Minute {
					t.Errorf("%s: session cookie %v, ends in %v, want %v", got.Name, got.Session, expiresIn(got), want)
				}
			}
		})
	}
}

// Both cookies are deleted.
func TestDeleteSliding(t *testing.T) {
	for _, end := range []string{"/clear", "/destroy"} {
		var clock clock
		s, b := newSite(t, runtime.Config{IdleTimeout: time.Hour, Time: clock.now}), newBrowser(t)
		b.visit(s.at("site.test", "/login"))
		clock.advance(10 * time.Minute)
		b.get("/read")
		if got := b.names(); !slices.Equal(got, []string{data, seen}) {
			t.Errorf("the browser has the cookies %q", got)
		}
		b.get(end)
		if got := b.names(); got != nil {
			t.Errorf("after %s the browser still has %q", end, got)
		}
	}
}

// A slow request that refreshes the session does not undo what another writes
// meanwhile.
func TestRefreshBesideWrite(t *testing.T) {
	var clock clock
	s, b := newSite(t, runtime.Config{IdleTimeout: time.Hour, Time: clock.now}), newBrowser(t)
	entered, written := make(chan struct{}), make(chan struct{})
	release := sync.OnceFunc(func() { close(written) })
	t.Cleanup(release)
	s.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) {
		SessionFrom(r.Context()).GetUsername()
		close(entered)
		<-written
	})
	s.HandleFunc("/write", func(w http.ResponseWriter, r *http.Request) {
		<-entered
		SessionFrom(r.Context()).SetNote("written")
	})
	s.HandleFunc("/release", func(w http.ResponseWriter, r *http.Request) { release() })

	b.visit(s.at("site.test", "/login"))
	clock.advance(10 * time.Minute)
	b.script(`(async () => {
		const slow = fetch("/slow");
		await fetch("/write");
		await fetch("/release");
		await slow;
		return "";
	})()`)
	if got := b.names(); !slices.Equal(got, []string{data, seen}) {
		t.Errorf("the browser has the cookies %q", got)
	}
	if got := b.get("/read"); got != "hubo 7" {
		t.Errorf("the session is %q afterwards, want hubo 7", got)
	}
}
