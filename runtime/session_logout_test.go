package runtime_test

import (
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

			s := m.Open(t.Context(), []string{cookie})
			logOut(s)
			refused(s)
			lines, err := setCookieLines(m.Seal(s))
			if err == nil || len(lines) != 1 || parseCookie(t, lines[0]).MaxAge >= 0 {
				t.Errorf("%s, then a refused value: got %q, %v, want a deletion and an error", name, lines, err)
			}
			w := serve(m.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				s := from(r)
				logOut(s)
				refused(s)
			})), cookie)
			if lines := setCookies(w); w.Code != 500 || len(lines) != 1 || parseCookie(t, lines[0]).MaxAge >= 0 {
				t.Errorf("%s, then a refused value: got %d with %q, want 500 with a deletion", name, w.Code, lines)
			}
		}
		m := newManager(t, runtime.Config{})
		s := m.Open(t.Context(), []string{sealed(t, m, func(s *visitor) { fieldVisits.Set(s.Session, 1) })})
		tooLong(s)
		logOut(s)
		if line := seal(t, m, s); s.Err() != nil || parseCookie(t, line).MaxAge >= 0 {
			t.Errorf("a refused value, then %s: got %q, %v, want a deletion", name, line, s.Err())
		}

		// The cookie does not open here, but elsewhere it may.
		other := newManager(t, runtime.Config{})
		s = other.Open(t.Context(), []string{"__Host-session=unknown"})
		logOut(s)
		if line := seal(t, other, s); parseCookie(t, line).MaxAge >= 0 {
			t.Errorf("%s of a cookie that does not open: got %q, want a deletion", name, line)
		}
	}
}

// A log-out is final on the server too, whatever is refused after it.
func TestLogOutOnTheServerDoesNotFail(t *testing.T) {
	for name, logOut := range map[string]func(*visitor){
		"Destroy": func(s *visitor) { s.Destroy() },
		"Clear":   func(s *visitor) { s.Clear() },
	} {
		for mode, cfg := range map[string]runtime.Config{
			"Store":       {Store: runtime.NewMemoryStore(100)},
			"Revocations": {Revocations: runtime.NewMemoryStore(100)},
		} {
			m := newManager(t, cfg)
			cookie := sealed(t, m, func(s *visitor) { fieldAccount.Set(s.Session, 7) })
			s := m.Open(t.Context(), []string{cookie})
			logOut(s)
			fieldUser.Set(s.Session, "longer than ten bytes")
			lines, err := setCookieLines(m.Seal(s))
			if err == nil || len(lines) != 1 || parseCookie(t, lines[0]).MaxAge >= 0 {
				t.Errorf("%s, %s: got %q, %v, want a deletion and an error", mode, name, lines, err)
			}
			if s := m.Open(t.Context(), []string{cookie}); !s.IsNew() {
				t.Errorf("%s, %s: a copy of the cookie still works", mode, name)
			}
		}
	}
}

// A log-out does not fail for a value that was refused before it.
func TestDestroyForgetsErrors(t *testing.T) {
	m := newManager(t, runtime.Config{})
	s := m.Open(t.Context(), nil)
	fieldUser.Set(s.Session, "hubo")
	s = m.Open(t.Context(), []string{pair(t, seal(t, m, s))})
	fieldUser.Set(s.Session, "longer than ten bytes")
	if s.Err() == nil {
		t.Fatal("the refused value is not an error")
	}
	s.Destroy()
	if line := seal(t, m, s); s.Err() != nil || parseCookie(t, line).MaxAge >= 0 {
		t.Errorf("got Err %v, saved as %q, want a deletion", s.Err(), line)
	}
}

// A log-out also removes what is left of a session whose own cookie is gone.
func TestOrphansAreDeleted(t *testing.T) {
	m := newManager(t, runtime.Config{MaxChunks: 4, IdleTimeout: time.Hour})
	s := m.Open(t.Context(), []string{"__Host-session-2=x; __Host-session-seen=y"})
	s.Destroy()
	lines, err := setCookieLines(m.Seal(s))
	if err != nil {
		t.Fatal(err)
	}
	var deleted []string
	for _, line := range lines {
		if c := parseCookie(t, line); c.MaxAge < 0 {
			deleted = append(deleted, c.Name)
		}
	}
	if got := strings.Join(deleted, " "); got != "__Host-session __Host-session-2 __Host-session-seen" {
		t.Errorf("got deletions of %s", got)
	}
}
