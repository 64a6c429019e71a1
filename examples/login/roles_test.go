package main

import (
	"strings"
	"testing"
)

// A change of the role is there on the next page of every browser of the user.
func TestMembers(t *testing.T) {
	eachMode(t, func(t *testing.T, s site) {
		boss, phone, laptop, other := s.browser(t), s.browser(t), s.browser(t), s.browser(t)
		boss.signup("admin")
		phone.signup("hubo")
		laptop.login("hubo")
		other.signup("other")
		for _, b := range []browser{phone, other, s.browser(t)} {
			if p := b.get("/members"); p.status != 404 {
				t.Errorf("%q gets the page of administrators with status %d, want 404", p.user, p.status)
			}
			if p := b.post("/members", "name", "hubo", "role", "member"); p.status != 404 {
				t.Errorf("%q changes a role with status %d, want 404", p.user, p.status)
			}
		}
		boss.expect(boss.post("/members", "name", "nobody", "role", "member"), 422, "/members", "admin", "")
		boss.expect(boss.post("/members", "name", "admin", "role", ""), 422, "/members", "admin", "")

		for _, c := range []struct{ role, notice, price string }{
			{"member", "hubo is a member now.", "6.21"}, {"", "hubo is no member any more.", "6.90"},
		} {
			boss.expect(boss.post("/members", "name", " Hubo", "role", c.role), 200, "/members", "admin", c.notice)
			for _, b := range []browser{phone, laptop} {
				if t.Name() == "TestMembers/cookie" { // sessions in browsers can only be ended
					b.expect(b.get("/devices"), 200, "/login?next=%2Fdevices", "", "Please log in first.")
					b.login("hubo")
				}
				if p := b.get("/"); p.user != "hubo" || p.role != c.role || !strings.Contains(p.html, "\u00a0"+c.price) {
					t.Errorf("the page is for %q with the role %q", p.user, p.role)
				}
			}
			if p := other.get("/"); p.user != "other" || p.role != "" {
				t.Errorf("the page is for %q with the role %q", p.user, p.role)
			}
		}
	})
}
