package runtime_test

import (
	"strings"
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
)

// Whatever a request carries, without a key it opens nothing, and breaks nothing.
func FuzzCookieHeader(f *testing.F) {
	const name = "__Host-session="
	stranger := sealed(f, newManager(f, runtime.Config{Keys: parseKeys(f, keyB)}), func(s *visitor) { fieldUser.Set(s.Session, "hubo") })
	m := newManager(f, runtime.Config{Keys: parseKeys(f, keyC)})
	// One that opens is left out: the fuzzer would find the way back to it.
	own := sealed(f, m, func(s *visitor) { fieldUser.Set(s.Session, "hubo") })
	for _, header := range []string{
		"", ";", "=", name, name + name, "a=b; " + name + "x", stranger, own[:len(own)-8] + "AAAAAAAA",
		stranger + "=", name + `"` + stranger[len(name):] + `"`,
		strings.Repeat(name+"x;", 20), "\x00" + name + "\xff", " " + stranger + " ; " + stranger + "\t;",
	} {
		f.Add(header, header)
	}
	f.Fuzz(func(t *testing.T, one, two string) {
		s := m.Open([]string{one, two})
		if !s.IsNew() || s.Size() != 0 || fieldUser.Has(s.Session) || s.Permanent() || s.Err() != nil {
			t.Fatalf("opened %v", s)
		}
		if line := seal(t, m, s); line != "" {
			t.Fatalf("sent %s", line)
		}
		fieldUser.Set(s.Session, "new")
		if got := fieldUser.Get(reopen(t, m, s).Session); got != "new" {
			t.Fatalf("saved %q", got)
		}
	})
}
