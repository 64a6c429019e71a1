package runtime_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
)

// Of several cookies of the name that open and are as new as one another, the first wins, within
// bounds.
func TestDuplicateCookies(t *testing.T) {
	var log eventLog
	m := newManager(t, runtime.Config{OnEvent: log.record})
	of := func(user string) string {
		return sealed(t, m, func(s *visitor) { fieldUser.Set(s.Session, user) })
	}
	one, two := of("one"), of("two")
	forged := one[:len(one)-4] + "AAAA"
	garbage := "__Host-session=garbage"
	const name = "__Host-session="
	repeat := func(cookie string, n int) string { return strings.Repeat(cookie+"; ", n) }
	log.take()
	for _, c := range []struct {
		name, header, want string
		refused            int
	}{
		{"the first of two", one + "; " + two, "one", 0},
		{"the first of two, reversed", two + "; " + one, "two", 0},
		{"after garbage", garbage + "; " + two, "two", 1},
		{"after an empty one", name + "; " + two, "two", 0},
		{"before garbage", one + "; " + repeat(garbage, 100), "one", 0},
		{"after one forgery", repeat(forged, 1) + two, "two", 1},
		{"after two forgeries", repeat(forged, 2) + two, "two", 2},
		{"after eight forgeries", repeat(forged, 8) + two, "two", 8},
		{"after fifteen forgeries, with all that are decrypted", repeat(forged, 15) + two, "two", 8},
		{"after sixteen forgeries", repeat(forged, 16) + two, "", 8},
		{"garbage is no forgery", repeat(garbage, 3) + forged + "; " + two, "two", 4},
		{"eighth", repeat(garbage, 7) + two, "two", 7},
		{"ninth", repeat(garbage, 8) + two, "two", 8},
		{"200th", repeat(garbage, 199) + two, "two", 8},
		{"201st", repeat(garbage, 200) + two, "", 8},
		{"empty ones do not count", repeat(name, 100) + two, "two", 0},
		{"others do not count", repeat("x=1", 1000) + two, "two", 0},
		{"100 forgeries", repeat(forged, 100), "", 8},
		{"3001 cookies", repeat(garbage, 3000) + one, "", 8},
		{"3001 other cookies", repeat("a=b", 3000) + one, "one", 0},
		{"one of 1 MiB", name + strings.Repeat("A", 1<<20), "", 1},
		{"after one of 1 MiB", name + strings.Repeat("A", 1<<20) + "; " + one, "one", 1},
		{"1 MiB of them", repeat(name, 1<<20/len(name+"; ")), "", 0},
		{"1 MiB of semicolons", strings.Repeat(";", 1<<20), "", 0},
	} {
		s := m.Open([]string{c.header})
		if got := fieldUser.Get(s.Session); got != c.want || s.IsNew() != (c.want == "") {
			t.Errorf("%s: got %q", c.name, got)
		}
		if got := log.take(); len(got) != c.refused {
			t.Errorf("%s: %d refused, want %d", c.name, len(got), c.refused)
		}
	}
	headers := strings.Split(repeat(garbage, 3000)+one, "; ")
	if s := m.Open(headers); !s.IsNew() {
		t.Error("the 3001st header is looked at")
	}
	// Whatever they were, the browser gets one cookie in their place.
	s := m.Open([]string{fmt.Sprint(forged, "; ", garbage)})
	fieldUser.Set(s.Session, "new")
	if c := parseCookie(t, seal(t, m, s)); c.Value == "" {
		t.Error("no cookie")
	}
}
