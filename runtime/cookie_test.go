package runtime_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
)

// site is a handler with a route for each kind of use.
func site(m *runtime.Manager[visitor]) http.Handler {
	mux := http.NewServeMux()
	route := func(path string, use func(s *visitor) string) {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, use(from(r))) })
	}
	mux.HandleFunc("/untouched", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "untouched")
	})
	mux.HandleFunc("/asked", func(w http.ResponseWriter, r *http.Request) { // it could be used after the first byte
		from(r)
		fmt.Fprint(w, "asked")
	})
	route("/get", func(s *visitor) string { return fieldUser.Get(s.Session) })
	route("/set", func(s *visitor) string { fieldUser.Set(s.Session, "hubo"); return "set" })
	route("/permanent", func(s *visitor) string { s.SetPermanent(true); return "permanent" })
	route("/pop", func(s *visitor) string { v, _ := fieldUser.Pop(s.Session); return v })
	route("/swap", func(s *visitor) string { // a change that leaves all as it was
		v, _ := fieldUser.Pop(s.Session)
		fieldUser.Set(s.Session, v)
		return v
	})
	route("/clear", func(s *visitor) string { s.Clear(); return "cleared" })
	route("/destroy", func(s *visitor) string { s.Destroy(); return "destroyed" })
	return m.Handler(mux)
}

func TestBrowser(t *testing.T) {
	b := newBrowser(t, site(newManager(t, runtime.Config{})))
	const none, set, permanent, deleted = "", "set", "permanent", "deleted"
	for i, c := range []struct {
		path, body string
		sent       string // what kind of Set-Cookie
		touched    bool
	}{
		{"/untouched", "untouched", none, false},
		{"/asked", "asked", none, true},
		{"/get", "", none, true},
		{"/pop", "", none, true},
		{"/clear", "cleared", none, true},
		{"/destroy", "destroyed", none, true},
		{"/permanent", "permanent", none, true}, // of nothing
		{"/set", "set", set, true},
		{"/set", "set", none, true}, // to the same value
		{"/get", "hubo", none, true},
		{"/untouched", "untouched", none, false},
		{"/swap", "hubo", set, true},
		{"/permanent", "permanent", permanent, true},
		{"/permanent", "permanent", none, true},
		{"/swap", "hubo", permanent, true}, // it stays permanent
		{"/pop", "hubo", deleted, true},
		{"/get", "", none, true},
		{"/set", "set", set, true}, // the deleted one's flag is gone
		{"/clear", "cleared", deleted, true},
		{"/clear", "cleared", none, true},
		{"/set", "set", set, true},
		{"/destroy", "destroyed", deleted, true},
		{"/get", "", none, true},
	} {
		before := b.cookies()
		resp, body := b.get(c.path)
		step := fmt.Sprintf("step %d, %s", i, c.path)
		if resp.StatusCode != 200 || body != c.body {
			t.Errorf("%s: %s, %q", step, resp.Status, body)
		}
		sent := none
		for _, line := range resp.Header["Set-Cookie"] {
			if sent != none {
				t.Errorf("%s: two cookies", step)
			}
			switch c := parseCookie(t, line); {
			case c.MaxAge < 0:
				sent = deleted
			case c.MaxAge > 0:
				sent = permanent
			default:
				sent = set
			}
			if strings.Contains(line, "hubo") {
				t.Errorf("%s: readable: %s", step, line)
			}
		}
		if sent != c.sent {
			t.Errorf("%s: sent %q, want %q", step, sent, c.sent)
		}
		if got := resp.Header.Get("Vary") == "Cookie"; got != c.touched {
			t.Errorf("%s: Vary %q", step, resp.Header["Vary"])
		}
		if got := resp.Header.Get("Cache-Control") == "private"; got != (sent != none) {
			t.Errorf("%s: Cache-Control %q", step, resp.Header["Cache-Control"])
		}
		switch after := b.cookies(); {
		case sent == none && !slices.Equal(before, after):
			t.Errorf("%s: the jar changed", step)
		case sent == deleted && len(after) > 0:
			t.Errorf("%s: the jar keeps %q", step, after)
		case (sent == set || sent == permanent) && (len(after) != 1 || slices.Equal(before, after)):
			t.Errorf("%s: the jar has %q", step, after)
		}
	}
}

// A cookie that is set with a path and a domain must be deleted with them.
func TestBrowserDeletesWithAttributes(t *testing.T) {
	m := newManager(t, runtime.Config{Name: "s", Path: "/app", Domain: "example.com", SameSite: http.SameSiteStrictMode, Partitioned: true})
	b := newBrowser(t, http.StripPrefix("/app", site(m)))
	b.server.URL = "https://www.example.com/app" // which the test server's client leads to it
	b.get("/set")
	if got := b.cookies(); len(got) != 1 {
		t.Fatalf("the jar has %q", got)
	}
	b.get("/clear")
	if got := b.cookies(); len(got) != 0 {
		t.Errorf("the jar keeps %q", got)
	}
}

