package chromium

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// deviceHomes are where sessions live.
func deviceHomes() map[string]runtime.Config {
	return map[string]runtime.Config{
		"cookie":      {},
		"revocations": {Revocations: runtime.NewMemoryStore(1000)},
		"store":       {Store: runtime.NewMemoryStore(1000)},
	}
}

// A browser binds a session to its device, and the proof works invisibly.
func TestDeviceBound(t *testing.T) {
	b := newDeviceBrowser(t)
	for name, cfg := range deviceHomes() {
		t.Run(name, func(t *testing.T) {
			s := newDeviceSite(t, cfg)
			b := b.of(t)
			s.logIn(b)
			for _, step := range []struct {
				name string
				do   func(*deviceSite, browser)
			}{
				{"many periods", manyPeriods},
				{"at once", atOnce},
				{"body and websocket", bodyAndSocket},
				{"restart", restart},
				{"link of another site", linkOfAnotherSite},
				{"proof required", proofRequired},
				{"copied cookies", copiedCookies},
				{"log-out", logOut},
			} {
				t.Run(step.name, func(t *testing.T) { step.do(s, b.of(t)) })
			}
			for _, unwanted := range []string{"proof refused forged", "proof refused malformed", "proof refused expired", "proof skipped quota_exceeded"} {
				if n := s.events.of(unwanted); n > 0 {
					t.Errorf("got %d events %s, want none", n, unwanted)
				}
			}
		})
	}
}

// manyPeriods lets several periods end, one after the other.
func manyPeriods(s *deviceSite, b browser) {
	before := s.postsAt("refresh").Load()
	for i := range *refreshes {
		s.expire(b)
		if got := b.get("/read"); got != "hubo bound" {
			b.t.Fatalf("in period %d the page shows %q", i, got)
		}
	}
	if n := s.postsAt("refresh").Load() - before; n < int64(*refreshes) || n > int64(2**refreshes) {
		b.t.Errorf("got %d requests to prove a key in %d periods", n, *refreshes)
	}
}

// atOnce makes eight requests that wait for one proof.
func atOnce(s *deviceSite, b browser) {
	s.expire(b)
	before := s.postsAt("refresh").Load()
	got := b.script(`Promise.all(Array.from({length: 8}, () => fetch("/read").then(a => a.text()))).then(all => all.join())`)
	if want := strings.Repeat(",hubo bound", 8)[1:]; got != want {
		b.t.Errorf("the pages show %s, want %s", got, want)
	}
	if n := s.postsAt("refresh").Load() - before; n < 1 || n > 2 {
		b.t.Errorf("got %d requests to prove a key, want 1 or 2", n)
	}
}

// bodyAndSocket sends a body and a websocket's message with requests that wait for the proof.
func bodyAndSocket(s *deviceSite, b browser) {
	s.expire(b)
	const post = `fetch(%q, {method: "POST", body: "x".repeat(%d)}).then(a => a.text())`
	if got, want := b.script(fmt.Sprintf(post, "/body", 100000)), "hubo bound "+strings.Repeat("x", 100000)+" true"; got != want {
		b.t.Errorf("a request with a body gets %.80s", got)
	}
	s.expire(b)
	got := b.script(`new Promise(done => {
		const socket = new WebSocket("wss://" + location.host + "/socket");
		socket.onmessage = m => { socket.close(); done(m.data) };
		socket.onerror = () => done("error");
	})`)
	if got != "hubo bound" {
		b.t.Errorf("the websocket says %q", got)
	}
}

// restart restarts the server with another key.
func restart(s *deviceSite, b browser) {
	s.restart(runtime.GenerateKey())
	if got := b.get("/read"); got != "hubo bound" {
		b.t.Errorf("after the restart the page shows %q", got)
	}
	s.restart(runtime.GenerateKey())
	for range 2 {
		s.expire(b)
		if got := b.get("/read"); got != "hubo bound" {
			b.t.Errorf("after the restart and a period the page shows %q", got)
		}
	}
}

