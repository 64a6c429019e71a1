package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
)

// A panic is passed on unchanged. The handler's changes to an existing session are saved for
// whoever answers. No session begins: without an answer, the browser would never hear of it.
func TestPanic(t *testing.T) {
	cause := errors.New("cause")
	for _, value := range []any{cause, http.ErrAbortHandler} {
		m := newManager(t, runtime.Config{})
		h := m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s := from(r)
			switch r.URL.Path {
			case "/begin":
				fieldUser.Set(s.Session, "hubo")
				return
			case "/renew":
				s.Renew()
			case "/destroy":
				s.Destroy()
				fieldTheme.Set(s.Session, "dark")
			}
			fieldVisits.Set(s.Session, 3)
			panic(value)
		}))
		recovering := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer func() {
				if got := recover(); got != nil {
					if got != value {
						t.Errorf("got panic %v, want %v", got, value)
					}
					http.Error(w, "sorry", 500)
				}
			}()
			h.ServeHTTP(w, r)
		})
		for _, c := range []struct {
			name, first, path, user string
			visits                  int
		}{
			{"begins", "", "/", "", 0},
			{"changes", "/begin", "/", "hubo", 3},
			{"renews", "/begin", "/renew", "hubo", 0},
			{"ends and begins another", "/begin", "/destroy", "", 0},
		} {
			b := newBrowser(t, recovering)
			if c.first != "" {
				b.get(c.first)
			}
			resp, body := b.get(c.path)
			s := m.Open(t.Context(), b.cookies())
			if resp.StatusCode != 500 || body != "sorry\n" || fieldUser.Get(s.Session) != c.user || fieldVisits.Get(s.Session) != c.visits {
				t.Errorf("%s: got %s, %q, session %v", c.name, resp.Status, body, s)
			}
		}
		// Nobody recovers: net/http cuts the connection, and nothing is answered.
		b := newBrowser(t, h)
		if resp, err := b.client.Get(b.server.URL); err == nil {
			t.Errorf("got response %s, want a broken connection", resp.Status)
		}
	}
}

// A request whose context has ended by the time that it is answered begins nothing either: the client
// has gone, or an outer http.TimeoutHandler has answered.
func TestEndedContextBeginsNothing(t *testing.T) {
	for name, cfg := range map[string]runtime.Config{
		"cookie":      {},
		"revocations": {Revocations: runtime.NewMemoryStore(100)},
		"store":       {Store: runtime.NewMemoryStore(100)},
	} {
		var log eventLog
		cfg.OnEvent = log.record
		m := newManager(t, cfg)
		cookie := sealed(t, m, func(s *visitor) { fieldVisits.Set(s.Session, 1) })
		for _, begin := range []bool{true, false} {
			log.take()
			ctx, cancel := context.WithCancel(t.Context())
			r := httptest.NewRequestWithContext(ctx, "GET", "/", nil)
			r.Header.Set("Cookie", cookie)
			w := httptest.NewRecorder()
			m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if begin {
					fieldAccount.Set(from(r).Session, 7)
				} else {
					fieldVisits.Set(from(r).Session, 2)
				}
				cancel()
			})).ServeHTTP(w, r)
			if begin && len(setCookies(w)) > 0 {
				t.Errorf("%s: a log-in whose response nobody gets sends %q", name, setCookies(w))
			}
			dropped := slices.Contains(log.take(), runtime.Event{Kind: runtime.EventGone, Reason: runtime.GoneRequest})
			if dropped != begin {
				t.Errorf("%s, begin %v: the event reports a drop: %v", name, begin, dropped)
			}
			s := m.Open(t.Context(), []string{cookie})
			if s.IsNew() || fieldAccount.Has(s.Session) {
				t.Errorf("%s, begin %v: got session %v", name, begin, s)
			}
		}
		if name == "store" {
			if got := fieldVisits.Get(m.Open(t.Context(), []string{cookie}).Session); got != 2 {
				t.Errorf("a change in place is lost: got %d visits, want 2", got)
			}
		}
	}
}

// The same holds for visitors without a session.
func TestNewcomerBeginsNothing(t *testing.T) {
	for name, cfg := range map[string]runtime.Config{
		"cookie":      {},
		"revocations": {Revocations: runtime.NewMemoryStore(100)},
		"store":       {Store: runtime.NewMemoryStore(100)},
	} {
		for _, panics := range []bool{true, false} {
			var log eventLog
			cfg.OnEvent = log.record
			m := newManager(t, cfg)
			ctx, cancel := context.WithCancel(t.Context())
			w := httptest.NewRecorder()
			func() {
				defer func() { recover() }()
				m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					fieldAccount.Set(from(r).Session, 7)
					if panics {
						panic("cause")
					}
					cancel()
				})).ServeHTTP(w, httptest.NewRequestWithContext(ctx, "GET", "/", nil))
			}()
			cancel()
			if got := setCookies(w); len(got) > 0 {
				t.Errorf("%s, panics %v: got cookies %q, want none", name, panics, got)
			}
			if panics {
				log.expect(t)
			} else {
				log.expect(t, runtime.Event{Kind: runtime.EventGone, Reason: runtime.GoneRequest})
			}
		}
	}
}

