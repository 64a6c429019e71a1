package legacy

import (
	"flag"
	"sync"
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/legacy"
)

var clients = flag.Int("clients", 50, "how many clients of each library are logged in when the new build comes")

// otherSources are sources with other keys than the old programs, or for another cookie.
func otherSources() map[string]runtime.LegacySource {
	other := []byte("another key, of thirty-two bytes")
	return map[string]runtime.LegacySource{
		"gorilla signed":    legacy.Gorilla{Name: "gorilla", Keys: [][]byte{other, nil, block}, Until: untilEnd},
		"gorilla encrypted": legacy.Gorilla{Name: "other", Keys: [][]byte{hash, block}, Until: untilEnd},
		"gorilla files":     legacy.Gorilla{Name: "gorilla", Keys: [][]byte{hash}, Dir: "/nonexistent", Until: untilEnd},
		"redistore":         legacy.Gorilla{Name: "records", Keys: [][]byte{other, nil, block}, Records: unread{}, Plain: true, Until: untilEnd},
		"pgstore":           legacy.Gorilla{Name: "other", Keys: [][]byte{hash, block}, Records: unread{}, Until: untilEnd},
		"gin GORM":          legacy.Gorilla{Name: "records", Records: unread{}, Plain: true, Until: untilEnd},
		"flask":             legacy.Flask{Keys: [][]byte{other}, Until: untilEnd},
	}
}

// unread has records that nobody may look for.
type unread struct{ legacy.Records }

// An old and a new build share one address, and every client moves to the new build while its requests are in
// progress. None is logged out, and a log-out afterwards is final.
func TestDeploy(t *testing.T) {
	for name, old := range oldPrograms(t) {
		for _, home := range []string{"revocations", "store"} {
			t.Run(name+" "+home, func(t *testing.T) {
				p := newNew(t, homes[home](), old.source)
				a := newAddress(t, old, p)
				all := make([]*client, *clients)
				each(len(all), func(i int) {
					all[i] = a.client(t)
					all[i].get("/login?id=" + number(i))
				})
				each(len(all), func(i int) { deploy(t, a, all[i], number(i)) })
				if old.records != nil && old.records() != 0 {
					t.Errorf("%d old records are left", old.records())
				}
				imports := 0
				for _, e := range p.take() {
					if e.Kind == runtime.EventImported {
						imports++
					} else if e.Kind == runtime.EventStoreFailed || e.Kind == runtime.EventFieldDropped {
						t.Errorf("unexpected event %v", e)
					}
				}
				if imports < len(all) {
					t.Errorf("got %d imports of %d sessions", imports, len(all))
				}
			})
		}
	}
}

// deploy moves a client whose page makes several requests at once, and logs it out at the end.
func deploy(t *testing.T, a *address, c *client, id string) {
	if got := c.get("/whoami"); got != id {
		t.Errorf("the old build is logged in as %s, want %s", got, id)
	}
	before := c.clone(a)
	before.moved, c.moved = true, true
	var page sync.WaitGroup
	for range 3 {
		page.Go(func() {
			if got := c.get("/whoami"); got != id {
				t.Errorf("a first request is logged in as %s, want %s", got, id)
			}
		})
	}
	page.Wait()
	if got := c.get("/whoami"); got != id {
		t.Errorf("the new build is logged in as %s, want %s", got, id)
	}
	late := c.clone(a)
	page.Go(func() { before.get("/whoami") }) // with the old cookie, beside the log-out
	c.get("/logout")
	page.Wait()
	for i, copied := range []*client{c, late, before} {
		if got := copied.get("/whoami"); got != "0" {
			t.Errorf("copy %d of %s is logged in as %s after the log-out", i, id, got)
		}
	}
}

func number(i int) string {
	return string([]byte{'1', byte('0' + i/100%10), byte('0' + i/10%10), byte('0' + i%10)})
}

// each runs f for each number below n, several at once.
func each(n int, f func(i int)) {
	var wg sync.WaitGroup
	slots := make(chan struct{}, 8)
	for i := range n {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			f(i)
		})
	}
	wg.Wait()
}
