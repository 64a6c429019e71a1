package legacy

import (
	"testing"
)

const ourCookie = "__Host-session"

// Every field of every library's session is taken over, in every home, and a log-out is final.
func TestCarried(t *testing.T) {
	for name, old := range oldPrograms(t) {
		for home, cfg := range homes {
			t.Run(name+" "+home, func(t *testing.T) {
				p := newNew(t, cfg(), old.source)
				a := newAddress(t, old, p)
				c := a.client(t)
				c.get("/login?id=42")
				if got := c.get("/whoami"); got != "42" {
					t.Fatalf("the old program is logged in as %s, want 42", got)
				}
				before := c.clone(a)
				before.moved = true
				c.moved = true
				if got := c.get("/check?id=42"); got != "<nil>" {
					t.Fatalf("the import has %s\nevents %v", got, p.take())
				}
				if c.cookie(ourCookie) == "" || c.cookie(old.cookie) != "" {
					t.Errorf("the browser has cookies %v, want only ours", c.Jar.Cookies(c.at))
				}
				if old.records != nil && old.records() == 0 {
					t.Error("the import removed the old record")
				}
				late := c.clone(a)
				c.get("/logout")
				if old.records != nil && old.records() != 0 {
					t.Errorf("after a log-out, %d old records are left", old.records())
				}
				for i, copied := range []*client{c, late, before} {
					if home == "cookie" && (i == 1 || i == 2 && old.records == nil) {
						continue // nothing on a server tells
					}
					if got := copied.get("/whoami"); got != "0" {
						t.Errorf("copy %d is logged in as %s after the log-out", i, got)
					}
				}
			})
		}
	}
}
