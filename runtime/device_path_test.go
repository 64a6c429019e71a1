package runtime_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// A browser finds where it registers, proves and comes back, wherever the site is below its host: known to the program,
// or to http.StripPrefix or a proxy alone.
func TestDevicePaths(t *testing.T) {
	// proxied has a proxy before it, of which the program sees nothing.
	proxied := func(prefix string, h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != prefix && !strings.HasPrefix(r.URL.Path, prefix+"/") {
				http.NotFound(w, r)
				return
			}
			inner := r.Clone(r.Context())
			inner.RequestURI = "/" + strings.TrimPrefix(strings.TrimPrefix(r.URL.RequestURI(), prefix), "/")
			u, err := url.ParseRequestURI(inner.RequestURI)
			if err != nil {
				t.Error(err)
			}
			inner.URL = u
			h.ServeHTTP(w, inner)
		})
	}
	asItIs := func(_ string, h http.Handler) http.Handler { return h }
	for name, c := range map[string]struct {
		path  string // Config.Path
		mount func(prefix string, h http.Handler) http.Handler
		pages string // of the site, as the browser knows them
	}{
		"the whole host":                    {"", asItIs, "/ /deep/ /deep/er /deep/er/ /deep%2Fer/%3F"},
		"a path of the program's":           {"/app", asItIs, "/app /app/ /app/deep /app/deep/er /app/app/x"},
		"the same, with a slash":            {"/app/", asItIs, "/app/ /app/deep"},
		"StripPrefix":                       {"", http.StripPrefix, "/app /app/ /app/deep /app/deep/er"},
		"StripPrefix, and Config.Path":      {"/app", http.StripPrefix, "/app /app/ /app/deep /app/app /app/app/x"},
		"StripPrefix of the slash too":      {"", func(p string, h http.Handler) http.Handler { return http.StripPrefix(p+"/", h) }, "/app/ /app/deep /app/deep/er"},
		"a proxy":                           {"", proxied, "/app/ /app/deep /app/deep/er"},
		"a proxy, and Config.Path":          {"/app", proxied, "/app /app/ /app/deep /app/app /app/app/x"},
		"a proxy before a path":             {"/out/in", func(_ string, h http.Handler) http.Handler { return proxied("/out", h) }, "/out/in /out/in/ /out/in/deep"},
		"StripPrefix behind a proxy":        {"/out/in", func(_ string, h http.Handler) http.Handler { return proxied("/out", http.StripPrefix("/in", h)) }, "/out/in /out/in/deep"},
		"a colon, and what must be escaped": {"", func(_ string, h http.Handler) http.Handler { return http.StripPrefix("/a:b c", h) }, "/a:b%20c /a:b%20c/"},
	} {
		for _, page := range strings.Fields(c.pages) {
			clock := newClock()
			cfg := runtime.Config{DeviceBound: devicePeriod, Time: clock.now, Path: c.path}
			if c.path != "" {
				cfg.Name = "__Secure-session"
			}
			m := newManager(t, cfg)
			answer := func(w http.ResponseWriter, r *http.Request) {
				if s := from(r); r.URL.Query().Has("login") {
					fieldAccount.Set(s.Session, 42)
				} else if s.DeviceBound() && fieldAccount.Get(s.Session) == 42 {
					w.Write([]byte("bound " + r.URL.RawQuery))
				}
			}
			site := m.Handler(m.RequireProof(time.Minute, http.HandlerFunc(answer)))
			d := newDevice(t, c.mount("/app", site), clock.now)
			d.jar.path = page // for which cookies are sent: all requests are below Config.Path
			d.visit(page + "?login")
			for i, query := range []string{"", "?a=b&c=%2F", ""} {
				if status, body := d.visit(page + query); status != http.StatusOK || body != "bound "+strings.TrimPrefix(query, "?") {
					t.Errorf("%s: %s, visit %d: got %d, %q, want the bound session", name, page, i, status, body)
				}
				clock.advance(time.Duration(2+i*10) * time.Minute) // past what RequireProof asks for, then past the period
			}
		}
	}
}