// A panic stays a panic even if the session cannot be saved.
func TestPanicWithFailedSave(t *testing.T) {
	m := newManager(t, runtime.Config{})
	w := httptest.NewRecorder()
	w.Code = 0
	mustPanic(t, func() {
		m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fieldUser.Set(from(r).Session, "longer than ten bytes")
			panic("cause")
		})).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	})
	if got := fmt.Sprint(w.Header()); w.Code != 0 || got != "map[Vary:[Cookie]]" || w.Body.Len() > 0 {
		t.Errorf("got response %d %v %q, want none", w.Code, w.Header(), w.Body)
	}
}

// net/http answers a panic, unless a middleware above or below does.
func TestPanics(t *testing.T) {
	recovering := func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer func() {
				if v := recover(); v != nil {
					http.Error(w, fmt.Sprint("recovered: ", v), 500)
				}
			}()
			h.ServeHTTP(w, r)
		})
	}
	chains := map[string]func(session middleware, h http.Handler) http.Handler{
		"nobody recovers": nil,
		"above":           func(session middleware, h http.Handler) http.Handler { return recovering(session(h)) },
		"below":           func(session middleware, h http.Handler) http.Handler { return session(recovering(h)) },
	}
	begins := map[string]func(w http.ResponseWriter){
		"nothing": func(http.ResponseWriter) {},
		"status":  func(w http.ResponseWriter) { w.WriteHeader(201) },
		"body":    func(w http.ResponseWriter) { io.WriteString(w, "body") },
		"flushed": func(w http.ResponseWriter) {
			io.WriteString(w, "body")
			w.(http.Flusher).Flush()
		},
	}
	var all []transaction
	for chainName, chain := range chains {
		for beginName, begin := range begins {
			for valueName, value := range map[string]any{"abort": http.ErrAbortHandler, "text": "boom"} {
				all = append(all, transaction{
					name:  strings.Join([]string{chainName, beginName, valueName}, "/"),
					chain: chain,
					handler: func(w http.ResponseWriter, r *http.Request) any {
						begin(w)
						panic(value)
					},
				})
			}
		}
	}
	unharmed(t, all...)
}

// The handler may panic, and nobody may recover: what the browser never hears of is not
// begun, and it keeps what it has. What is ended is ended.
func TestPanickingHandler(t *testing.T) {
	for name, c := range map[string]struct {
		do    func(*visitor)
		lives bool
		lines int // of Set-Cookie for who recovers
	}{
		"set":               {func(s *visitor) { fieldTheme.Set(s.Session, "dark"); s.SetPermanent(true) }, true, 1},
		"log in":            {func(s *visitor) { fieldAccount.Set(s.Session, 8) }, true, 0},
		"Renew":             {func(s *visitor) { s.Renew() }, true, 0},
		"Destroy":           {func(s *visitor) { s.Destroy() }, false, 1},
		"Destroy and begin": {func(s *visitor) { s.Destroy(); fieldTheme.Set(s.Session, "dark") }, false, 1},
	} {
		bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
			for _, recovered := range []bool{true, false} {
				r := newRig(t)
				client := r.login()
				want := len(r.store.snapshot(t))
				if want == 0 && !c.lives {
					want = 1 // a revocation
				}
				inner := r.h
				r.h = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
					defer func() {
						recover()
						if recovered {
							w.WriteHeader(500)
						}
					}()
					inner.ServeHTTP(w, req)
				})
				w := client.send(func(s *visitor) { c.do(s); panic(http.ErrAbortHandler) })
				r.h = inner
				if recovered {
					client.receive(w)
					if n := len(setCookies(w)); w.Code != 500 || n != c.lines {
						t.Errorf("%s: got status %d, cookies %q, want 500 and %d", name, w.Code, setCookies(w), c.lines)
					}
				}
				if client.isLoggedIn() != c.lives {
					t.Errorf("%s, recovered %v: got alive %v", name, recovered, !c.lives)
				}
				if n := len(r.store.snapshot(t)); n != want {
					t.Errorf("%s, recovered %v: got %d records, want %d", name, recovered, n, want)
				}
			}
		})
	}
}

// When the error handler itself panics, whoever recovers answers, and somebody must.
func TestPanickingErrorHandler(t *testing.T) {
	refuse := func(r *http.Request) { fieldUser.Set(from(r).Session, "longer than ten bytes") }
	handler := func(value any, h http.HandlerFunc) http.Handler {
		return newManager(t, runtime.Config{
			OnEvent:      func(context.Context, runtime.Event) {},
			ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(value) },
		}).Handler(h)
	}
	write := func(w http.ResponseWriter, r *http.Request) {
		refuse(r)
		w.Write([]byte("body"))
	}
	returns := func(_ http.ResponseWriter, r *http.Request) { refuse(r) }
	for _, h := range []http.HandlerFunc{write, returns} {
		b := newBrowser(t, handler(http.ErrAbortHandler, h))
		if resp, err := b.client.Get(b.server.URL); err == nil {
			t.Errorf("an aborted response became %s", resp.Status)
		}
	}
	recovering := func(answer bool) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			defer func() {
				if recover() != nil && answer {
					http.Error(w, "sorry", http.StatusBadGateway)
				}
			}()
			write(w, r)
		}
	}
	for answer, want := range map[bool]int{true: http.StatusBadGateway, false: http.StatusInternalServerError} {
		b := newBrowser(t, handler("oops", recovering(answer)))
		if resp, body := b.get("/"); resp.StatusCode != want || strings.Contains(body, "body") {
			t.Errorf("recovered inside, answered %v: got %s, %q", answer, resp.Status, body)
		}
	}
}
