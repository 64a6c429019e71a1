package runtime_test

import (
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
)

// On the server too, a log-out is final, whatever is refused after it.
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
			s := m.Open([]string{cookie})
			logOut(s)
			fieldUser.Set(s.Session, "longer than ten bytes")
			lines, err := m.Seal(s)
			if err == nil || len(lines) != 1 || parseCookie(t, lines[0]).MaxAge >= 0 {
				t.Errorf("%s, %s: %q, %v", mode, name, lines, err)
			}
			if s := m.Open([]string{cookie}); !s.IsNew() {
				t.Errorf("%s, %s: who kept the cookie still has the session", mode, name)
			}
		}
	}
}
