package runtime_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// The first of several equally new cookies of the name that open wins, within bounds.
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
		s := m.Open(t.Context(), []string{c.header})
		if got := fieldUser.Get(s.Session); got != c.want || s.IsNew() != (c.want == "") {
			t.Errorf("%s: got session %q, want %q", c.name, got, c.want)
		}
		if got := log.take(); len(got) != c.refused {
			t.Errorf("%s: got %d refusals, want %d", c.name, len(got), c.refused)
		}
	}
	headers := strings.Split(repeat(garbage, 3000)+one, "; ")
	if s := m.Open(t.Context(), headers); !s.IsNew() {
		t.Error("a 3001st header field is read")
	}
	// The browser gets one cookie in place of all of them.
	s := m.Open(t.Context(), []string{fmt.Sprint(forged, "; ", garbage)})
	fieldUser.Set(s.Session, "new")
	if c := parseCookie(t, seal(t, m, s)); c.Value == "" {
		t.Error("a new session sends no cookie")
	}
}

// Several first chunks share the others, and the first that opens wins.
func TestDuplicateChunks(t *testing.T) {
	clock := newClock()
	var log eventLog
	m := newManager(t, runtime.Config{Name: "s", MaxChunks: 4, Time: clock.now, OnEvent: log.record})
	j := newJar(clock.now)
	j.visit(t, m, setBlob(8000))
	good := j.header()[0]
	garbage := "s=3.garbage; "
	first, _, _ := strings.Cut(good, ";")
	forged := first[:len(first)-4] + "AAAA; "
	for _, c := range []struct {
		header  string
		alive   bool
		refused int
	}{
		{garbage + good, true, 1},
		{forged + good, true, 1},
		{strings.Repeat(forged, 2) + good, true, 2},
		{strings.Repeat(forged, 15) + good, true, 8},
		{strings.Repeat(forged, 16) + good, false, 8},
		{strings.Repeat(garbage, 7) + good, true, 7},
		{strings.Repeat(garbage, 8) + good, true, 8},
		{strings.Repeat(garbage, 199) + good, true, 8},
		{strings.Repeat(garbage, 200) + good, false, 8},
		{"s=4." + strings.Repeat("A", 1<<18) + "; s-4=" + strings.Repeat("A", 1<<18) + "; " + good, true, 1},
		{strings.Repeat("s=3.A; ", 1000) + "s-2=" + strings.Repeat("A", 1<<20) + "; s-3=A", false, 8},
	} {
		log.take()
		s := m.Open(t.Context(), []string{c.header})
		if s.IsNew() == c.alive {
			t.Errorf("%.60s: got alive %v, want %v", c.header, !s.IsNew(), c.alive)
		}
		if got := log.take(); len(got) != c.refused {
			t.Errorf("%.60s: got %d refusals, want %d", c.header, len(got), c.refused)
		}
	}
}

// The names that continue a manager's are its own, as Config.Name says: a second manager with one
// of them would lose its cookies to the first.
func TestNamesThatContinueEachOther(t *testing.T) {
	clock := newClock()
	for _, name := range []string{"s-2", "s-3", "s-4", "s-seen", "s-2-2", "__Host-session-seen", "__Secure-x-4"} {
		_, err := runtime.NewManager(runtime.Config{Name: name, Keys: parseKeys(t, keyA)}, wrap, fields...)
		if err == nil || !strings.Contains(err.Error(), "ends in -") {
			t.Errorf("%s: got error %v, want one about the ending", name, err)
		}
	}
	// Cookies whose names merely begin alike are separate.
	first := newManager(t, runtime.Config{Name: "s", MaxChunks: 4, Time: clock.now})
	for _, name := range []string{"s-1", "s-5", "s-", "s-22", "s-seen2", "s2", "ss"} {
		second := newManager(t, runtime.Config{Name: name, MaxChunks: 4, IdleTimeout: time.Hour, Time: clock.now})
		j := newJar(clock.now)
		j.visit(t, second, setBlob(8000))
		j.visit(t, first, setBlob(8001))
		j.visit(t, first, func(s *visitor) { s.Clear() })
		j.visit(t, second, func(s *visitor) {
			if len(fieldBlob.Get(s.Session)) != 8000 {
				t.Errorf("%s: the session does not open", name)
			}
		})
	}
}
