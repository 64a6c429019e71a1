package main

import (
	"regexp"
	"strings"
	"testing"
	"time"

	sessionruntime "github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/sessiontest"
)

// The list marks the sessions that are bound to a device.
func TestBoundDevices(t *testing.T) {
	s := newSite(t, "sqlite", func(cfg *sessionruntime.Config) {
		cfg.Insecure, cfg.DeviceBound = false, 10*time.Minute
	})
	bound, other := s.browser(t), s.browser(t)
	sessiontest.NewDevice(bound.client)
	const mark = "Bound to its device"
	bound.expect(bound.signup("hubo"), 200, "/", "hubo", "Welcome, hubo. Your account is ready.")
	if n := strings.Count(bound.get("/devices").html, mark); n != 1 {
		t.Errorf("%d sessions are marked, want 1", n)
	}
	other.login("hubo")
	for _, b := range []browser{bound, other} {
		if p := b.get("/devices"); strings.Count(p.html, mark) != 1 || strings.Count(p.html, "Last seen") != 2 {
			t.Errorf("the page shows %s", p.html)
		}
	}
}

func TestLogOutEverywhere(t *testing.T) {
	for _, mode := range []string{"cookie", "sqlite"} {
		t.Run(mode, func(t *testing.T) {
			var later time.Duration
			s := newSite(t, mode, func(cfg *sessionruntime.Config) {
				cfg.Time = func() time.Time { return time.Now().Add(later) }
			})
			here, there, other := s.browser(t), s.browser(t), s.browser(t)
			here.signup("hubo")
			there.login("hubo")
			other.signup("other")
			there.post("/cart/add", "article", "1")
			stolen := there.cookie()

			here.expect(here.post("/logout-everywhere"), 200, "/", "", "You are logged out everywhere.")
			if p := there.get("/"); p.user != "" || p.cart != "0" {
				t.Errorf("the other browser's page is for %q with a cart of %s", p.user, p.cart)
			}
			there.expect(there.get("/devices"), 200, "/login?next=%2Fdevices", "", "Please log in first.")
			other.expect(other.get("/"), 200, "/", "other", "")

			later = time.Second // cookies tell log-ins apart by the second
			here.expect(here.login("hubo"), 200, "/", "hubo", "Welcome back, hubo.")
			here.expect(here.get("/"), 200, "/", "hubo", "")
			s.with(t, stolen).expect(s.with(t, stolen).get("/"), 200, "/", "", "")
		})
	}
}

// A log-out ends the session, not only the browser's copy of it.
func TestLogOutEndsCopies(t *testing.T) {
	eachMode(t, func(t *testing.T, s site) {
		b := s.browser(t)
		b.signup("hubo")
		stolen := b.cookie()
		thief := s.with(t, stolen)
		thief.expect(thief.get("/"), 200, "/", "hubo", "")
		b.post("/logout")
		thief = s.with(t, stolen)
		thief.expect(thief.get("/"), 200, "/", "", "")
	})
}

var devicePart = regexp.MustCompile(`<strong>([^<]*)</strong>(\s*<span class="this">This browser</span>)?(?s:.*?)(?:name="id" value="([^"]*)"|</li>)`)

// listed returns which devices a page lists, with a star at the own one, and the ids of the others.
func (p page) listed() (text string, ids []string) {
	_, list, _ := strings.Cut(p.html, `class="devices"`)
	var names []string
	for _, m := range devicePart.FindAllStringSubmatch(list, -1) {
		if m[2] != "" {
			m[1] += "*"
		}
		names = append(names, m[1])
		if m[3] != "" {
			ids = append(ids, m[3])
		}
	}
	return strings.Join(names, ", "), ids
}

func TestDevices(t *testing.T) {
	s := newSite(t, "sqlite")
	here, there, other := s.browser(t), s.browser(t), s.browser(t)
	here.signup("hubo")
	other.signup("other")
	if text, ids := here.get("/devices").listed(); text != "A browser*" || len(ids) != 0 {
		t.Errorf("after the sign-up the devices are %q, %q", text, ids)
	}
	there.agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:150.0) Gecko/20100101 Firefox/150.0"
	there.login("hubo")
	text, ids := here.get("/devices").listed()
	if text != "A browser*, Firefox on Windows" || len(ids) != 1 {
		t.Fatalf("after another log-in the devices are %q, %q", text, ids)
	}

	// It is for nobody else to end.
	p := other.post("/devices/logout", "id", ids[0])
	other.expect(p, 200, "/devices", "other", "That browser was logged out already.")
	there.expect(there.get("/"), 200, "/", "hubo", "")

	p = here.post("/devices/logout", "id", ids[0])
	here.expect(p, 200, "/devices", "hubo", "The other browser is logged out.")
	if text, _ := p.listed(); text != "A browser*" {
		t.Errorf("afterwards the devices are %q", text)
	}
	there.expect(there.get("/"), 200, "/", "", "")
	here.expect(here.post("/devices/logout", "id", ids[0]), 200, "/devices", "hubo", "That browser was logged out already.")
	here.expect(here.post("/devices/logout", "id", "x"), 200, "/devices", "hubo", "That browser was logged out already.")

	// Nor does a log-out leave an entry.
	there.login("hubo")
	there.post("/logout")
	if text, _ := here.get("/devices").listed(); text != "A browser*" {
		t.Errorf("after a log-out elsewhere the devices are %q", text)
	}
}

func TestNoListInCookieMode(t *testing.T) {
	b := newSite(t, "cookie").browser(t)
	b.signup("hubo")
	if p := b.get("/devices"); !strings.Contains(p.html, "no list of them") || strings.Contains(p.html, "This browser") {
		t.Errorf("the page shows\n%s", p.html)
	}
}

func TestLogOutOthers(t *testing.T) {
	eachMode(t, func(t *testing.T, s site) {
		here, there, other := s.browser(t), s.browser(t), s.browser(t)
		here.signup("hubo")
		there.login("hubo")
		other.signup("other")
		before := here.cookie()
		here.expect(here.post("/devices/logout-others"), 200, "/devices", "hubo", "All other browsers are logged out.")
		there.expect(there.get("/"), 200, "/", "", "")
		other.expect(other.get("/"), 200, "/", "other", "")
		here.expect(here.get("/"), 200, "/", "hubo", "")
		s.with(t, before).expect(s.with(t, before).get("/"), 200, "/", "", "")
	})
}

func TestDeviceName(t *testing.T) {
	for agent, want := range map[string]string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:150.0) Gecko/20100101 Firefox/150.0":                                                           "Firefox on Windows",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0":              "Edge on Windows",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15":                      "Safari on macOS",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1":    "Safari on iPhone",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0.0.0 Mobile/15E148 Safari/604.1": "Chrome on iPhone",
		"Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36":           "Samsung Internet on Android",
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36":                                      "Chrome on Linux",
		"curl/8.5.0": "A browser",
		"":           "A browser",
	} {
		if got := deviceName(agent); got != want {
			t.Errorf("deviceName(%q) = %q, want %q", agent, got, want)
		}
	}
}
