package sessioninspect_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/sessioninspect"
	"github.com/sessiongen/sessiongen/runtime/sessiontest"
)

// boundCookies returns the Cookie header fields of a browser before its session is bound to a device, once it is, and
// after the log-out.
func boundCookies(t *testing.T, cfg runtime.Config) (offered, bound, ended string) {
	t.Helper()
	var err error
	if cfg.Keys, err = runtime.ParseKeys(testKey); err != nil {
		t.Fatal(err)
	}
	cfg.DeviceBound = 10 * time.Minute
	m, err := runtime.NewManager(cfg, func(s runtime.Session) session { return session{s} }, password)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewTLSServer(m.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		switch s := m.Get(r); r.URL.Path {
		case "/login":
			password.Set(s.Session, "hunter2hunter2")
			s.Authenticate()
		case "/logout":
			s.LogOut()
		default:
			password.Get(s.Session)
		}
	})))
	defer server.Close()
	client := server.Client()
	sessiontest.NewDevice(client)
	at, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	visit := func(path string) string {
		res, err := client.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		var pairs []string
		for _, c := range client.Jar.Cookies(at) {
			pairs = append(pairs, c.Name+"="+c.Value)
		}
		return strings.Join(pairs, "; ")
	}
	visit("/login")
	return visit("/"), visit("/"), visit("/logout")
}

// splitBadge returns a session's cookie and the token of its badge.
func splitBadge(cookies string) (session, token string) {
	for pair := range strings.SplitSeq(cookies, "; ") {
		if value, ok := strings.CutPrefix(pair, "__Host-session-bound="); ok {
			token = value
		} else {
			session = pair
		}
	}
	return session, token
}

// A badge says what the device has proved, when, and with the period until when. A bound session is refused without.
func TestBadge(t *testing.T) {
	offered, bound, ended := boundCookies(t, runtime.Config{})
	_, another, _ := boundCookies(t, runtime.Config{})
	alone, token := splitBadge(bound)
	_, foreign := splitBadge(another)
	const period = 10 * time.Minute
	for name, c := range map[string]struct {
		line    string
		period  time.Duration
		later   time.Duration
		session string // its refusal; "bound" if it is the current one, and "none" if there is none
		badge   string // what it is, and its refusal; "" if there is none
	}{
		"offered":                {"Cookie: " + offered, period, 0, "unbound", "offered"},
		"proven":                 {"Cookie: " + bound, period, 0, "bound", "proven"},
		"proven long ago":        {"Cookie: " + bound, period, period, "unproven", "proven unproven"},
		"the period is unknown":  {"Cookie: " + bound, 0, period, "bound", "proven"},
		"no badge":               {"Cookie: " + alone, period, 0, "unproven", ""},
		"no badge, unknown":      {"Cookie: " + alone, 0, 0, "bound", ""},
		"another device's badge": {"Cookie: " + alone + "; __Host-session-bound=" + foreign, period, 0, "unproven", "proven"},
		"ended":                  {"Cookie: " + ended, period, 0, "none", "ended"},
		"ended, and the session": {"Cookie: " + alone + "; " + ended, period, 0, "unproven", "ended"},
		"the badge's cookie":     {"Cookie: __Host-session-bound=" + token, period, 0, "none", "proven"},
		"the token alone":        {token, period, 0, "none", "proven"},
		"forged":                 {"Cookie: __Host-session-bound=" + damaged(token), period, 0, "none", " forged"},
		"a session for a badge":  {"Cookie: __Host-session-bound=" + strings.TrimPrefix(alone, "__Host-session="), period, 0, "none", " wrong purpose"},
	} {
		o := sessioninspect.Options{DeviceBound: c.period, Now: time.Now().Add(c.later)}
		session, badge := "none", ""
		for _, cookie := range inspect(t, o, c.line).Cookies {
			switch cookie.Kind {
			case "badge":
				badge = strings.TrimRight(cookie.Binding+" "+cookie.Refused, " ")
				if proven := cookie.Binding == "proven" && c.period > 0; proven != (cookie.Expires != nil) ||
					proven && cookie.Expires.Sub(cookie.BindingAt.Time) != period {
					t.Errorf("%s: got a binding at %v, until %v", name, cookie.BindingAt, cookie.Expires)
				}
			case "session":
				switch session = cookie.Refused; {
				case cookie.Current && cookie.DeviceBound:
					session = "bound"
				case cookie.Current:
					session = "unbound"
				}
			}
		}
		if session != c.session || badge != c.badge {
			t.Errorf("%s: got session %q, badge %q; want %q, %q", name, session, badge, c.session, c.badge)
		}
	}
}
