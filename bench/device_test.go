package bench

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime/sessiontest"
)

// BenchmarkDevices reads a session that is bound to a device beside one that is not, and proves the device's key.
func BenchmarkDevices(b *testing.B) {
	const read, plain, bound, proof = "read", "not bound", "bound", "bound, a proof"
	without := sessiongenCookie()
	d := newBoundDevice(b)
	t := make(table)
	for range *rounds {
		t.measure(b, read, plain, request(without.read, cookie(without.fill)))
		t.measure(b, read, bound, request(d.handler, d.cookies))
		t.measure(b, read, proof, d.prove)
	}
	t.print([]string{read}, []library{{name: plain}, {name: bound}, {name: proof}})
}

// boundDevice is a browser whose session is bound.
type boundDevice struct {
	handler http.Handler
	cookies string
	proof   *http.Request // the last one; the clock stands still, so that it is good for ever
}

func newBoundDevice(b *testing.B) *boundDevice {
	b.Helper()
	cfg := config(nil)
	cfg.DeviceBound = 10 * time.Minute
	cfg.Time = sessiontest.NewClock(time.Now()).Now
	d := &boundDevice{}
	d.handler = must(NewSessionManager(cfg)).Handler(handle(func(w http.ResponseWriter, r *http.Request) {
		s := SessionFrom(r.Context())
		if r.URL.Path == "/login" {
			fillSession(s)
			s.Authenticate()
		}
		sink = s.GetUsername()
	}))
	server := httptest.NewTLSServer(handle(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Secure-Session-Response") != "" {
			d.proof = r.Clone(context.Background())
		}
		d.handler.ServeHTTP(w, r)
	}))
	defer server.Close()
	client := server.Client()
	device := sessiontest.NewDevice(client)
	for _, path := range []string{"/login", "/"} {
		must(client.Get(server.URL + path)).Body.Close()
	}
	device.Expire()
	must(client.Get(server.URL)).Body.Close()
	if bound, err := device.Bound(server.URL); !bound || err != nil {
		b.Fatalf("got bound %t, error %v", bound, err)
	}
	var pairs []string
	for _, c := range client.Jar.Cookies(must(url.Parse(server.URL))) {
		pairs = append(pairs, c.Name+"="+c.Value)
	}
	d.cookies = strings.Join(pairs, "; ")
	if w := d.answer(); w.Code != http.StatusOK || !strings.HasSuffix(d.proof.URL.Path, "/refresh") {
		b.Fatalf("the proof gets status %d", w.Code)
	}
	return d
}

func (d *boundDevice) answer() *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, d.proof)
	return w
}

func (d *boundDevice) prove() { d.answer() }
