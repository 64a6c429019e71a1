package sessiondebug_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/internal/web"
	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/sessiondebug"
	"github.com/sessiongen/sessiongen/runtime/sessiontest"
)

// The page says when the device of a bound session last proved itself, and nothing of devices for another.
func TestDevice(t *testing.T) {
	for _, home := range []string{"cookie", "store"} {
		t.Run(home, func(t *testing.T) {
			cfg := runtime.Config{DeviceBound: 10 * time.Minute}
			if home == "store" {
				cfg.Store = runtime.NewMemoryStore(100)
			}
			m := newManager(t, cfg)
			page := sessiondebug.Handler(sessiondebug.Options{Secure: true, Remote: true})
			mux := http.NewServeMux()
			mux.HandleFunc("/login", func(w http.ResponseWriter, r *http.Request) { web.SessionFrom(r.Context()).SetUserID(42) })
			mux.Handle("/debug/session", page)
			server := httptest.NewTLSServer(m.Handler(mux))
			defer server.Close()

			visit := func(client *http.Client) (says bool) {
				get(t, client, server.URL+"/login")
				get(t, client, server.URL+"/debug/session")
				return strings.Contains(get(t, client, server.URL+"/debug/session"), "Device proved")
			}
			jar, err := cookiejar.New(nil)
			if err != nil {
				t.Fatal(err)
			}
			client := server.Client()
			if visit(&http.Client{Transport: client.Transport, Jar: jar}) {
				t.Error("the page mentions a device for a session that is not bound")
			}
			sessiontest.NewDevice(client)
			if !visit(client) {
				t.Error("the page does not show when the device proved its key")
			}
		})
	}
}

func get(t *testing.T, client *http.Client, address string) (body string) {
	t.Helper()
	res, err := client.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: got %d, %v: %s", address, res.StatusCode, err, b)
	}
	return string(b)
}
