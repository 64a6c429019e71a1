package main

import (
	"strings"
	"testing"
	"time"

	sessionruntime "github.com/sessiongen/sessiongen/runtime"
)

// Changing the password needs the old one again, and ends all other sessions.
func TestChangePassword(t *testing.T) {
	for _, mode := range []string{"cookie", "sqlite"} {
		t.Run(mode, func(t *testing.T) {
			var later time.Duration
			s := newSite(t, mode, func(cfg *sessionruntime.Config) {
				cfg.Time = func() time.Time { return time.Now().Add(later) }
			})
			b, other := s.browser(t), s.browser(t)
			b.expect(b.get("/password"), 200, "/login?next=%2Fpassword", "", "Please log in first.")
			b.signup("hubo")
			other.login("hubo")
			b.expect(b.get("/password"), 200, "/confirm?next=%2Fpassword", "hubo", "")
			b.expect(b.post("/password", "password", "battery staple"), 200, "/confirm?next=%2Fpassword", "hubo", "")
			p := b.post("/confirm", "next", "/password", "password", "wrong horse")
			b.expect(p, 422, "/confirm", "hubo", "")
			if !strings.Contains(p.html, "The password is wrong.") {
				t.Error("the page does not show that the password is wrong")
			}
			b.expect(b.get("/password"), 200, "/confirm?next=%2Fpassword", "hubo", "")

			before := b.cookie()
			b.expect(b.post("/confirm", "next", "/password", "password", goodPassword), 200, "/password", "hubo", "")
			if p := s.with(t, before).get("/"); p.user != "" {
				t.Error("the session from before the password's change still works")
			}
			other.expect(other.get("/password"), 200, "/confirm?next=%2Fpassword", "hubo", "") // its own

			later = 11 * time.Minute
			b.expect(b.get("/password"), 200, "/confirm?next=%2Fpassword", "hubo", "")
			b.post("/confirm", "next", "/password", "password", goodPassword)
			b.expect(b.post("/password", "password", "short"), 422, "/password", "hubo", "")
			p = b.post("/password", "password", "battery staple")
			b.expect(p, 200, "/devices", "hubo", "Your password is changed. All other browsers are logged out.")
			other.expect(other.get("/"), 200, "/", "", "")
			later += time.Second // cookies tell log-ins apart by the second
			other.expect(other.login("hubo"), 422, "/login", "", "")
			other.expect(other.post("/login", "name", "hubo", "password", "battery staple"), 200, "/", "hubo", "Welcome back, hubo.")
		})
	}
}

// A proof of one user does not count for another one in the same browser.
func TestConfirmedIsTheUsers(t *testing.T) {
	eachMode(t, func(t *testing.T, s site) {
		s.browser(t).signup("other")
		b := s.browser(t)
		b.signup("hubo")
		b.post("/confirm", "next", "/password", "password", goodPassword)
		b.expect(b.get("/password"), 200, "/password", "hubo", "")
		b.login("other")
		b.expect(b.get("/password"), 200, "/confirm?next=%2Fpassword", "other", "")
		b.expect(b.post("/confirm", "next", "https://evil.example/", "password", goodPassword), 200, "/", "other", "")
	})
}
