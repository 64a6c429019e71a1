package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
)

// A panic goes on as it came, after the session is saved for whoever answers.
func TestPanic(t *testing.T) {
	cause := errors.New("cause")
	for _, value := range []any{cause, http.ErrAbortHandler} {
		m := newManager(t, runtime.Config{})
		h := m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fieldUser.Set(from(r).Session, "hubo")
			panic(value)
		}))
		recovering := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer func() {
				if got := recover(); got != value {
					t.Errorf("recovered %v", got)
				}
				http.Error(w, "sorry", 500)
			}()
			h.ServeHTTP(w, r)
		})
		b := newBrowser(t, recovering)
		resp, body := b.get("/")
		if s := m.Open(b.cookies()); resp.StatusCode != 500 || body != "sorry\n" || fieldUser.Get(s.Session) != "hubo" {
			t.Errorf("%s, %q: %v", resp.Status, body, s)
		}
		// Nobody recovers: net/http cuts the connection, and nothing is answered.
		b = newBrowser(t, h)
		if resp, err := b.client.Get(b.server.URL); err == nil {
			t.Errorf("answered %s", resp.Status)
		}
	}
}

// A session that cannot be saved does not make an answer out of a panic.
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
		t.Errorf("answered %d %v %q", w.Code, w.Header(), w.Body)
	}
}

// A panic is net/http's to answer, unless a middleware above or below does.
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
						t.Errorf("%s: status %d, %q", name, w.Code, setCookies(w))
					}
				}
				if client.isLoggedIn() != c.lives {
					t.Errorf("%s, recovered %v: lives: %v", name, recovered, !c.lives)
				}
				if n := len(r.store.snapshot(t)); n != want {
					t.Errorf("%s, recovered %v: %d records, want %d", name, recovered, n, want)
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
			t.Errorf("an abort became %s", resp.Status)
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
			t.Errorf("recovered within, answered: %v: %s, %q", answer, resp.Status, body)
		}
	}
}
