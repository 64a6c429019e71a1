package chromium

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
)

// pages are the steps of a test that runs in several browsers.
type pages interface {
	visit(url string) string
	press(id string) string
	script(text string) string
	names() []string
}

// A browser without device-bound sessions behaves as before, and is not offered a binding for ever.
func TestBrowserWithoutDevices(t *testing.T) {
	for name, open := range map[string]func(*testing.T) func(*testing.T) pages{
		"chromium": func(*testing.T) func(*testing.T) pages {
			return func(t *testing.T) pages { return newBrowser(t) }
		},
		"firefox": func(t *testing.T) func(*testing.T) pages {
			f := newFirefox(t)
			return func(t *testing.T) pages {
				f := firefox{t, f.wire}
				f.empty()
				return f
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			emptied := open(t)
			plain := newClockSite(t, runtime.Config{})
			want := visitWithout(plain, emptied(t))
			if n := plain.offers.Load(); n > 0 {
				t.Errorf("got %d offers without DeviceBound", n)
			}
			for name, cfg := range deviceHomes() {
				t.Run(name, func(t *testing.T) {
					s := newDeviceSite(t, cfg)
					if got := visitWithout(s, emptied(t)); !slices.Equal(got, want) {
						t.Errorf("got\n%s\nand without DeviceBound\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
					}
					if n := s.offers.Load(); n < 1 || n > 5 {
						t.Errorf("got %d offers for two log-ins, in 20 pages of five periods, want 1 to 5", n)
					}
					if n := s.postsAt("register").Load() + s.postsAt("refresh").Load(); n > 0 {
						t.Errorf("got %d requests to prove a key, want none", n)
					}
				})
			}
		})
	}
}

// visitWithout has a visitor log in, look around for hours, and log out and in again. It returns what the browser
// shows and keeps after each step, and the requests.
func visitWithout(s *deviceSite, p pages) []string {
	s.t.Helper()
	var saw []string
	step := func(what, got, want string) {
		s.t.Helper()
		if got != want {
			s.t.Errorf("%s shows %q, want %q", what, got, want)
		}
		kept := slices.DeleteFunc(p.names(), func(name string) bool { return name == bound })
		saw = append(saw, fmt.Sprintf("%s: %q, cookies %q, requests %q", what, got, kept, s.taken()))
	}
	visit := func(path, want string) {
		s.t.Helper()
		step(path, p.visit(s.at("site.test", path)), want)
	}
	fetch := func(path, options, want string) {
		s.t.Helper()
		step("a fetch of "+path, p.script(fmt.Sprintf(`fetch(%q, {%s}).then(a => a.text().then(text => a.status + " " + text))`, path, options)), want)
	}

	visit("/form", "")
	step("the log-in", p.press("button"), "hubo")
	for range 20 {
		s.clock.advance(period / 4)
		visit("/read", "hubo")
	}
	fetch("/read", "", "200 hubo")
	fetch("/body", `method: "POST", body: "x"`, "200 hubo x false")
	fetch("/pay", `method: "POST", body: "42"`, "200 hubo 42 false")
	const four = `Promise.all(Array.from({length: 4}, () => fetch("/read").then(a => a.text()))).then(all => all.join())`
	step("four fetches", p.script(four), "hubo,hubo,hubo,hubo")
	p.visit(s.at("other.test", "/link"))
	step("a link of another site", p.press("link"), "hubo")
	visit("/logout", "")
	if names := p.names(); slices.Contains(names, data) || slices.Contains(names, bound) {
		s.t.Errorf("after the log-out, the browser has %q", names)
	}
	visit("/read", "")
	visit("/login", "hubo")
	visit("/read", "hubo")
	return saw
}

// requests are those that a site has answered since the last call, by method, path and cookies.
type requests struct {
	mu   sync.Mutex
	seen []string
}

func (q *requests) add(r *http.Request) {
	if r.URL.Path == "/favicon.ico" { // browsers ask for that when they like
		return
	}
	line := r.Method + " " + r.URL.Path
	for _, c := range r.Cookies() {
		if c.Name != bound {
			line += " " + c.Name
		}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.seen = append(q.seen, line)
}

func (q *requests) taken() []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	seen := q.seen
	q.seen = nil
	return seen
}
