package runtime_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// A request opens nothing without a key, and breaks nothing, whatever it carries.
func FuzzCookieHeader(f *testing.F) {
	const name = "__Host-session="
	stranger := sealed(f, newManager(f, runtime.Config{Keys: parseKeys(f, keyB)}), func(s *visitor) { fieldUser.Set(s.Session, "hubo") })
	m := newManager(f, runtime.Config{Keys: parseKeys(f, keyC)})
	// One that opens is left out: the fuzzer would find the way back to it.
	own := sealed(f, m, func(s *visitor) { fieldUser.Set(s.Session, "hubo") })
	for _, header := range []string{
		"", ";", "=", name, name + name, "a=b; " + name + "x", stranger, own[:len(own)-8] + "AAAAAAAA",
		stranger + "=", name + `"` + stranger[len(name):] + `"`,
		strings.Repeat(name+"x;", 20), "__Host-session-2", "__Host-session-2=; __Host-session-4=x", "__Host-session-seen=x", "\x00" + name + "\xff", " " + stranger + " ; " + stranger + "\t;",
	} {
		f.Add(header, header)
	}
	f.Fuzz(func(t *testing.T, one, two string) {
		s := m.Open(t.Context(), []string{one, two})
		if !s.IsNew() || s.Size() != 0 || fieldUser.Has(s.Session) || s.Permanent() || s.Err() != nil {
			t.Fatalf("the header opens as %v, want an empty session", s)
		}
		if line := seal(t, m, s); line != "" {
			t.Fatalf("an unchanged session sends %s", line)
		}
		// Lines that delete what others left, as chunks, may go with the session's own.
		fieldUser.Set(s.Session, "new")
		lines, err := setCookieLines(m.Seal(s))
		if err != nil {
			t.Fatal(err)
		}
		after := newJar(time.Now)
		after.receive(t, lines)
		if pairs := after.header(); len(after.cookies) != 1 {
			t.Fatalf("the new session does not replace the cookies: %q", pairs)
		}
		after.visit(t, m, func(s *visitor) {
			if got := fieldUser.Get(s.Session); got != "new" {
				t.Fatalf("the saved session opens as %q, want new", got)
			}
		})
	})
}

// FuzzCompanionAndChunks: what comes beside a session's own cookie neither puts its end
// off nor hides it, and without that cookie nothing opens. The fuzzer has no companion
// that opens.
func FuzzCompanionAndChunks(f *testing.F) {
	clock := newClock()
	m := newManager(f, runtime.Config{Name: "s", MaxChunks: 4, IdleTimeout: time.Hour, Time: clock.now})
	j := newJar(clock.now)
	j.visit(f, m, func(s *visitor) { fieldUser.Set(s.Session, "hubo") })
	own := j.header()[0]
	stranger := newJar(clock.now)
	stranger.visit(f, newManager(f, runtime.Config{Name: "s", MaxChunks: 4, Keys: parseKeys(f, keyB)}), setBlob(9000))
	chunks := stranger.header()[0]
	end := clock.now().Add(time.Hour)
	seen := sealText(f, keyB, "s-seen", "seen", make([]byte, 24))
	for _, header := range []string{
		"", "s-seen=", "s-seen=x", "s-seen=" + seen, "s-seen=" + own[2:], "s=" + seen, chunks,
		"s=2.A; s-2=A", "s=3.; s-2=A; s-3=", "s=4.x; s-2; s-3; s-4", "s=9.x", "s=0.", "s=1.x", "s=2", "s=.", "s-2=" + own[2:],
		strings.Repeat("s=2.x; s-2=y; ", 10), "s=2." + seen[:40] + "; s-2=" + seen[40:],
	} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		s := m.Open(t.Context(), []string{own, header})
		if s.IsNew() || fieldUser.Get(s.Session) != "hubo" || !s.ExpiresAt().Equal(end) {
			t.Fatalf("with %q: got a new session %v, %v, until %v", header, s.IsNew(), s, s.ExpiresAt())
		}
		if lines, err := setCookieLines(m.Seal(s)); len(lines) > 0 || err != nil {
			t.Fatalf("with %q: an unchanged session sends %q, %v", header, lines, err)
		}
		s = m.Open(t.Context(), []string{header})
		if !s.IsNew() || fieldUser.Has(s.Session) || s.Size() != 0 {
			t.Fatalf("%q opens as %v, want an empty session", header, s)
		}
		// A new session replaces whatever was there.
		after := newJar(clock.now)
		for pair := range strings.SplitSeq(header, ";") {
			if name, _, ok := strings.Cut(pair, "="); ok && strings.HasPrefix(strings.Trim(name, " \t"), "s") {
				after.store(strings.Trim(pair, " \t"))
			}
		}
		after.visit(t, m, func(s *visitor) { setBlob(len(header) % 100 * 100)(s) })
		after.visit(t, m, func(s *visitor) {
			if got := len(fieldBlob.Get(s.Session)); got != len(header)%100*100 {
				t.Fatalf("after %q: the saved field has %d bytes", header, got)
			}
		})
	})
}
