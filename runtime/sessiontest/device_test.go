package sessiontest_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/internal/web"
	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/internal/dbsc"
	"github.com/sessiongen/sessiongen/runtime/sessiontest"
)

func ExampleDevice() {
	sessions := newManager(t, runtime.Config{DeviceBound: 10 * time.Minute})
	server := httptest.NewTLSServer(sessions.Handler(http.HandlerFunc(account)))
	defer server.Close()

	client := server.Client()
	device := sessiontest.NewDevice(client)
	for _, path := range []string{"/login", "/account"} {
		res, err := client.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
	}
	bound, err := device.Bound(server.URL)
	fmt.Println(bound, err)
	// Output: true <nil>
}

// account is a handler that logs visitors in and shows who is logged in.
func account(w http.ResponseWriter, r *http.Request) {
	s := web.SessionFrom(r.Context())
	switch r.URL.Path {
	case "/login":
		s.SetUserID(7)
	case "/logout":
		s.LogOut()
	}
	body, err := io.ReadAll(r.Body)
	fmt.Fprintf(w, "%d %t %s%v", s.GetUserID(), s.DeviceBound(), body, err)
}

// deviceSite is a site with device-bound sessions, and a browser with a device.
type deviceSite struct {
	t       testing.TB
	server  *httptest.Server
	client  *http.Client
	device  *sessiontest.Device
	clock   *sessiontest.Clock
	plain   http.RoundTripper // of a client without a device
	proofs  atomic.Int64      // requests to prove a key
	answers atomic.Int64      // if not zero, the status of the answer to each of them
}

func newDeviceSite(t testing.TB, cfg runtime.Config) *deviceSite {
	t.Helper()
	d := &deviceSite{t: t, clock: sessiontest.NewClock(time.Now())}
	cfg.DeviceBound, cfg.Time = 10*time.Minute, d.clock.Now
	h := newManager(t, cfg).Handler(http.HandlerFunc(account))
	d.server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "_device/") {
			d.proofs.Add(1)
			if status := d.answers.Load(); status != 0 {
				w.WriteHeader(int(status))
				return
			}
		}
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(d.server.Close)
	d.client = d.server.Client()
	d.plain = d.client.Transport
	d.device = sessiontest.NewDevice(d.client)
	return d
}

// get returns the response to a GET request for a path.
func (d *deviceSite) get(path string) (status int, body string) {
	d.t.Helper()
	return d.post(path, "")
}

// post posts a body, or none if send is empty.
func (d *deviceSite) post(path, send string) (status int, body string) {
	d.t.Helper()
	method, reader := "GET", io.Reader(nil)
	if send != "" {
		method, reader = "POST", strings.NewReader(send)
	}
	return ask(d.t, d.client, method, d.server.URL+path, reader)
}

func ask(t testing.TB, client *http.Client, method, url string, body io.Reader) (status int, answer string) {
	t.Helper()
	r, err := http.NewRequest(method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

// thief returns a client with the browser's cookies, except those named in without.
func (d *deviceSite) thief(without ...string) *http.Client {
	d.t.Helper()
	home, err := url.Parse(d.server.URL)
	if err != nil {
		d.t.Fatal(err)
	}
	copied := slices.DeleteFunc(d.client.Jar.Cookies(home), func(c *http.Cookie) bool { return slices.Contains(without, c.Name) })
	for _, c := range copied {
		c.Path, c.Secure = "/", true
	}
	jar, _ := cookiejar.New(nil)
	jar.SetCookies(home, copied)
	return &http.Client{Transport: d.plain, Jar: jar}
}

// A device registers a key when a binding is offered, and proves the key when its cookie is gone.
func TestDevice(t *testing.T) {
	for name, cfg := range deviceHomes() {
		t.Run(name, func(t *testing.T) {
			d := newDeviceSite(t, cfg)
			d.get("/login")
			if _, body := d.get("/"); body != "7 true <nil>" || d.proofs.Load() != 1 {
				t.Fatalf("after %d proofs, the site answers %q", d.proofs.Load(), body)
			}
			for i := range 5 {
				d.clock.Advance(10 * time.Minute)
				d.device.Expire()
				sent := fmt.Sprint("body ", i)
				if status, body := d.post("/", sent); status != 200 || body != "7 true "+sent+"<nil>" {
					t.Errorf("visit %d: got %d %q", i, status, body)
				}
			}
			if bound, err := d.device.Bound(d.server.URL); !bound || err != nil {
				t.Errorf("got bound %v, error %v, want true", bound, err)
			}
			if bound, err := d.device.Bound("https://other.test"); bound || err != nil {
				t.Errorf("another site: got bound %v, error %v, want false", bound, err)
			}

			d.get("/logout")
			if _, body := d.get("/"); body != "0 false <nil>" {
				t.Errorf("after the log-out, the site answers %q", body)
			}
			if bound, err := d.device.Bound(d.server.URL); bound || err != nil {
				t.Errorf("after the log-out: got bound %v, error %v, want false", bound, err)
			}
		})
	}
}

func deviceHomes() map[string]runtime.Config {
	return map[string]runtime.Config{
		"cookie":      {},
		"revocations": {Revocations: runtime.NewMemoryStore(1 << 20)},
		"store":       {Store: runtime.NewMemoryStore(1 << 20)},
	}
}

// Concurrent requests wait for one proof.
func TestDeviceProvesOnce(t *testing.T) {
	d := newDeviceSite(t, runtime.Config{})
	d.get("/login")
	d.get("/")
	d.clock.Advance(10 * time.Minute)
	d.device.Expire()
	before := d.proofs.Load()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if status, body := d.get("/"); status != 200 || body != "7 true <nil>" {
				t.Errorf("got %d %q", status, body)
			}
		})
	}
	all.Wait()
	if n := d.proofs.Load() - before; n != 2 { // the first asks for a challenge
		t.Errorf("got %d requests to prove the key, want 2", n)
	}
}

