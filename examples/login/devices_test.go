package main

import (
	"regexp"
	"strings"
	"testing"
	"time"

	sessionruntime "github.com/sessiongen/sessiongen/runtime"
)

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

var devicePart = regexp.MustCompile(`<strong>(This|Another) browser</strong>(?s:.*?)(?:name="id" value="([^"]*)"|</li>)`)

// listed returns which devices a page lists, and the ids of the others.
func (p page) listed() (text string, ids []string) {
	for _, m := range devicePart.FindAllStringSubmatch(p.html, -1) {
		text += m[1] + " "
		if m[2] != "" {
			ids = append(ids, m[2])
		}
	}
	return strings.TrimSpace(text), ids
}

func TestDevices(t *testing.T) {
	s := newSite(t, "sqlite")
	here, there, other := s.browser(t), s.browser(t), s.browser(t)
	here.signup("hubo")
	other.signup("other")
	if text, ids := here.get("/devices").listed(); text != "This" || len(ids) != 0 {
		t.Errorf("after the sign-up the devices are %q, %q", text, ids)
	}
	there.login("hubo")
	text, ids := here.get("/devices").listed()
	if text != "This Another" || len(ids) != 1 {
		t.Fatalf("after another log-in the devices are %q, %q", text, ids)
	}

	// It is for nobody else to end.
	p := other.post("/devices/logout", "id", ids[0])
	other.expect(p, 200, "/devices", "other", "That browser was logged out already.")
	there.expect(there.get("/"), 200, "/", "hubo", "")

	p = here.post("/devices/logout", "id", ids[0])
	here.expect(p, 200, "/devices", "hubo", "The other browser is logged out.")
	if text, _ := p.listed(); text != "This" {
		t.Errorf("afterwards the devices are %q", text)
	}
	there.expect(there.get("/"), 200, "/", "", "")
	here.expect(here.post("/devices/logout", "id", ids[0]), 200, "/devices", "hubo", "That browser was logged out already.")
	here.expect(here.post("/devices/logout", "id", "x"), 200, "/devices", "hubo", "That browser was logged out already.")

	// Nor does a log-out leave an entry.
	there.login("hubo")
	there.post("/logout")
	if text, _ := here.get("/devices").listed(); text != "This" {
		t.Errorf("after a log-out elsewhere the devices are %q", text)
	}
}

func TestNoListInCookieMode(t *testing.T) {
	b := newSite(t, "cookie").browser(t)
	b.signup("hubo")
	if p := b.get("/devices"); !strings.Contains(p.html, "no list of them") || strings.Contains(p.html, "This browser") {
		t.Errorf("the page:\n%s", p.html)
	}
}
