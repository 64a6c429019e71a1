package chromium

import (
	"net/http"
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
)

// The browser deletes the cookie whatever its attributes are: it only replaces a cookie by one of the same name,
// domain, path and partition.
func TestDelete(t *testing.T) {
	const host = "www.site.test"
	for name, cfg := range map[string]runtime.Config{
		"default":     {},
		"path":        {Name: "__Secure-session", Path: "/app"},
		"domain":      {Name: "__Secure-session", Domain: "site.test"},
		"both":        {Name: "session", Path: "/app/", Domain: ".site.test"},
		"partitioned": {SameSite: http.SameSiteNoneMode, Partitioned: true},
		"strict":      {SameSite: http.SameSiteStrictMode},
		"insecure":    {Insecure: true},
	} {
		t.Run(name, func(t *testing.T) {
			s, b := newSite(t, cfg), newBrowser(t)
			b.visit(s.at(host, "/blank"))
			for begin, end := range map[string]string{"/app/login": "/app/clear", "/app/permanent": "/app/destroy"} {
				b.get(begin)
				b.cookie()
				b.get(end)
				if got := b.names(); got != nil {
					t.Errorf("after %s and %s the browser still has %q", begin, end, got)
				}
				if got := b.get("/app/read"); got != "" {
					t.Errorf("after %s and %s the session is %q", begin, end, got)
				}
			}
		})
	}
}

// A deletion with other attributes would not have removed the cookie.
func TestDeleteElsewhere(t *testing.T) {
	const attributes = "=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure; HttpOnly; SameSite=Lax"
	s, b := newSite(t, runtime.Config{Name: "__Secure-session", Path: "/app", Domain: "site.test"}), newBrowser(t)
	s.raw("/path", "__Secure-session"+attributes+"; Domain=site.test; Path=/")
	s.raw("/domain", "__Secure-session"+attributes+"; Path=/app")
	s.raw("/partition", "__Secure-session"+attributes+"; Domain=site.test; Path=/app; Partitioned")
	s.raw("/exact", "__Secure-session"+attributes+"; Domain=site.test; Path=/app")
	b.visit(s.at("site.test", "/app/login"))
	b.cookie()
	for _, path := range []string{"/path", "/domain", "/partition"} {
		b.get(path)
		b.cookie()
	}
	b.get("/exact")
	if got := b.names(); got != nil {
		t.Errorf("the browser still has %q", got)
	}
}
