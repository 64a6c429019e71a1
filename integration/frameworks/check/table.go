package check

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
)

// Run runs the table of checks against a framework.
func Run(t *testing.T, f Framework) {
	for _, c := range table {
		t.Run(c.name, func(t *testing.T) {
			if why := f.Without[c.name]; why != "" {
				t.Skip(why)
			}
			c.run(t, f)
		})
	}
}

var table = []struct {
	name string
	run  func(*testing.T, Framework)
}{
	{"untouched", func(t *testing.T, f Framework) {
		v := visit(t, f)
		if r := v.expect("/untouched", "", "plain"); len(r.SetCookies) > 0 || r.Header.Get("Vary") != "" {
			t.Errorf("an untouched session gets header %v", r.Header)
		}
	}},
	{"log-in", func(t *testing.T, f Framework) {
		v := visit(t, f)
		v.expect("/whoami", "", "")
		r := v.expect("/login", "hubo", "hello hubo")
		if len(r.SetCookies) != 1 {
			t.Errorf("got cookies %q, want one", r.SetCookies)
		}
		if h := r.Header; h != nil && (h.Get("Vary") != "Cookie" || h.Get("Cache-Control") != "private") {
			t.Errorf("got header %v, want Vary and Cache-Control", h)
		}
		if r := v.expect("/whoami", "", "hubo"); len(r.SetCookies) > 0 {
			t.Errorf("a reader gets cookies %q, want none", r.SetCookies)
		}
	}},
	{"log-out", func(t *testing.T, f Framework) {
		v := visit(t, f)
		v.expect("/login", "hubo", "hello hubo")
		v.expect("/logout", "", "bye")
		if len(v.cookies) > 0 {
			t.Errorf("the cookies %q are left", v.cookies)
		}
		v.expect("/whoami", "", "")
	}},
	{"flash", func(t *testing.T, f Framework) {
		v := visit(t, f)
		v.get("/flash", "saved")
		v.expect("/notice", "", "saved")
		v.expect("/notice", "", "")
	}},
	{"flash, not shown", func(t *testing.T, f Framework) {
		v := visit(t, f)
		v.get("/toast", "saved")
		if f.Without["redirect"] == "" {
			if r := v.do("POST", "/toastsgo", ""); r.Status != http.StatusSeeOther {
				t.Errorf("got status %d, body %q, want a redirect", r.Status, r.Body)
			}
		}
		if r := v.get("/toastsfail", ""); r.Status != http.StatusInternalServerError {
			t.Errorf("got status %d, body %q, want 500", r.Status, r.Body)
		}
		v.expect("/toasts", "", "saved")
		v.expect("/toasts", "", "")
	}},
	{"cart", func(t *testing.T, f Framework) {
		v := visit(t, f)
		v.expect("/cart", "pear", "pear")
		v.expect("/cart", "plum", "pear,plum")
		v.expect("/cart", "", "pear,plum")
	}},
	{"OAuth state", func(t *testing.T, f Framework) {
		v := visit(t, f)
		v.expect("/state", "s3cret", "begun")
		v.expect("/callback", "s3cret", "true")
		v.expect("/callback", "s3cret", "false")
	}},
	{"flows", func(t *testing.T, f Framework) {
		v := visit(t, f)
		first, second := v.get("/flow", "one").Body, v.get("/flow", "two").Body
		v.expect("/back", second, "two true")
		v.expect("/back", first, "one true")
		v.expect("/back", first, " false")
	}},
	{"remember me", func(t *testing.T, f Framework) {
		v := visit(t, f)
		r := v.expect("/remember", "hubo", "for long")
		if len(r.SetCookies) != 1 || !strings.Contains(r.SetCookies[0], "; Max-Age=2678400;") {
			t.Errorf("got cookies %q, want one for 31 days", r.SetCookies)
		}
	}},
	{"error", func(t *testing.T, f Framework) {
		v := visit(t, f)
		if r := v.get("/error", ""); r.Status != http.StatusUnprocessableEntity || r.Body != "handled: no such thing" {
			t.Errorf("got status %d, body %q, want 422", r.Status, r.Body)
		}
		v.expect("/notice", "", "try again")
	}},
	{"abort", func(t *testing.T, f Framework) {
		v := visit(t, f)
		if r := v.get("/denied", ""); r.Status != http.StatusForbidden {
			t.Errorf("got status %d, body %q, want 403", r.Status, r.Body)
		}
		v.expect("/notice", "", "no entry")
	}},
	{"not found", func(t *testing.T, f Framework) {
		v := visit(t, f)
		if r := v.get("/missing", ""); r.Status != http.StatusNotFound || len(r.SetCookies) > 0 {
			t.Errorf("got status %d, body %q, cookies %v, want 404 and none", r.Status, r.Body, r.SetCookies)
		}
	}},
	{"panic, recovered", func(t *testing.T, f Framework) {
		v := visit(t, f)
		v.expect("/login", "hubo", "hello hubo")
		if r := v.get("/panic", ""); r.Status != http.StatusInternalServerError || len(r.SetCookies) > 0 {
			t.Errorf("got status %d, cookies %q, want 500 and none", r.Status, r.SetCookies)
		}
		v.expect("/whoami", "", "hubo")
		if r := v.get("/panicout", ""); r.Status != http.StatusInternalServerError || len(v.cookies) > 0 {
			t.Errorf("got status %d, cookies %q after a log-out, want 500 and none", r.Status, v.cookies)
		}
	}},
	{"panic", func(t *testing.T, f Framework) {
		v := visitSite(t, f, runtime.Config{}, Site{Scope: All})
		v.noLog = true
		v.expect("/login", "hubo", "hello hubo")
		if r := v.get("/panic", ""); r.Status != 0 {
			t.Errorf("got status %d, body %q, want a broken connection", r.Status, r.Body)
		}
		v.expect("/whoami", "", "hubo")
	}},
	{"204", func(t *testing.T, f Framework) {
		v := visit(t, f)
		if r := v.get("/nocontent", ""); r.Status != http.StatusNoContent || r.Body != "" {
			t.Errorf("got status %d, body %q, want 204", r.Status, r.Body)
		}
		v.expect("/cart", "", "nothing")
	}},
	{"redirect", func(t *testing.T, f Framework) {
		v := visit(t, f)
		if r := v.get("/flash", "x"); r.Status != http.StatusSeeOther || r.Header.Get("Location") != "/notice" || len(r.SetCookies) != 1 {
			t.Errorf("got status %d, header %v, want a redirect with one cookie", r.Status, r.Header)
		}
	}},
	{"stream", func(t *testing.T, f Framework) {
		v := visit(t, f)
		v.expect("/stream", "", "one two")
		v.expect("/cart", "", "stream")
	}},
	{"websocket", func(t *testing.T, f Framework) {
		v := visit(t, f)
		if r := v.do("WEBSOCKET", "/websocket", "ping"); r.Status != http.StatusSwitchingProtocols || r.Body != "ping" {
			t.Errorf("got status %d, body %q, want 101, ping", r.Status, r.Body)
		}
		v.expect("/cart", "", "websocket")
	}},
	{"too large", func(t *testing.T, f Framework) {
		v := visit(t, f)
		v.expect("/login", "hubo", "hello hubo")
		r := v.get("/large", "")
		if r.Status != http.StatusInternalServerError || strings.Contains(r.Body, "secret") || len(r.SetCookies) > 0 {
			t.Errorf("got status %d, body %q, cookies %q, want 500 and none", r.Status, r.Body, r.SetCookies)
		}
		if !v.events.has(runtime.EventTooLarge) {
			t.Error("there is no event too large")
		}
		v.expect("/whoami", "", "hubo")
	}},
	{"error handler of Config", func(t *testing.T, f Framework) {
		for _, parts := range [][]string{nil, {"sorry, ", "later"}} {
			v := visitSite(t, f, runtime.Config{ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
				w.WriteHeader(http.StatusServiceUnavailable)
				for _, part := range parts {
					_, _ = io.WriteString(w, part)
				}
			}}, Site{Scope: All, Recover: true})
			r := v.get("/large", "")
			if r.Status != http.StatusServiceUnavailable || strings.Contains(r.Body, "secret") {
				t.Errorf("got status %d, body %q, want 503", r.Status, r.Body)
			}
			if want := strings.Join(parts, ""); r.Body != want && f.Without["redirect"] == "" {
				t.Errorf("got body %q, want %q", r.Body, want)
			}
		}
	}},
	{"too late", func(t *testing.T, f Framework) {
		v := visit(t, f)
		v.expect("/late", "", "ab")
		if !v.events.has(runtime.EventTooLate) {
			t.Error("there is no event too late")
		}
		v.expect("/cart", "", "early")
	}},
	{"store down", func(t *testing.T, f Framework) {
		store := &failingStore{Store: runtime.NewMemoryStore(100)}
		v := visitSite(t, f, runtime.Config{Store: store}, Site{Scope: All, Recover: true})
		v.expect("/login", "hubo", "hello hubo")
		store.down = true
		if r := v.get("/cart", "pear"); r.Status != http.StatusServiceUnavailable || len(r.SetCookies) > 0 || strings.Contains(r.Body, "pear") {
			t.Errorf("got status %d, body %q, cookies %q, want 503 and none", r.Status, r.Body, r.SetCookies)
		}
		store.down = false
		v.expect("/whoami", "", "hubo")
	}},
	{"HEAD", func(t *testing.T, f Framework) {
		v := visit(t, f)
		if r := v.do("HEAD", "/login", "hubo"); r.Status != http.StatusOK || r.Body != "" || len(r.SetCookies) != 1 {
			t.Errorf("got status %d, body %q, cookies %q, want 200 and one", r.Status, r.Body, r.SetCookies)
		}
		v.expect("/whoami", "", "hubo")
	}},
	{"group of routes", func(t *testing.T, f Framework) { scope(t, f, Group) }},
	{"one route", func(t *testing.T, f Framework) { scope(t, f, Route) }},
	{"the framework's context", func(t *testing.T, f Framework) {
		if f.Hint == "" {
			t.Skip("the framework's context is not a context.Context")
		}
		v := visit(t, f)
		if r := v.get("/wrong", ""); !strings.Contains(r.Body, f.Hint) {
			t.Errorf("got status %d, body %q, want the hint %q", r.Status, r.Body, f.Hint)
		}
	}},
}

