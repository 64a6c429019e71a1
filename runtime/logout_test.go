package runtime_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// A log-out deletes the cookie, whatever is refused before it or after it.
func TestLogOutDoesNotFail(t *testing.T) {
	tooLong := func(s *visitor) { fieldUser.Set(s.Session, "longer than ten bytes") }
	tooLarge := func(s *visitor) { fieldToken.Set(s.Session, strings.Repeat("x", 5000)) }
	for name, logOut := range map[string]func(*visitor){
		"Destroy": func(s *visitor) { s.Destroy() },
		"Clear":   func(s *visitor) { s.Clear() },
	} {
		for _, refused := range []func(*visitor){tooLong, tooLarge} {
			m := newManager(t, runtime.Config{})
			cookie := sealed(t, m, func(s *visitor) { fieldVisits.Set(s.Session, 1) })

			s := m.Open([]string{cookie})
			logOut(s)
			refused(s)
			lines, err := m.Seal(s)
			if err == nil || len(lines) != 1 || parseCookie(t, lines[0]).MaxAge >= 0 {
				t.Errorf("%s, then a refused value: %q, %v", name, lines, err)
			}
			w := serve(m.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				s := from(r)
				logOut(s)
				refused(s)
			})), cookie)
			if lines := setCookies(w); w.Code != 500 || len(lines) != 1 || parseCookie(t, lines[0]).MaxAge >= 0 {
				t.Errorf("%s, then a refused value: %d with %q", name, w.Code, lines)
			}
		}
		m := newManager(t, runtime.Config{})
		s := m.Open([]string{sealed(t, m, func(s *visitor) { fieldVisits.Set(s.Session, 1) })})
		tooLong(s)
		logOut(s)
		if line := seal(t, m, s); s.Err() != nil || parseCookie(t, line).MaxAge >= 0 {
			t.Errorf("a refused value, then %s: %q, %v", name, line, s.Err())
		}

		// The cookie does not open here, but elsewhere it may.
		other := newManager(t, runtime.Config{})
		s = other.Open([]string{"__Host-session=unknown"})
		logOut(s)
		if line := seal(t, other, s); parseCookie(t, line).MaxAge >= 0 {
			t.Errorf("%s of a cookie that does not open: %q", name, line)
		}
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

// A clock that panics does not leave the session locked.
func TestPanickingClock(t *testing.T) {
	broken := errors.New("no clock")
	m := newManager(t, runtime.Config{})
	cookie := sealed(t, m, func(s *visitor) { fieldUser.Set(s.Session, "hubo") })
	m = newManager(t, runtime.Config{Time: func() time.Time { panic(broken) }})
	s := m.Open([]string{cookie})
	for range 2 {
		func() {
			defer func() { recover() }()
			fieldUser.Get(s.Session)
		}()
	}
}
