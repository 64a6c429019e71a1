package runtime_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

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
			t.Errorf("%s: got %s, %q, want 200 OK, %q", step, resp.Status, body, c.body)
		}
		sent := none
		for _, line := range resp.Header["Set-Cookie"] {
			if sent != none {
				t.Errorf("%s: the response sets two cookies", step)
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
				t.Errorf("%s: the cookie is readable: %s", step, line)
			}
		}
		if sent != c.sent {
			t.Errorf("%s: the response sends %q, want %q", step, sent, c.sent)
		}
		if got := resp.Header.Get("Vary") == "Cookie"; got != c.touched {
			t.Errorf("%s: got Vary %q", step, resp.Header["Vary"])
		}
		if got := resp.Header.Get("Cache-Control") == "private"; got != (sent != none) {
			t.Errorf("%s: got Cache-Control %q", step, resp.Header["Cache-Control"])
		}
		switch after := b.cookies(); {
		case sent == none && !slices.Equal(before, after):
			t.Errorf("%s: the jar changed without a cookie", step)
		case sent == deleted && len(after) > 0:
			t.Errorf("%s: after the deletion, the jar has %q", step, after)
		case (sent == set || sent == permanent) && (len(after) != 1 || slices.Equal(before, after)):
			t.Errorf("%s: the jar has %q, want the new cookie", step, after)
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
		t.Fatalf("the jar has %q, want one cookie", got)
	}
	b.get("/clear")
	if got := b.cookies(); len(got) != 0 {
		t.Errorf("after the deletion, the jar has %q", got)
	}
}

// Only cookies of exactly the name count.
func TestOtherCookies(t *testing.T) {
	m := newManager(t, runtime.Config{Name: "s"})
	cookie := sealed(t, m, func(s *visitor) { fieldUser.Set(s.Session, "hubo") })
	for _, header := range []string{
		"S" + cookie[1:], "s" + cookie, "x" + cookie, "s-" + cookie, `x="; ` + cookie[2:], cookie[2:], "s", "s;" + cookie[2:], "x=" + cookie,
	} {
		if s := m.Open(t.Context(), []string{header}); !s.IsNew() {
			t.Errorf("the session opens from %s", header)
		}
	}
	for _, headers := range [][]string{
		{cookie}, {"a=1; " + cookie + "; s2=x"}, {"a=1;" + cookie + ";"}, {" \t" + cookie + " "}, {"a=1", "b=2", cookie}, {";;; ;s;" + cookie},
	} {
		if s := m.Open(t.Context(), headers); fieldUser.Get(s.Session) != "hubo" {
			t.Errorf("the session does not open from %q", headers)
		}
	}
}

// Every size around the limit goes through a browser, which drops what is larger.
func TestBrowserLimit(t *testing.T) {
	for size := 4089; size <= 4097; size++ {
		m, s := sized(t, size, runtime.Config{})
		j := newJar(time.Now)
		lines, err := setCookieLines(m.Seal(s))
		j.receive(t, lines)
		if size > 4096 {
			if !errors.Is(err, runtime.ErrTooLarge) || lines != nil {
				t.Errorf("%d bytes: got %d cookies, %v, want ErrTooLarge", size, len(lines), err)
			}
			continue
		}
		j.visit(t, m, func(s *visitor) {
			if s.Size() != size || fieldUser.Get(s.Session) != "hubo" || err != nil {
				t.Errorf("%d bytes: the session opens with %d, %v", size, s.Size(), err)
			}
		})
	}
}

// Cookies of each configuration are ones that a browser keeps, and deletes.
func TestBrowserKeepsEveryCookie(t *testing.T) {
	for _, cfg := range []runtime.Config{
		{}, {Insecure: true}, {Name: "__Secure-s", Domain: "example.com", Path: "/app"}, {Name: "__Host-s", SameSite: 4, Partitioned: true},
		{Name: "__Host-Http-s"}, {Name: "__Http-s"}, {Name: "s", Domain: ".WWW.example.com", Path: "/app/x"}, {Name: "s", Path: "/a b"},
		{Name: strings.Repeat("n", 256), Lifetime: 400 * day, IdleTimeout: 500 * day, AbsoluteTimeout: 1000 * day},
	} {
		cfg.MaxChunks, cfg.Sliding = 4, true
		clock := newClock()
		cfg.Time = clock.now
		m := newManager(t, cfg)
		j := newJar(clock.now)
		j.insecure = cfg.Insecure
		if cfg.Path != "" {
			j.path = cfg.Path + "/x"
		}
		j.visit(t, m, func(s *visitor) { setBlob(11000)(s); s.SetPermanent(true) })
		clock.advance(30 * day)
		if cfg.Lifetime > 0 {
			clock.advance(100 * day)
		}
		j.visit(t, m, func(s *visitor) {
			if len(fieldBlob.Get(s.Session)) != 11000 {
				t.Errorf("%+v: the session does not open", cfg)
			}
		})
		if got := strings.Count(strings.Join(j.header(), ""), "="); got != 5 {
			t.Errorf("%+v: the browser has %d cookies, want 5", cfg, got)
		}
		j.visit(t, m, func(s *visitor) { s.Destroy() })
		if got := j.header(); got != nil {
			t.Errorf("%+v: after the deletion, the browser has %.100q", cfg, got)
		}
	}
}
