package main

import "testing"

// The colours are the browser's: they stay through log-ins, log-outs and another user.
func TestTheme(t *testing.T) {
	eachMode(t, func(t *testing.T, s site) {
		b := s.browser(t)
		is := func(when, theme, user string) {
			t.Helper()
			if p := b.get("/"); p.theme != theme || p.user != user {
				t.Errorf("%s: the page has theme %q for %q, want %q for %q", when, p.theme, p.user, theme, user)
			}
		}
		is("at first", "", "")
		if p := b.post("/theme", "theme", "dark", "next", "/login?next=%2Fcart"); p.path != "/login?next=%2Fcart" || p.theme != "dark" {
			t.Errorf("after the choice, the page is %s with theme %q", p.path, p.theme)
		}
		b.signup("hubo")
		is("signed up", "dark", "hubo")
		s.browser(t).signup("other")
		b.login("other")
		is("as another user", "dark", "other")
		b.post("/logout")
		is("logged out", "dark", "")
		b.login("hubo")
		b.post("/logout-everywhere")
		is("logged out everywhere", "dark", "")
		b.post("/theme", "theme", "light")
		is("chosen again", "light", "")
		b.post("/theme", "theme", "purple")
		is("chosen what there is not", "", "")
		if b.cookie() != "" {
			t.Error("the browser has a cookie with nothing to remember")
		}
	})
}