// linkOfAnotherSite comes back through a link on another site, after the period.
func linkOfAnotherSite(s *deviceSite, b browser) {
	s.expire(b)
	b.visit(s.at("other.test", "/link"))
	if got := b.press("link"); got != "hubo bound" {
		b.t.Errorf("after the link the page shows %q", got)
	}
}

// proofRequired pays, which needs a younger proof.
func proofRequired(s *deviceSite, b browser) {
	b.visit(s.at("site.test", "/read"))
	s.clock.advance(2 * time.Minute)
	before := s.postsAt("refresh").Load()
	const pay = `fetch("/pay", {method: "POST", body: "42"}).then(a => a.text())`
	for range 2 {
		if got := b.script(pay); got != "hubo bound 42 true" {
			b.t.Errorf("the payment gets %q", got)
		}
	}
	if n := s.postsAt("refresh").Load() - before; n < 1 || n > 2 {
		b.t.Errorf("got %d requests to prove a key, want 1 or 2", n)
	}
}

// copiedCookies work only for the rest of the period.
func copiedCookies(s *deviceSite, b browser) {
	s.expire(b)
	b.get("/read")
	all, without := b.copied(), b.copied(bound)
	if status, text := s.steal(all); status != 200 || text != "hubo bound" {
		b.t.Errorf("the thief within the period gets %d %q, want the session", status, text)
	}
	if status, text := s.steal(without); status != 503 && text != "" || strings.Contains(text, "hubo") { // "" a minute later
		b.t.Errorf("the thief without the cookie of the proof gets %d %q", status, text)
	}
	s.expire(b)
	refused := 0
	for range 100 {
		if status, text := s.steal(all); status == 503 && !strings.Contains(text, "hubo") {
			refused++
		}
	}
	if refused != 100 {
		b.t.Errorf("after the period, %d of 100 requests of the thief are refused", refused)
	}
	if got := b.get("/read"); got != "hubo bound" {
		b.t.Errorf("the page shows %q, want hubo bound", got)
	}
}

// logOut ends the binding: the browser proves nothing any more.
func logOut(s *deviceSite, b browser) {
	if got := b.visit(s.at("site.test", "/logout")); got != "" {
		b.t.Errorf("the log-out shows %q", got)
	}
	if got := b.visit(s.at("site.test", "/read")); got != "" {
		b.t.Errorf("after the log-out the page shows %q", got)
	}
	// The browser asks once more in the background, and is told.
	for deadline := time.Now().Add(5 * time.Second); s.events.of("unbound session ended") == 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.t.Fatal("the site does not tell the browser that the binding has ended")
		}
	}
	s.expire(b)
	before := s.postsAt("refresh").Load()
	for range 3 {
		b.visit(s.at("site.test", "/read"))
	}
	if n := s.postsAt("refresh").Load() - before; n > 0 {
		b.t.Errorf("got %d requests to prove a key after the log-out, want none", n)
	}
	s.logIn(b)
}

// A copy from before the binding is worthless after it, if the server remembers.
func TestCopyBeforeTheBinding(t *testing.T) {
	b := newDeviceBrowser(t)
	for name, cfg := range deviceHomes() {
		t.Run(name, func(t *testing.T) {
			s := newDeviceSite(t, cfg)
			b := b.of(t)
			b.visit(s.at("site.test", "/login"))
			before := b.copied(bound)
			s.awaitBinding(b, 0)
			s.clock.advance(time.Minute) // past what lets requests through that were under way
			status, text := s.steal(before)
			if remembers := name != "cookie"; remembers == strings.Contains(text, "hubo") {
				t.Errorf("the copy gets %d %q", status, text)
			}
			if got := b.get("/read"); got != "hubo bound" {
				t.Errorf("the page shows %q, want hubo bound", got)
			}
		})
	}
}