// scope checks that the middleware works where it is mounted, and nowhere else.
func scope(t *testing.T, f Framework, scope Scope) {
	v := visitSite(t, f, runtime.Config{}, Site{Scope: scope, Recover: true})
	v.expect("/group/cart", "pear", "pear")
	v.expect("/group/cart", "plum", "pear,plum")
	if r := v.get("/cart", "fig"); r.Status != http.StatusInternalServerError {
		t.Errorf("without the middleware: got status %d, body %q, want 500", r.Status, r.Body)
	}
}

func visit(t *testing.T, f Framework) *visitor {
	return visitSite(t, f, runtime.Config{}, Site{Scope: All, Recover: true})
}

// visitSite serves a site and returns its visitor.
func visitSite(t *testing.T, f Framework, cfg runtime.Config, s Site) *visitor {
	t.Helper()
	v := &visitor{t: t, events: new(events), logged: make(chan int, 100), cookies: map[string]string{}}
	keys, err := runtime.ParseKeys(runtime.GenerateKey())
	if err != nil {
		t.Fatal(err)
	}
	cfg.Keys, cfg.OnEvent = keys, v.events.record
	s.Sessions, err = NewSessionManager(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s.Log = func(status int) { v.logged <- status }
	v.client = f.Start(t, s)
	return v
}

// failingStore is a store that can be down.
type failingStore struct {
	runtime.Store
	down bool
}

func (s *failingStore) Load(ctx context.Context, key string) (runtime.Record, error) {
	if s.down {
		return runtime.Record{}, errors.New("the store is down")
	}
	return s.Store.Load(ctx, key)
}