// A thief with the cookies but without the device is logged out when the period ends.
func TestDeviceOfAThief(t *testing.T) {
	for name, cfg := range deviceHomes() {
		t.Run(name, func(t *testing.T) {
			d := newDeviceSite(t, cfg)
			d.get("/login")
			d.get("/")
			thief, without := d.thief(), d.thief("__Host-session-bound")
			if status, body := ask(t, thief, "GET", d.server.URL, nil); status != 200 || body != "7 true <nil>" {
				t.Errorf("the thief within the period: got %d %q, want 200 and the account", status, body)
			}
			d.clock.Advance(10 * time.Minute)
			if status, body := ask(t, thief, "GET", d.server.URL, nil); status != 503 {
				t.Errorf("the thief after the period: got %d %q, want 503", status, body)
			}
			if status, body := ask(t, without, "GET", d.server.URL, nil); status != 200 || body != "0 false <nil>" { // nobody
				t.Errorf("the thief without the bound cookie: got %d %q, want 200 and no account", status, body)
			}
			d.device.Expire()
			if status, body := d.get("/"); status != 200 || body != "7 true <nil>" {
				t.Errorf("the visitor: got %d %q, want 200 and the account", status, body)
			}
		})
	}
}

// While a site cannot take a proof, requests are sent without one, and say why.
func TestDeviceOfASiteThatFails(t *testing.T) {
	var skipped []string
	d := newDeviceSite(t, runtime.Config{OnEvent: func(_ context.Context, e runtime.Event) {
		if e.Kind == runtime.EventProofSkipped {
			skipped = append(skipped, e.Reason)
		}
	}})
	d.get("/login")
	d.get("/")
	d.clock.Advance(10 * time.Minute)
	d.device.Expire()
	d.answers.Store(503)
	if status, body := d.get("/"); status != 503 || !slices.Equal(skipped, []string{"server_error"}) {
		t.Errorf("got %d %q, skipped for %q", status, body, skipped)
	}
	d.answers.Store(0)
	if status, body := d.get("/"); status != 200 || body != "7 true <nil>" {
		t.Errorf("after the failure: got %d %q", status, body)
	}
	d.device.Expire()
	d.answers.Store(404)
	d.get("/")
	if bound, err := d.device.Bound(d.server.URL); bound || err != nil {
		t.Errorf("after a 404: got bound %v, error %v, want false", bound, err)
	}
}

// Answers that Chromium would refuse or not understand are errors.
func TestDeviceRefuses(t *testing.T) {
	good := dbsc.Binding{ID: "id", RefreshURL: "/refresh", Cookie: "c", Attributes: "Path=/; Secure"}
	change := func(f func(*dbsc.Binding)) string {
		b := good
		f(&b)
		return string(dbsc.Instructions(b))
	}
	for name, c := range map[string]struct {
		offer, body, cookie string
		bound               bool
		want                string
	}{
		"good":              {"", change(func(*dbsc.Binding) {}), "c=1; Path=/; Secure", true, ""},
		"another algorithm": {`(RS256);path="/register";challenge="c"`, "", "", false, "ES256"},
		"no JSON":           {"", "no", "c=1; Path=/; Secure", false, "answer of /register"},
		"no id":             {"", change(func(b *dbsc.Binding) { b.ID = "" }), "c=1; Path=/; Secure", false, "does not name a session"},
		"Max-Age":           {"", change(func(b *dbsc.Binding) { b.Attributes += "; Max-Age=1" }), "c=1; Path=/; Secure", false, "Max-Age"},
		"Partitioned":       {"", change(func(b *dbsc.Binding) { b.Attributes += "; Partitioned" }), "c=1; Path=/; Secure", false, "Partitioned"},
		"other attributes":  {"", change(func(*dbsc.Binding) {}), "c=1; Path=/; Secure; HttpOnly", false, "attributes"},
		"ended at once":     {"", string(dbsc.Stop("id")), "", false, ""},
	} {
		server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/register" {
				w.Header().Set(dbsc.HeaderRegistration, c.offer)
				if c.offer == "" {
					w.Header().Set(dbsc.HeaderRegistration, dbsc.RegistrationHeader("register", `a "quoted"; \ challenge`))
				}
				return
			}
			if _, challenge, err := dbsc.Registration(r.Header.Get(dbsc.HeaderResponse)); err != nil || challenge != `a "quoted"; \ challenge` {
				t.Errorf("%s: the registration answers the challenge %q, error %v", name, challenge, err)
			}
			w.Header().Set("Set-Cookie", c.cookie)
			io.WriteString(w, c.body)
		}))
		device := sessiontest.NewDevice(server.Client())
		ask(t, server.Client(), "GET", server.URL, nil)
		bound, err := device.Bound(server.URL)
		if bound != c.bound || (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got bound %v, error %v, want %v, %q", name, bound, err, c.bound, c.want)
		}
		server.Close()
	}
}
