package sessiondebug_test

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/internal/web"
	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/sessiondebug"
	"github.com/sessiongen/sessiongen/runtime/sessiontest"
)

func newManager(t *testing.T, cfg runtime.Config) *web.SessionManager {
	t.Helper()
	var err error
	if cfg.Keys, err = runtime.ParseKeys(runtime.GenerateKey()); err != nil {
		t.Fatal(err)
	}
	m, err := web.NewSessionManager(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// request is one of a browser on this machine.
func request(method string) *http.Request {
	r := httptest.NewRequest(method, "http://localhost:8080/debug/session", nil)
	r.RemoteAddr = "127.0.0.1:40000"
	return r
}

func serve(m *web.SessionManager, o sessiondebug.Options, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	m.Handler(sessiondebug.Handler(o)).ServeHTTP(w, r)
	return w
}

func fill(s *web.Session) {
	s.SetUserID(42)
	s.SetUsername("<b>hubo</b>")
	s.SetRoles([]string{"admin", "cook"})
}

// Requests from other machines get nothing, unless the program allows them.
func TestGuard(t *testing.T) {
	insecure, secure := newManager(t, runtime.Config{Insecure: true}), newManager(t, runtime.Config{})
	for _, c := range []struct {
		name    string
		manager *web.SessionManager
		options sessiondebug.Options
		change  func(*http.Request)
		status  int
		says    string
	}{
		{"this machine", insecure, sessiondebug.Options{}, nil, 200, "<h1>Session</h1>"},
		{"this machine by IPv6", insecure, sessiondebug.Options{}, func(r *http.Request) { r.RemoteAddr, r.Host = "[::1]:40000", "[::1]:8080" }, 200, "<h1>"},
		{"this machine by IPv4 within IPv6", insecure, sessiondebug.Options{}, func(r *http.Request) { r.RemoteAddr = "[::ffff:127.0.0.1]:40000" }, 200, "<h1>"},
		{"a name below localhost", insecure, sessiondebug.Options{}, func(r *http.Request) { r.Host = "app.localhost" }, 200, "<h1>"},
		{"another machine", insecure, sessiondebug.Options{}, func(r *http.Request) { r.RemoteAddr = "192.0.2.1:40000" }, 403, "not on this machine"},
		{"no address", insecure, sessiondebug.Options{}, func(r *http.Request) { r.RemoteAddr = "@" }, 403, "not on this machine"},
		{"another machine, told", insecure, sessiondebug.Options{Remote: true}, func(r *http.Request) { r.RemoteAddr = "192.0.2.1:40000" }, 200, "<h1>"},
		{"a proxy", insecure, sessiondebug.Options{}, func(r *http.Request) { r.Header.Set("X-Forwarded-For", "192.0.2.1") }, 403, "a proxy"},
		{"another proxy", insecure, sessiondebug.Options{}, func(r *http.Request) { r.Header.Set("Forwarded", "for=192.0.2.1") }, 403, "a proxy"},
		{"a proxy that says little", insecure, sessiondebug.Options{}, func(r *http.Request) { r.Header.Set("X-Forwarded-Proto", "http") }, 403, "a proxy"},
		{"a proxy of a network", insecure, sessiondebug.Options{}, func(r *http.Request) { r.Header.Set("CF-Connecting-IP", "192.0.2.1") }, 403, "a proxy"},
		{"a proxy that says what it is", insecure, sessiondebug.Options{}, func(r *http.Request) { r.Header.Set("Via", "1.1 cache") }, 403, "a proxy"},
		{"nginx, told to tell", insecure, sessiondebug.Options{}, func(r *http.Request) { r.Header.Set("X-Real-IP", "192.0.2.1") }, 403, "a proxy"},
		{"Envoy", insecure, sessiondebug.Options{}, func(r *http.Request) { r.Header.Set("X-Envoy-External-Address", "192.0.2.1") }, 403, "a proxy"},
		{"an ingress", insecure, sessiondebug.Options{}, func(r *http.Request) { r.Header.Set("X-Original-Forwarded-For", "192.0.2.1") }, 403, "a proxy"},
		{"another network", insecure, sessiondebug.Options{}, func(r *http.Request) { r.Header.Set("Fastly-Client-IP", "192.0.2.1") }, 403, "a proxy"},
		{"a proxy, told", insecure, sessiondebug.Options{Remote: true}, func(r *http.Request) { r.Header.Set("X-Forwarded-For", "192.0.2.1") }, 200, "<h1>"},
		// Nothing tells it from a browser here; the documentation says so.
		{"a proxy that says nothing", insecure, sessiondebug.Options{}, func(r *http.Request) { r.Header.Set("Connection", "close") }, 200, "<h1>"},
		{"a name that leads here", insecure, sessiondebug.Options{}, func(r *http.Request) { r.Host = "evil.example:8080" }, 403, "not localhost"},
		{"a name like localhost", insecure, sessiondebug.Options{}, func(r *http.Request) { r.Host = "localhost.example" }, 403, "not localhost"},
		{"a name that ends like it", insecure, sessiondebug.Options{}, func(r *http.Request) { r.Host = "notlocalhost" }, 403, "not localhost"},
		{"a secure manager", secure, sessiondebug.Options{}, nil, 403, "Config.Insecure"},
		{"a secure manager, told", secure, sessiondebug.Options{Secure: true}, nil, 200, "<h1>"},
		{"a secure manager, half told", secure, sessiondebug.Options{Remote: true}, nil, 403, "Config.Insecure"},
		{"another method", insecure, sessiondebug.Options{}, func(r *http.Request) { r.Method = "POST" }, 405, "Method Not Allowed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := sessiontest.Request(t, c.manager, request("GET"), fill)
			if c.change != nil {
				c.change(r)
			}
			w := serve(c.manager, c.options, r)
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.says) {
				t.Errorf("got %d %s, want %d with %q", w.Code, w.Body, c.status, c.says)
			}
			if c.status != 200 && strings.Contains(w.Body.String(), "hubo") {
				t.Errorf("the refusal shows the session: %s", w.Body)
			}
			if c.status != 200 && w.Header().Get("Vary") != "" {
				t.Error("the refusal uses the session")
			}
		})
	}
}

