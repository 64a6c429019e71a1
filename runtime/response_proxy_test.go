package runtime_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
)

// An upstream's response passes the middleware: its informational responses, its
// trailers, its events as they come, its bodies of any size.
func TestProxied(t *testing.T) {
	proxy := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "</x.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		switch r.URL.Path {
		case "/trailers":
			w.Header().Set("Trailer", "X-Sum")
			io.WriteString(w, "body")
			w.Header().Set("X-Sum", "7")
			w.Header().Set(http.TrailerPrefix+"X-Undeclared", "yes")
		case "/events":
			w.Header().Set("Content-Type", "text/event-stream")
			for range 3 {
				io.WriteString(w, "data: x\n\n")
				w.(http.Flusher).Flush()
			}
		case "/large":
			w.Write(make([]byte, 2<<20))
		case "/none":
			w.WriteHeader(http.StatusNoContent)
		case "/same":
			w.WriteHeader(http.StatusNotModified)
		case "/error":
			http.Error(w, "sorry", http.StatusTeapot)
		case "/broken":
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, "body")
		}
	})
	var all []transaction
	for _, path := range []string{"/trailers", "/events", "/large", "/none", "/same", "/error", "/broken"} {
		for _, method := range []string{"GET", "HEAD"} {
			all = append(all, transaction{
				name:    method + " " + path,
				request: func(r *http.Request) { r.Method, r.URL.Path = method, path },
				handler: func(w http.ResponseWriter, r *http.Request) any {
					proxy.ServeHTTP(w, r)
					return nil
				},
			})
		}
	}
	unharmed(t, all...)
}

// A cookie of the session's name that an upstream sets is replaced by the session's,
// and stays if that is not sent.
func TestProxiedCookie(t *testing.T) {
	proxy := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Set-Cookie", "lang=de")
		w.Header().Add("Set-Cookie", "__Host-session=theirs; Path=/; Secure")
	})
	for _, u := range uses {
		m := newManager(t, runtime.Config{})
		b := newBrowser(t, m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			u.use(r)
			proxy.ServeHTTP(w, r)
		})))
		resp, _ := b.get("/")
		lines := resp.Header["Set-Cookie"]
		if len(lines) != 2 || lines[0] != "lang=de" {
			t.Fatalf("%s: got cookies %q", u.name, lines)
		}
		if ours := parseCookie(t, lines[1]).Value != "theirs"; ours != (u.name == "changed") {
			t.Errorf("%s: got session cookie %q", u.name, lines[1])
		}
	}
}

// A proxy behind the middleware passes an upgrade on, with the session's cookie.
func TestProxiedUpgrade(t *testing.T) {
	proxy := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Upgrade", "echo")
		w.Header().Set("Connection", "Upgrade")
		w.WriteHeader(http.StatusSwitchingProtocols)
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		io.Copy(conn, rw)
	})
	for _, u := range uses {
		m := newManager(t, runtime.Config{})
		server := httptest.NewServer(m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			u.use(r)
			proxy.ServeHTTP(w, r)
		})))
		resp := upgradeToEcho(t, server)
		if got := len(resp.Header["Set-Cookie"]); got > 1 || got == 1 != (u.name == "changed") {
			t.Errorf("%s: got Set-Cookie %q", u.name, resp.Header["Set-Cookie"])
		}
		if varies := slices.Equal(resp.Header["Vary"], []string{"Cookie"}); varies != (u.name != "untouched") {
			t.Errorf("%s: got Vary %q", u.name, resp.Header["Vary"])
		}
		server.Close()
	}
}