// Any change to a cookie makes it nobody's; the visitor is not told why.
func TestTamperedCookies(t *testing.T) {
	var log eventLog
	m := newManager(t, runtime.Config{OnEvent: log.record})
	h := site(m)
	cookie := sealed(t, m, func(s *visitor) { fieldUser.Set(s.Session, "hubo") })
	other := sealed(t, newManager(t, runtime.Config{Name: "other"}), func(s *visitor) { fieldUser.Set(s.Session, "hubo") })
	stranger := sealed(t, newManager(t, runtime.Config{Keys: parseKeys(t, keyB)}), func(s *visitor) { fieldUser.Set(s.Session, "hubo") })
	const head = len("__Host-session=")
	change := func(i int) string {
		b := []byte(cookie)
		if b[i]++; b[i] != 'B' && !strings.Contains("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", string(b[i])) {
			b[i] = 'A'
		}
		return string(b)
	}
	cases := []struct{ name, cookie, reason string }{
		{"suite", change(head), runtime.RefusedMalformed},
		{"key id", change(head + 3), runtime.RefusedUnknownKey},
		{"nonce prefix", change(head + 10), runtime.RefusedForged},
		{"nonce", change(head + 30), runtime.RefusedForged},
		{"ciphertext", change(head + 60), runtime.RefusedForged},
		{"tag", change(len(cookie) - 5), runtime.RefusedForged},
		{"other name's", "__Host-session=" + strings.TrimPrefix(other, "other="), runtime.RefusedForged},
		{"other key's", stranger, runtime.RefusedUnknownKey},
		{"cut short", cookie[:len(cookie)-4], runtime.RefusedForged},
		{"longer", cookie + "AAAA", runtime.RefusedForged},
		{"padded", cookie + "=", runtime.RefusedMalformed},
		{"quoted", `__Host-session="` + cookie[head:] + `"`, runtime.RefusedMalformed},
		{"percent-encoded", strings.Replace(cookie, cookie[head:head+1], fmt.Sprintf("%%%X", cookie[head]), 1), runtime.RefusedMalformed},
		{"garbage", "__Host-session=\x00\xff'\"<script>", runtime.RefusedMalformed},
		{"short", "__Host-session=A", runtime.RefusedMalformed},
	}
	log.take()
	for _, c := range cases {
		for path, body := range map[string]string{"/get": "", "/set": "set"} {
			r, _ := http.NewRequest("GET", path, nil)
			r.Header["Cookie"] = []string{c.cookie}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != 200 || w.Body.String() != body {
				t.Errorf("%s: %d %q", c.name, w.Code, w.Body)
			}
			if got := len(setCookies(w)); got != len(body)/3 {
				t.Errorf("%s: %s: %d cookies", c.name, path, got)
			}
			for name := range w.Header() {
				if !slices.Contains([]string{"Set-Cookie", "Vary", "Cache-Control", "Content-Type"}, name) {
					t.Errorf("%s: the response has a %s", c.name, name)
				}
			}
			want := []runtime.Event{{Kind: runtime.EventRefused, Reason: c.reason}}
			if body != "" {
				want = append(want, runtime.Event{Kind: runtime.EventCreated})
			}
			log.expect(t, want...)
		}
	}
	for i := head; i < len(cookie); i++ {
		if s := m.Open([]string{change(i)}); !s.IsNew() || fieldUser.Has(s.Session) {
			t.Errorf("accepted with character %d changed", i)
		}
	}
}

// Only cookies of exactly the name count.
func TestOtherCookies(t *testing.T) {
	m := newManager(t, runtime.Config{Name: "s"})
	cookie := sealed(t, m, func(s *visitor) { fieldUser.Set(s.Session, "hubo") })
	for _, header := range []string{
		"S" + cookie[1:], "s" + cookie, "x" + cookie, "s-" + cookie, `x="; ` + cookie[2:], cookie[2:], "s", "s;" + cookie[2:], "x=" + cookie,
	} {
		if s := m.Open([]string{header}); !s.IsNew() {
			t.Errorf("accepted: %s", header)
		}
	}
	for _, headers := range [][]string{
		{cookie}, {"a=1; " + cookie + "; s2=x"}, {"a=1;" + cookie + ";"}, {" \t" + cookie + " "}, {"a=1", "b=2", cookie}, {";;; ;s;" + cookie},
	} {
		if s := m.Open(headers); fieldUser.Get(s.Session) != "hubo" {
			t.Errorf("refused: %q", headers)
		}
	}
}