func TestNoManager(t *testing.T) {
	w := httptest.NewRecorder()
	sessiondebug.Handler(sessiondebug.Options{}).ServeHTTP(w, request("GET"))
	if w.Code != 500 || !strings.Contains(w.Body.String(), "below Manager.Handler") {
		t.Errorf("got %d %s, want 500 and the reason", w.Code, w.Body)
	}
}

func TestPage(t *testing.T) {
	for name, cfg := range map[string]runtime.Config{
		"cookie":      {Insecure: true},
		"revocations": {Insecure: true, Revocations: runtime.NewMemoryStore(100)},
		"store":       {Insecure: true, Store: runtime.NewMemoryStore(100)},
	} {
		t.Run(name, func(t *testing.T) {
			m := newManager(t, cfg)
			r := sessiontest.Request(t, m, request("GET"), fill)
			w := serve(m, sessiondebug.Options{}, r)
			body := w.Body.String()
			for _, want := range []string{
				`<title>Session: session</title>`,
				`Username<span class="key">username</span>`, `<code>string</code>`, `&#34;&lt;b&gt;hubo&lt;/b&gt;&#34;`,
				`<code>int64</code> <span class="option">principal</span>`, `<code class="value">42</code>`,
				`[&#34;admin&#34;,&#34;cook&#34;]`,
				`<em>not set</em>`, // Visits
				m.Get(r).ID(),
				`Config.Lifetime ends it then. It is not permanent, so closing the browser ends it earlier.`,
				`session; Path=/; HttpOnly; SameSite=Lax`, `This request carried it.`,
			} {
				if !strings.Contains(body, want) {
					t.Errorf("the page does not show %q: %s", want, body)
				}
			}
			if inStore := cfg.Store != nil; strings.Contains(body, "Sessions of this user") != inStore || strings.Contains(body, "this one") != inStore {
				t.Errorf("the page lists the user's sessions without a store, or not with one: %s", body)
			}
			if got := w.Header()["Set-Cookie"]; got != nil {
				t.Errorf("the page sets cookies %q", got)
			}
			for key, want := range map[string]string{"Cache-Control": "no-store", "Vary": "Cookie", "X-Content-Type-Options": "nosniff"} {
				if got := w.Header().Get(key); got != want {
					t.Errorf("got %s: %q, want %q", key, got, want)
				}
			}
			if sealed, _, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Cookie"), "session="), ";"); strings.Contains(body, sealed) {
				t.Error("the page shows the token")
			}
		})
	}
}

// A visitor without a session has a page too.
func TestEmpty(t *testing.T) {
	m := newManager(t, runtime.Config{Insecure: true})
	w := serve(m, sessiondebug.Options{}, request("GET"))
	body := w.Body.String()
	for _, want := range []string{"Empty; it lives in the cookie.", "none: the session is empty", "This request did not carry it.", "<strong>0</strong> of 4096"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page does not show %q: %s", want, body)
		}
	}
	if w.Header()["Set-Cookie"] != nil {
		t.Error("the page begins a session")
	}
}

// The events of a manager that is Insecure are there, those of another one are not.
func TestEvents(t *testing.T) {
	for _, insecure := range []bool{true, false} {
		m := newManager(t, runtime.Config{Insecure: insecure, OnEvent: func(context.Context, runtime.Event) {}})
		for range 60 {
			r := request("GET")
			r.Header.Set("Cookie", map[bool]string{true: "session", false: "__Host-session"}[insecure]+"=junk")
			serve(m, sessiondebug.Options{Secure: true}, r)
		}
		body := serve(m, sessiondebug.Options{Secure: true}, request("GET")).Body.String()
		if n := strings.Count(body, ">refused</td>"); insecure && n != 50 || !insecure && n != 0 {
			t.Errorf("Insecure %v: the page shows %d events", insecure, n)
		}
	}
}

