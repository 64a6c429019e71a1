package runtime_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// A log-out also removes what is left of a session whose own cookie is gone.
func TestOrphansAreDeleted(t *testing.T) {
	m := newManager(t, runtime.Config{MaxChunks: 4, IdleTimeout: time.Hour})
	s := m.Open([]string{"__Host-session-2=x; __Host-session-seen=y"})
	s.Destroy()
	lines, err := m.Seal(s)
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
		t.Errorf("deleted %s", got)
	}
}

// A clock that is not set makes sessions of 1970, not ones that cannot be opened.
func TestClockBefore1970(t *testing.T) {
	m := newManager(t, runtime.Config{Time: func() time.Time { return time.Time{} }})
	s := m.Open(nil)
	fieldUser.Set(s.Session, "hubo")
	if s = reopen(t, m, s); fieldUser.Get(s.Session) != "hubo" {
		t.Errorf("lost: %v", s)
	}
}
