package main

import (
	"net/http"
	"strings"
	"testing"
)

func TestSignUp(t *testing.T) {
	eachMode(t, func(t *testing.T, s site) {
		b := s.browser(t)
		b.expect(b.get("/"), 200, "/", "", "")
		b.expect(b.signup("  Hubo "), 200, "/", "hubo", "Welcome, hubo. Your account is ready.")
		b.expect(b.get("/"), 200, "/", "hubo", "")
		b.expect(b.post("/logout"), 200, "/", "", "You are logged out.")
		b.expect(b.get("/"), 200, "/", "", "")
		if b.cookie() != "" {
			t.Error("the browser has a cookie after the log-out and its notice")
		}
	})
}

func TestSignUpRefuses(t *testing.T) {
	eachMode(t, func(t *testing.T, s site) {
		s.browser(t).signup("hubo")
		for _, test := range []struct{ name, password, text string }{
			{"hubo", goodPassword, "This name is taken."},
			{"HUBO", goodPassword, "This name is taken."},
			{"h", goodPassword, "A name has"},
			{"", goodPassword, "A name has"},
			{strings.Repeat("h", 33), goodPassword, "A name has"},
			{"hübo", goodPassword, "A name has"},
			{"<b>hubo", goodPassword, "A name has"},
			{"other", "1234567", "at least 8"},
			{"other", strings.Repeat("p", 73), "at most 72"},
			{"other", "", "at least 8"},
		} {
			b := s.browser(t)
			p := b.post("/signup", "name", test.name, "password", test.password)
			b.expect(p, http.StatusUnprocessableEntity, "/signup", "", "")
			if !strings.Contains(p.html, test.text) {
				t.Errorf("%q, %q: the page does not show %q", test.name, test.password, test.text)
			}
			if test.password != "" && strings.Contains(p.html, test.password) {
				t.Errorf("%q, %q: the page shows the password", test.name, test.password)
			}
			if b.cookie() != "" {
				t.Errorf("%q, %q: the request makes a session", test.name, test.password)
			}
		}
	})
}

func TestLogIn(t *testing.T) {
	eachMode(t, func(t *testing.T, s site) {
		s.browser(t).signup("hubo")
		b := s.browser(t)
		for _, test := range []struct{ name, password string }{
			{"hubo", "wrong horse"}, {"nobody", goodPassword}, {"hubo", ""}, {"", ""}, {"nobody", "nobody's"},
		} {
			p := b.post("/login", "name", test.name, "password", test.password)
			b.expect(p, http.StatusUnprocessableEntity, "/login", "", "")
			if !strings.Contains(p.html, "The name or the password is wrong.") || !strings.Contains(p.html, "<title>Error: ") {
				t.Errorf("%q, %q: the page does not show the error", test.name, test.password)
			}
		}
		b.expect(b.login("hubo"), 200, "/", "hubo", "Welcome back, hubo.")
	})
}

// A session that somebody knows from before the log-in is worth nothing afterwards.
func TestLogInRenewsTheSession(t *testing.T) {
	eachMode(t, func(t *testing.T, s site) {
		b := s.browser(t)
		b.post("/cart/add", "article", "1")
		before := b.cookie()
		b.signup("hubo")
		b.expect(s.with(t, before).get("/"), 200, "/", "", "")

		before = b.cookie()
		b.login("hubo")
		b.get("/")
		if p := s.with(t, before).get("/"); p.user != "" {
			t.Error("a second log-in of the same user does not end the former session")
		}
		if p := b.get("/"); p.user != "hubo" || p.cart != "1" {
			t.Errorf("after another log-in the page is for %q with a cart of %s", p.user, p.cart)
		}
	})
}

// with returns a browser that has the given session cookie.
func (s site) with(t *testing.T, cookie string) browser {
	t.Helper()
	b := s.browser(t)
	req, err := http.NewRequest("GET", s.url, nil)
	if err != nil {
		t.Fatal(err)
	}
	b.client.Jar.SetCookies(req.URL, []*http.Cookie{{Name: "session", Value: cookie}})
	return b
}

func TestAnotherUserGetsNothingOfTheFirst(t *testing.T) {
	eachMode(t, func(t *testing.T, s site) {
		s.browser(t).signup("other")
		b := s.browser(t)
		b.signup("hubo")
		b.post("/cart/add", "article", "1")
		if p := b.login("other"); p.user != "other" || p.cart != "0" {
			t.Errorf("the page is for %q with a cart of %s", p.user, p.cart)
		}
	})
}

func TestAccountThatIsGone(t *testing.T) {
	eachMode(t, func(t *testing.T, s site) {
		b := s.browser(t)
		b.signup("hubo")
		s.forgetUsers(t)
		b.expect(b.get("/"), 200, "/", "", "")
		b.expect(b.get("/devices"), 200, "/login?next=%2Fdevices", "", "Please log in first.")

		// Nor does a later account of that name get into the session.
		b = s.browser(t)
		b.signup("hubo")
		s.forgetUsers(t)
		s.browser(t).signup("hubo")
		b.expect(b.get("/"), 200, "/", "", "")
	})
}

func TestNext(t *testing.T) {
	eachMode(t, func(t *testing.T, s site) {
		b := s.browser(t)
		p := b.get("/devices")
		b.expect(p, 200, "/login?next=%2Fdevices", "", "Please log in first.")
		if !strings.Contains(p.html, `href="/signup?next=%2Fdevices"`) || !strings.Contains(p.html, `name="next" value="/devices"`) {
			t.Errorf("the log-in loses the next page:\n%s", p.html)
		}
		p = b.post("/signup", "name", "hubo", "password", goodPassword, "next", "/devices")
		b.expect(p, 200, "/devices", "hubo", "Welcome, hubo. Your account is ready.")
		p = b.post("/login", "name", "hubo", "password", goodPassword, "next", "https://evil.example/")
		b.expect(p, 200, "/", "hubo", "Welcome back, hubo.")
	})
}