// A store that is down is said, and nothing of the session.
func TestStoreDown(t *testing.T) {
	keys, err := runtime.ParseKeys(runtime.GenerateKey())
	if err != nil {
		t.Fatal(err)
	}
	store := runtime.NewMemoryStore(100)
	cfg := runtime.Config{Keys: keys, Insecure: true, Store: store, OnEvent: func(context.Context, runtime.Event) {}}
	up, err := web.NewSessionManager(cfg)
	if err != nil {
		t.Fatal(err)
	}
	r := sessiontest.Request(t, up, request("GET"), fill)
	if body := serve(up, sessiondebug.Options{}, r).Body.String(); !strings.Contains(body, "hubo") {
		t.Fatalf("the page does not show the session: %s", body)
	}
	cfg.Store = down{store}
	m, err := web.NewSessionManager(cfg)
	if err != nil {
		t.Fatal(err)
	}
	w := serve(m, sessiondebug.Options{}, r)
	if w.Code != http.StatusServiceUnavailable || strings.Contains(w.Body.String(), "hubo") {
		t.Errorf("got %d %s, want 503 without the session", w.Code, w.Body)
	}
}

type down struct{ runtime.Store }

func (down) Load(context.Context, string) (runtime.Record, error) {
	return runtime.Record{}, context.DeadlineExceeded
}

// The page uses the manager's clock.
func TestClock(t *testing.T) {
	clock := sessiontest.NewClock(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC))
	m := newManager(t, runtime.Config{Insecure: true, Time: clock.Now})
	r := sessiontest.Request(t, m, request("GET"), fill)
	clock.Advance(3 * time.Hour)
	body := serve(m, sessiondebug.Options{}, r).Body.String()
	for _, want := range []string{"2000-01-01 00:00:00 UTC <span class=\"count\">3 hours ago", "in 31 days"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page does not show %q: %s", want, body)
		}
	}
}

// A user with many sessions has a page of a bounded length.
func TestManySessions(t *testing.T) {
	m := newManager(t, runtime.Config{Insecure: true, Store: runtime.NewMemoryStore(1000)})
	for range 60 {
		sessiontest.Request(t, m, request("GET"), fill)
	}
	body := serve(m, sessiondebug.Options{}, sessiontest.Request(t, m, request("GET"), fill)).Body.String()
	if n := strings.Count(body, `<td role="cell" data-label="Last used">`); n != 50 || !strings.Contains(body, "And 11 more.") {
		t.Errorf("the page has %d rows, want 50: %s", n, body)
	}
}

func TestDoubts(t *testing.T) {
	for _, c := range []struct {
		name   string
		cfg    runtime.Config
		change func(*http.Request)
		want   string // "" for none
	}{
		{"plain http", runtime.Config{Insecure: true}, nil, ""},
		{"https", runtime.Config{}, func(r *http.Request) { r.TLS = new(tls.ConnectionState) }, ""},
		{"Secure on localhost", runtime.Config{}, nil, "Safari does not"},
		{"Secure over plain http", runtime.Config{}, func(r *http.Request) { r.Host = "app.test" }, "the browser does not keep it"},
		{"https of a proxy", runtime.Config{}, func(r *http.Request) { r.Host = "app.test"; r.Header.Set("X-Forwarded-Proto", "https") }, ""},
		{"Domain of another site", runtime.Config{Insecure: true, Domain: "example.com"}, func(r *http.Request) { r.Host = "www.example.org" }, "does not cover this host, www.example.org"},
		{"Domain that ends like the host", runtime.Config{Insecure: true, Domain: "example.com"}, func(r *http.Request) { r.Host = "notexample.com" }, "does not cover"},
		{"Domain", runtime.Config{Insecure: true, Domain: "example.com"}, func(r *http.Request) { r.Host = "www.example.com:8080" }, ""},
		{"Domain of localhost", runtime.Config{Insecure: true, Domain: "localhost"}, nil, ""},
		{"Domain above localhost", runtime.Config{Insecure: true, Domain: "localhost"}, func(r *http.Request) { r.Host = "app.localhost:8080" }, "public suffix"},
		{"Domain and an address", runtime.Config{Insecure: true, Domain: "example.com"}, func(r *http.Request) { r.Host = "127.0.0.1:8080" }, "is an address"},
		{"Path", runtime.Config{Insecure: true, Path: "/app"}, nil, "does not send it to this page"},
		{"Path like the page's", runtime.Config{Insecure: true, Path: "/deb"}, nil, "does not send it to this page"},
		{"Path above", runtime.Config{Insecure: true, Path: "/debug"}, nil, ""},
		{"SameSite", runtime.Config{Insecure: true, SameSite: http.SameSiteStrictMode}, nil, "SameSite=Strict"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newManager(t, c.cfg)
			r := request("GET")
			if c.change != nil {
				c.change(r)
			}
			body := serve(m, sessiondebug.Options{Remote: true, Secure: true}, r).Body.String()
			list := regexp.MustCompile(`(?s)<ul class="doubts">.*?</ul>`).FindString(body)
			if c.want == "" && list != "" || !strings.Contains(list, c.want) {
				t.Errorf("got doubts %q, want %q", list, c.want)
			}
		})
	}
}
