package legacy

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// A newProgram has our sessions. It does the same as the old ones, and /check compares the session with contents.
type newProgram struct {
	http.Handler
	mu     sync.Mutex
	events []runtime.Event
	now    func() time.Time
}

func (p *newProgram) take() []runtime.Event {
	p.mu.Lock()
	defer p.mu.Unlock()
	events := p.events
	p.events = nil
	return events
}

// homes say where the new program keeps sessions.
var homes = map[string]func() runtime.Config{
	"cookie":      func() runtime.Config { return runtime.Config{} },
	"revocations": func() runtime.Config { return runtime.Config{Revocations: runtime.NewMemoryStore(1e5)} },
	"store":       func() runtime.Config { return runtime.Config{Store: runtime.NewMemoryStore(1e5)} },
}

func newNew(t testing.TB, cfg runtime.Config, sources ...runtime.LegacySource) *newProgram {
	t.Helper()
	p := &newProgram{now: time.Now}
	var err error
	if cfg.Keys, err = runtime.ParseKeys(runtime.GenerateKey()); err != nil {
		t.Fatal(err)
	}
	cfg.Legacy = sources
	cfg.Time = func() time.Time { return p.now() }
	cfg.StoreTimeout = time.Minute // a busy machine is no failure
	cfg.OnEvent = func(_ context.Context, e runtime.Event) {
		e.Method, e.Path = "", ""
		p.mu.Lock()
		defer p.mu.Unlock()
		p.events = append(p.events, e)
	}
	m, err := NewSessionManager(cfg)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/whoami", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, SessionFrom(r.Context()).GetUserID()) })
	mux.HandleFunc("/logout", func(w http.ResponseWriter, r *http.Request) { SessionFrom(r.Context()).Destroy() })
	mux.HandleFunc("/check", func(w http.ResponseWriter, r *http.Request) {
		id, _ := strconv.Atoi(r.FormValue("id"))
		s := SessionFrom(r.Context())
		err := check(s, id)
		if err == nil && (s.IsNew() || !s.AuthenticatedAt().IsZero()) {
			err = errors.New("it is no import")
		}
		fmt.Fprint(w, err)
	})
	p.Handler = m.Handler(mux)
	return p
}

// An address leads a client to a program: the old one, until the client is moved.
type address struct {
	*httptest.Server
	old, new http.Handler
}

const movedField = "X-Moved"

func newAddress(t testing.TB, old, new http.Handler) *address {
	a := &address{old: old, new: new}
	a.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		moved := r.Header.Get(movedField) != ""
		r.Header.Del(movedField)
		if moved {
			a.new.ServeHTTP(w, r)
		} else {
			a.old.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(a.Close)
	return a
}

// A client is a browser.
type client struct {
	http.Client
	t     testing.TB
	at    *url.URL
	moved bool
}

func (a *address) client(t testing.TB) *client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	at, _ := url.Parse(a.URL)
	c := &client{t: t, at: at}
	c.Jar, c.Transport = jar, transport
	return c
}

var transport = &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, MaxIdleConnsPerHost: 64}

// get makes a request, and returns the body of the answer.
func (c *client) get(path string) string {
	c.t.Helper()
	r, err := http.NewRequest("GET", c.at.String()+path, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	if c.moved {
		r.Header.Set(movedField, "1")
	}
	resp, err := c.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 {
		c.t.Fatalf("%s: got status %d, %s, %v", path, resp.StatusCode, body, err)
	}
	return string(body)
}

// cookie returns the value of a cookie, "" if there is none.
func (c *client) cookie(name string) string {
	for _, cookie := range c.Jar.Cookies(c.at) {
		if cookie.Name == name {
			return cookie.Value
		}
	}
	return ""
}

// set puts a cookie into the browser.
func (c *client) set(name, value string) {
	c.Jar.SetCookies(c.at, []*http.Cookie{{Name: name, Value: value, Path: "/", Secure: true}})
}

// clone returns a browser with the same cookies.
func (c *client) clone(a *address) *client {
	other := a.client(c.t)
	other.moved = c.moved
	for _, cookie := range c.Jar.Cookies(c.at) {
		other.set(cookie.Name, cookie.Value)
	}
	return other
}
