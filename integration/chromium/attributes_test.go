package chromium

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/sessiongen/sessiongen/runtime"
)

// The browser's cookie has the attributes of the configuration.
func TestAttributes(t *testing.T) {
	const host = "www.site.test"
	for _, c := range []struct {
		name string
		cfg  runtime.Config
		want network.Cookie
	}{
		{"default", runtime.Config{},
			network.Cookie{Name: "__Host-session", Domain: host, Path: "/", Secure: true, SameSite: "Lax"}},
		{"Strict", runtime.Config{SameSite: http.SameSiteStrictMode},
			network.Cookie{Name: "__Host-session", Domain: host, Path: "/", Secure: true, SameSite: "Strict"}},
		{"None", runtime.Config{SameSite: http.SameSiteNoneMode},
			network.Cookie{Name: "__Host-session", Domain: host, Path: "/", Secure: true, SameSite: "None"}},
		{"Path", runtime.Config{Name: "__Secure-session", Path: "/app"},
			network.Cookie{Name: "__Secure-session", Domain: host, Path: "/app", Secure: true, SameSite: "Lax"}},
		{"Domain", runtime.Config{Name: "__Secure-session", Domain: "site.test"},
			network.Cookie{Name: "__Secure-session", Domain: ".site.test", Path: "/", Secure: true, SameSite: "Lax"}},
		{"Insecure", runtime.Config{Insecure: true},
			network.Cookie{Name: "session", Domain: host, Path: "/", SameSite: "Lax"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, b := newSite(t, c.cfg), newBrowser(t)
			if got := b.visit(s.at(host, "/app/login")); got != "hubo" {
				t.Fatalf("the page shows %q, want hubo", got)
			}
			got := *b.cookie()
			if !got.HTTPOnly || !got.Session || got.Expires != -1 || got.PartitionKey != nil {
				t.Errorf("HttpOnly %v, session cookie %v, expires %v, partition %v",
					got.HTTPOnly, got.Session, got.Expires, got.PartitionKey)
			}
			got = network.Cookie{Name: got.Name, Domain: got.Domain, Path: got.Path, Secure: got.Secure, SameSite: got.SameSite}
			if got != c.want {
				t.Errorf("the browser has\n%+v, want\n%+v", got, c.want)
			}
			if got := b.script("document.cookie"); got != "" {
				t.Errorf("scripts see the cookies %q, want none", got)
			}
			if got := b.visit(s.at(host, "/app/read")); got != "hubo" {
				t.Errorf("the session is %q afterwards, want hubo", got)
			}
			want := "hubo"
			if c.cfg.Path != "" {
				want = ""
			}
			if got := b.visit(s.at(host, "/read")); got != want {
				t.Errorf("outside the path the session is %q, want %q", got, want)
			}
		})
	}
}

// Scripts would see a cookie without HttpOnly.
func TestScriptsSeeOtherCookies(t *testing.T) {
	s, b := newSite(t, runtime.Config{}), newBrowser(t)
	s.raw("/raw", "a=1; Path=/; Secure")
	b.visit(s.at("site.test", "/raw"))
	b.visit(s.at("site.test", "/login"))
	if got := b.script("document.cookie"); got != "a=1" {
		t.Errorf("scripts see the cookies %q, want a=1", got)
	}
}

func TestPermanent(t *testing.T) {
	for name, lifetime := range map[string]time.Duration{"default": 0, "a week": 7 * 24 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			s, b := newSite(t, runtime.Config{Lifetime: lifetime}), newBrowser(t)
			s.page("/forget", func(v *Session) { v.SetPermanent(false) })
			if lifetime == 0 {
				lifetime = 31 * 24 * time.Hour
			}
			b.visit(s.at("site.test", "/permanent"))
			c := b.cookie()
			if left := expiresIn(c); c.Session || (left-lifetime).Abs() > time.Minute {
				t.Errorf("session cookie %v, ends in %v, want %v", c.Session, left, lifetime)
			}
			b.visit(s.at("site.test", "/forget"))
			if c := b.cookie(); !c.Session {
				t.Errorf("still ends in %v, not with the browser", expiresIn(c))
			}
		})
	}
}

// expiresIn is rounded by the time that passes during a test.
func expiresIn(c *network.Cookie) time.Duration {
	return time.Until(time.Unix(int64(c.Expires), 0))
}

// A browser refuses a "__Host-" cookie whose attributes do not match, and so has checked those of ours. Equal cookies
// with other names show that the prefix makes the difference.
func TestHostPrefix(t *testing.T) {
	s, b := newSite(t, runtime.Config{}), newBrowser(t)
	for path, attributes := range map[string]string{
		"/domain": "; Path=/; Secure; Domain=site.test",
		"/plain":  "; Path=/",
		"/path":   "; Path=/path; Secure",
	} {
		s.raw(path, "__Host-session=x"+attributes)
		s.raw("/other"+path, "a=x"+attributes)
		b.visit(s.at("site.test", path))
		if got := b.names(); got != nil {
			t.Errorf("the browser accepts __Host-session=x%s", attributes)
		}
	}
	b.visit(s.at("site.test", "/login"))
	for _, path := range []string{"/domain", "/plain", "/path"} {
		b.visit(s.at("site.test", path))
		if got := b.visit(s.at("site.test", "/read")); got != "hubo" {
			t.Errorf("%s replaces the session with %q", path, got)
		}
	}
	for _, path := range []string{"/domain", "/plain"} {
		b := newBrowser(t)
		b.visit(s.at("site.test", "/other"+path))
		if got := b.names(); !slices.Equal(got, []string{"a"}) {
			t.Errorf("/other%s: the browser has %q", path, got)
		}
	}
}

// Over plain http the default cookie is refused, as the README says, and the one of Insecure is kept.
func TestPlainHTTP(t *testing.T) {
	s, b := newSite(t, runtime.Config{Insecure: true}), newBrowser(t)
	s.raw("/secure", "__Host-session=x; Path=/; Secure; HttpOnly; SameSite=Lax")
	b.visit(s.at("site.test", "/secure"))
	if got := b.names(); got != nil {
		t.Errorf("the browser accepts %q over http", got)
	}
	b.visit(s.at("site.test", "/login"))
	if got := b.visit(s.at("site.test", "/read")); got != "hubo" {
		t.Errorf("the session is %q, want hubo", got)
	}
}
