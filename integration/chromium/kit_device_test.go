package chromium

import (
	"cmp"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/sessiongen/sessiongen/runtime"
)

var refreshes = flag.Int("refreshes", 10, "how often a `number` of times a device proves its key in a row")

const (
	bound  = "__Host-session-bound"
	period = 10 * time.Minute
)

// deviceSite is a site whose sessions are bound to devices. It can be restarted with other keys.
type deviceSite struct {
	site
	t       *testing.T
	cfg     runtime.Config
	keys    []string // the newest first
	clock   clock
	handler atomic.Pointer[http.Handler]
	posts   sync.Map // name of an endpoint -> *atomic.Int64, the requests there
	offers  atomic.Int64
	events  events
	requests
}

// events counts events by kind and reason.
type events struct {
	mu    sync.Mutex
	count map[string]int
}

func (e *events) add(name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.count == nil {
		e.count = make(map[string]int)
	}
	e.count[name]++
}

func (e *events) of(name string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.count[name]
}

func newDeviceSite(t *testing.T, cfg runtime.Config) *deviceSite {
	t.Helper()
	cfg.DeviceBound = period
	return newClockSite(t, cfg)
}

// newClockSite starts such a site. Its sessions need not be bound.
func newClockSite(t *testing.T, cfg runtime.Config) *deviceSite {
	t.Helper()
	s := &deviceSite{t: t, cfg: cfg}
	s.cfg.Time = s.clock.now
	s.cfg.OnEvent = func(_ context.Context, e runtime.Event) {
		s.events.add(strings.TrimSpace(string(e.Kind) + " " + e.Reason))
	}
	s.ServeMux, s.scheme = http.NewServeMux(), "https"
	s.restart(runtime.GenerateKey())
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/_device/") {
			s.postsAt(r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]).Add(1)
		}
		(*s.handler.Load()).ServeHTTP(w, r)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // connections that the browser opens ahead and drops
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	s.port = server.URL[strings.LastIndexByte(server.URL, ':')+1:]

	s.page("/login", func(v *Session) { v.SetUsername("hubo") })
	s.page("/read", func(*Session) {})
	s.page("/logout", func(v *Session) { v.LogOut() })
	s.HandleFunc("POST /body", s.echo)
	s.HandleFunc("/socket", s.socket)
	s.HandleFunc("/link", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "<a id=link href=%q></a>", s.at("site.test", "/read"))
	})
	s.HandleFunc("/form", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "<!DOCTYPE html><form action=/login method=post><button id=button></button></form>")
	})
	s.HandleFunc("POST /pay", func(w http.ResponseWriter, r *http.Request) {
		s.sessions.RequireProof(time.Minute, http.HandlerFunc(s.echo)).ServeHTTP(w, r)
	})
	return s
}

// restart makes a new manager with one more key, which seals.
func (s *deviceSite) restart(key string) {
	s.t.Helper()
	s.keys = append([]string{key}, s.keys...)
	var err error
	if s.cfg.Keys, err = runtime.ParseKeys(strings.Join(s.keys, ",")); err != nil {
		s.t.Fatal(err)
	}
	if s.sessions, err = NewSessionManager(s.cfg); err != nil {
		s.t.Fatal(err)
	}
	h := s.sessions.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.add(r)
		s.ServeHTTP(w, r)
		if w.Header().Get("Secure-Session-Registration") != "" {
			s.offers.Add(1)
		}
	}))
	s.handler.Store(&h)
}

// page shows the session, and whether it is bound.
func (s *deviceSite) page(path string, f func(*Session)) {
	s.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
		v := SessionFrom(r.Context())
		f(v)
		io.WriteString(w, deviceText(v))
	})
}

func deviceText(v *Session) string {
	if v.DeviceBound() {
		return text(v) + " bound"
	}
	return text(v)
}

// echo answers with the body of the request.
func (s *deviceSite) echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Error(err)
	}
	fmt.Fprintf(w, "%s %s %t", deviceText(SessionFrom(r.Context())), body,
		s.clock.now().Sub(SessionFrom(r.Context()).ProvenAt()) <= time.Minute)
}

