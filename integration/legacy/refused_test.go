package legacy

import (
	"strings"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// A session that the old program would not accept is not taken over.
func TestRefused(t *testing.T) {
	programs := oldPrograms(t)
	for name, old := range programs {
		t.Run(name, func(t *testing.T) {
			p := newNew(t, runtime.Config{}, old.source)
			a := newAddress(t, old, p)
			c := a.client(t)
			c.get("/login?id=42")
			value := c.cookie(old.cookie)
			if value == "" {
				t.Fatal("the old program sets no cookie")
			}
			refused := func(what, value string) {
				t.Helper()
				p.take()
				c := a.client(t)
				c.moved = true
				c.set(old.cookie, value)
				if got := c.get("/whoami"); got != "0" {
					t.Errorf("%s: logged in as %s", what, got)
				}
				if c.cookie(ourCookie) != "" {
					t.Errorf("%s: the request begins a session", what)
				}
				if events := p.take(); len(events) != 1 || events[0].Kind != runtime.EventImportRefused {
					t.Errorf("%s: got events %v, want one refusal", what, events)
				}
			}
			step := max(1, len(value)/40)
			for i := 0; i < len(value)-4; i += step { // the last characters may have bits that count for nothing
				other := byte('A')
				if value[i] == 'A' {
					other = 'B'
				}
				refused("forged", value[:i]+string(other)+value[i+1:])
				if i > 0 {
					refused("truncated", value[:i])
				}
			}
			refused("oversized", value+strings.Repeat("A", 4097-len(value)))
			refused("longer", value+"AAAA")
			for other, program := range programs {
				if program.cookie != old.cookie || strings.HasPrefix(name, strings.Fields(other)[0]) {
					continue // of the same library, and with the same key perhaps
				}
				stranger := newAddress(t, program, p).client(t)
				stranger.get("/login?id=42")
				refused("of "+other, stranger.cookie(program.cookie))
			}

			late := time.Now().Add(40 * 24 * time.Hour)
			p.now = func() time.Time { return late }
			if !strings.HasPrefix(name, "scs") && name != "rbcervilla Redis" { // the store knows when they end, by a clock of its own
				refused("expired", value)
			}
			p.now = func() time.Time { return untilEnd }
			c = a.client(t)
			c.moved = true
			c.set(old.cookie, value)
			if got := c.get("/whoami"); got != "0" || len(p.take()) != 0 {
				t.Errorf("after Until, the request is logged in as %s", got)
			}
		})
	}
}

// Other keys than the old program's open nothing, and neither does another name.
func TestOtherKeys(t *testing.T) {
	programs := oldPrograms(t)
	for name, source := range otherSources() {
		old := programs[name]
		p := newNew(t, runtime.Config{}, source)
		a := newAddress(t, old, p)
		c := a.client(t)
		c.get("/login?id=42")
		c.moved = true
		for _, cookie := range []string{"gorilla", "other", "session", "records"} {
			c.set(cookie, c.cookie(old.cookie))
		}
		if got := c.get("/whoami"); got != "0" {
			t.Errorf("%s: logged in as %s", name, got)
		}
		if events := p.take(); len(events) != 1 || events[0].Kind != runtime.EventImportRefused {
			t.Errorf("%s: got events %v, want one refusal", name, events)
		}
	}
}
