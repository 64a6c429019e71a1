package check

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// A Site has the handlers that a framework serves.
type Site struct {
	Sessions interface {
		Handler(http.Handler) http.Handler
	}
	Scope   Scope
	Recover bool // with the framework's recovery of panics
	Log     func(status int)
}

// A Scope is where the session middleware is mounted.
type Scope string

const (
	All   Scope = "all routes"
	Group Scope = "a group of routes" // those below /group/
	Route Scope = "one route"         // /group/cart
)

// A Framework is one way to serve a site.
type Framework struct {
	Name string

	// Start serves the site until the test ends.
	Start func(t *testing.T, s Site) Client

	// Hint is part of SessionFrom's panic when it gets the framework's context, if that is a context.Context. The
	// framework answers with it at /wrong.
	Hint string

	// Without has the reasons why some checks do not apply.
	Without map[string]string
}

// A Client sends one request. It knows nothing about sessions.
type Client interface {
	Do(t *testing.T, method, path, arg, cookie string) Reply
}

// A Reply is the response that a client gets.
type Reply struct {
	Status     int // 0 if the connection broke
	Body       string
	Header     http.Header
	SetCookies []string
}

// visitor is a browser with one site.
type visitor struct {
	t       *testing.T
	client  Client
	events  *events
	logged  chan int
	cookies map[string]string
	noLog   bool
}

// events keeps the session events of a site.
type events struct {
	mu   sync.Mutex
	list []runtime.Event
}

func (e *events) record(_ context.Context, event runtime.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.list = append(e.list, event)
}

// has reports whether there was an event of a kind. It waits a little, as the event may come after the response.
func (e *events) has(kind runtime.EventKind) bool {
	for range 100 {
		e.mu.Lock()
		for _, event := range e.list {
			if event.Kind == kind {
				e.mu.Unlock()
				return true
			}
		}
		e.mu.Unlock()
		time.Sleep(10 * time.Millisecond)
	}
	return false
}

// get visits a page.
func (v *visitor) get(path, arg string) Reply { return v.do("GET", path, arg) }

// do sends a request with the visitor's cookies, and keeps those that come back. The status in the access log must be
// the one that the visitor gets.
func (v *visitor) do(method, path, arg string) Reply {
	v.t.Helper()
	reply := v.client.Do(v.t, method, path, arg, v.header())
	for _, line := range reply.SetCookies {
		c, err := http.ParseSetCookie(line)
		if err != nil {
			v.t.Fatalf("%s: Set-Cookie %q: %v", path, line, err)
		}
		if c.MaxAge < 0 {
			delete(v.cookies, c.Name)
		} else {
			v.cookies[c.Name] = c.Value
		}
	}
	if v.noLog {
		return reply
	}
	select {
	case status := <-v.logged:
		if status != reply.Status {
			v.t.Errorf("%s: the access log has status %d, but the visitor got %d", path, status, reply.Status)
		}
	case <-time.After(10 * time.Second):
		v.t.Errorf("%s: the access log has no entry", path)
	}
	return reply
}

func (v *visitor) header() string {
	header := ""
	for name, value := range v.cookies {
		if header != "" {
			header += "; "
		}
		header += name + "=" + value
	}
	return header
}

// expect visits a page and compares its text.
func (v *visitor) expect(path, arg, want string) Reply {
	v.t.Helper()
	reply := v.get(path, arg)
	if reply.Body != want || reply.Status != http.StatusOK {
		v.t.Errorf("%s: got status %d, body %q, want 200, %q", path, reply.Status, reply.Body, want)
	}
	return reply
}