// socket sends one message through a websocket, and closes it.
func (s *deviceSite) socket(w http.ResponseWriter, r *http.Request) {
	message := deviceText(SessionFrom(r.Context()))
	sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	w.Header().Set("Upgrade", "websocket")
	w.Header().Set("Connection", "Upgrade")
	w.Header().Set("Sec-WebSocket-Accept", base64.StdEncoding.EncodeToString(sum[:]))
	w.WriteHeader(http.StatusSwitchingProtocols)
	conn, stream, err := http.NewResponseController(w).Hijack()
	if err != nil {
		s.t.Error(err)
		return
	}
	defer conn.Close()
	stream.Write(append([]byte{0x81, byte(len(message))}, message...))
	stream.Write([]byte{0x88, 0})
	stream.Flush()
	io.Copy(io.Discard, stream) // until the browser closes it
}

// postsAt counts the requests to one of the endpoints.
func (s *deviceSite) postsAt(name string) *atomic.Int64 {
	n, _ := s.posts.LoadOrStore(name, new(atomic.Int64))
	return n.(*atomic.Int64)
}

// newDeviceBrowser starts a browser with device-bound sessions. It must know the certificate of httptest: where
// certificate errors are ignored, these sessions are not used.
func newDeviceBrowser(t *testing.T) browser {
	t.Helper()
	server := httptest.NewTLSServer(nil)
	server.Close()
	spki := sha256.Sum256(server.Certificate().RawSubjectPublicKeyInfo)
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := chromedp.NewExecAllocator(context.Background(), append(options(path),
		chromedp.Flag("enable-features", "DeviceBoundSessions:RefreshQuota/false,EnableBoundSessionCredentialsSoftwareKeysForManualTesting"),
		chromedp.Flag("ignore-certificate-errors-spki-list", base64.StdEncoding.EncodeToString(spki[:])))...)
	t.Cleanup(stop)
	ctx, quit := chromedp.NewContext(ctx)
	t.Cleanup(quit)
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute+time.Duration(*refreshes)*time.Second)
	t.Cleanup(cancel)
	b := browser{t, ctx}
	b.visit("about:blank")
	return b
}

// of returns the browser for a subtest.
func (b browser) of(t *testing.T) browser { return browser{t, b.ctx} }

// expire ends the period of the browser's proof: it moves the site's clock forward, and removes the cookie, since the
// browser's own clock stays.
func (s *deviceSite) expire(b browser) {
	b.t.Helper()
	s.clock.advance(period)
	s.forget(b)
}

// forget removes the cookie of the browser's proof, but not cookies that subdomains have planted.
func (s *deviceSite) forget(b browser) {
	b.t.Helper()
	name := cmp.Or(s.cfg.Name, data) + "-bound"
	_, err := chromedp.Call(b.ctx, network.DeleteCookies, network.DeleteCookiesParams{Name: name, Domain: "site.test", Path: "/"})
	if err != nil {
		b.t.Fatal(err)
	}
}

// logIn logs in, and has the session bound.
func (s *deviceSite) logIn(b browser) {
	b.t.Helper()
	before := s.postsAt("register").Load()
	if got := b.visit(s.at("site.test", "/login")); got != "hubo" {
		b.t.Fatalf("the log-in shows %q", got)
	}
	s.awaitBinding(b, before)
}

// awaitBinding waits until the browser has registered a key, once more than before, and binds the session.
func (s *deviceSite) awaitBinding(b browser, before int64) {
	b.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if s.postsAt("register").Load() > before && b.visit(s.at("site.test", "/read")) == "hubo bound" {
			return
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("the browser has not bound the session after %d registrations: %q", s.postsAt("register").Load(), b.names())
		}
	}
}

// copied returns the Cookie header field of a thief who has copied the browser's cookies, without some.
func (b browser) copied(without ...string) string {
	b.t.Helper()
	var pairs []string
	for _, c := range b.cookies() {
		if len(without) == 0 || c.Name != without[0] {
			pairs = append(pairs, c.Name+"="+c.Value)
		}
	}
	return strings.Join(pairs, "; ")
}

// steal asks for a page with copied cookies, and returns the status and the text.
func (s *deviceSite) steal(cookies string) (int, string) {
	r := httptest.NewRequest("GET", "https://site.test/read", nil)
	r.Header.Set("Cookie", cookies)
	w := httptest.NewRecorder()
	(*s.handler.Load()).ServeHTTP(w, r)
	return w.Code, w.Body.String()
}
