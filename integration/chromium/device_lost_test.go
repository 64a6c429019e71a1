package chromium

import (
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/chromedp"

	"github.com/sessiongen/sessiongen/runtime"
)

// A browser that has the cookies but not the key, perhaps because its profile was restored from a backup, shows a page
// a minute later. Its visitor logs in again, and the session is bound again.
func TestKeyLost(t *testing.T) {
	first, second := newDeviceBrowser(t), newDeviceBrowser(t)
	for name, cfg := range deviceHomes() {
		t.Run(name, func(t *testing.T) {
			s, b, lost := newDeviceSite(t, cfg), first.of(t), second.of(t)
			b.empty()
			s.logIn(b)
			lost.restore(b, s, bound)
			s.expectPage(lost, "Service Unavailable")
			s.clock.advance(time.Minute)
			s.logInAgain(lost)
			s.forget(b)
			s.expectPage(b, "hubo bound") // the session before
		})
	}
	t.Run("with the badge", func(t *testing.T) {
		s, b, lost := newDeviceSite(t, runtime.Config{}), first.of(t), second.of(t)
		b.empty()
		s.logIn(b)
		lost.restore(b, s)
		s.expectPage(lost, "hubo bound")
		s.clock.advance(period)
		s.expectPage(lost, "Service Unavailable") // after which the badge is gone
		s.logInAgain(lost)
	})
	t.Run("planted badge", func(t *testing.T) {
		s, b, lost := newDeviceSite(t, runtime.Config{Name: plantable}), first.of(t), second.of(t)
		b.empty()
		s.logIn(b)
		foreign := b.value(plantable + "-bound")
		s.expect(b, "/logout", "")
		s.logIn(b)
		s.HandleFunc("/plant", func(w http.ResponseWriter, r *http.Request) {
			w.Header()["Set-Cookie"] = []string{plantable + "-bound=" + foreign + "; Domain=site.test; Path=/; Secure"}
		})
		plant := func(b browser) {
			t.Helper()
			before := len(b.cookies())
			if b.visit(s.at("plants.site.test", "/plant")); len(b.cookies()) != before+1 {
				t.Errorf("the subdomain planted no cookie: %q", b.names())
			}
		}
		plant(b)
		before := s.postsAt("refresh").Load()
		for range 3 { // a cookie of another domain does not keep the browser from proving its key
			s.expire(b)
			s.expectPage(b, "hubo bound")
		}
		if n := s.postsAt("refresh").Load() - before; n < 3 || n > 6 {
			t.Errorf("got %d requests to prove a key in three periods, want 3 to 6", n)
		}
		// A cookie that replaces the browser's own does, until it is deleted.
		s.forget(b)
		b.set(&network.CookieParam{Name: plantable + "-bound", Value: foreign, URL: s.at("site.test", "/"), Path: "/",
			Secure: true, HTTPOnly: true, SameSite: network.CookieSameSiteLax})
		s.expectPage(b, "")
		s.expectPage(b, "hubo bound")

		lost.restore(b, s, plantable+"-bound")
		plant(lost)
		s.clock.advance(time.Minute)
		s.logInAgain(lost)
	})
}

// plantable is a name that subdomains can plant cookies of.
const plantable = "__Secure-session"

// logInAgain logs in with a browser that has lost its key, and has the session bound.
func (s *deviceSite) logInAgain(b browser) {
	b.t.Helper()
	before := s.postsAt("register").Load()
	s.expectPage(b, "")
	s.expect(b, "/form", "")
	if got := b.press("button"); got != "hubo" {
		b.t.Fatalf("the log-in shows %q", got)
	}
	s.awaitBinding(b, before)
	s.expire(b)
	s.expectPage(b, "hubo bound")
}

// expectPage visits the page that reads the session.
func (s *deviceSite) expectPage(b browser, want string) {
	b.t.Helper()
	s.expect(b, "/read", want)
}

func (s *deviceSite) expect(b browser, path, want string) {
	b.t.Helper()
	if got := b.visit(s.at("site.test", path)); got != want {
		b.t.Fatalf("%s shows %q, want %q", path, got, want)
	}
}

// restore gives the browser another browser's cookies of a site, without some, and no others.
func (b browser) restore(from browser, s *deviceSite, without ...string) {
	b.t.Helper()
	b.empty()
	var params []*network.CookieParam
	for _, c := range from.cookies() {
		if len(without) == 0 || c.Name != without[0] {
			params = append(params, &network.CookieParam{Name: c.Name, Value: c.Value, URL: s.at("site.test", "/"), Path: c.Path,
				Secure: c.Secure, HTTPOnly: c.HTTPOnly, SameSite: c.SameSite})
		}
	}
	b.set(params...)
}

func (b browser) set(cookies ...*network.CookieParam) {
	b.t.Helper()
	if _, err := chromedp.CallBrowser(b.ctx, storage.SetCookies, storage.SetCookiesParams{Cookies: cookies}); err != nil {
		b.t.Fatal(err)
	}
}

// value returns the value of the only cookie with a name.
func (b browser) value(name string) (value string) {
	b.t.Helper()
	for _, c := range b.cookies() {
		if c.Name == name {
			if value != "" {
				b.t.Fatalf("the browser has several cookies %s", name)
			}
			value = c.Value
		}
	}
	return value
}
