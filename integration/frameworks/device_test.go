package frameworks

import (
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/integration/frameworks/check"
	"github.com/sessiongen/sessiongen/runtime"
)

// Handler, and not the program's own handlers, answers the requests in which browsers prove keys, in every
// framework.
func TestDeviceRequests(t *testing.T) {
	for name, start := range map[string]func(*testing.T, check.Site) check.Client{
		"net/http": startNetHTTP, "chi": startChi, "gin": startGin, "echo": startEcho, "echo5": startEcho5, "fiber": startFiber,
	} {
		t.Run(name, func(t *testing.T) {
			keys, err := runtime.ParseKeys(runtime.GenerateKey())
			if err != nil {
				t.Fatal(err)
			}
			sessions, err := check.NewSessionManager(runtime.Config{Keys: keys, DeviceBound: 10 * time.Minute, OnEvent: func(context.Context, runtime.Event) {}})
			if err != nil {
				t.Fatal(err)
			}
			url := string(start(t, check.Site{Sessions: sessions, Scope: check.All, Log: func(int) {}}).(check.HTTP))
			for _, c := range []struct {
				method, path string
				status       int
			}{
				{"POST", "/_device/register", http.StatusForbidden},
				{"POST", "/_device/refresh", http.StatusForbidden},
				{"GET", "/_device/refresh", http.StatusMethodNotAllowed},
				{"POST", "/_device/other", http.StatusNotFound},
			} {
				r, err := http.NewRequestWithContext(t.Context(), c.method, url+c.path, nil)
				if err != nil {
					t.Fatal(err)
				}
				res, err := http.DefaultClient.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(res.Body)
				res.Body.Close()
				if err != nil || res.StatusCode != c.status || c.status != http.StatusNotFound && len(body) > 0 {
					t.Errorf("%s %s: got %d %q, error %v", c.method, c.path, res.StatusCode, body, err)
				}
			}
		})
	}
}
