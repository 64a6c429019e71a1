package runtime_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"testing"
)

// A browser is an https client with a cookie jar, and the server it talks to.
type browser struct {
	t      testing.TB
	client *http.Client
	server *httptest.Server
}

func newBrowser(t testing.TB, h http.Handler) *browser {
	return browse(t, h, func(*httptest.Server) {})
}

func browse(t testing.TB, h http.Handler, configure func(*httptest.Server)) *browser {
	server := httptest.NewUnstartedServer(h)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	configure(server)
	server.StartTLS()
	t.Cleanup(server.Close)
	client := server.Client()
	client.Jar, _ = cookiejar.New(nil)
	return &browser{t, client, server}
}

// get fetches a path and returns the response, its body read, and the body.
func (b *browser) get(path string) (*http.Response, string) {
	b.t.Helper()
	r, err := http.NewRequest("GET", b.server.URL+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.do(r)
}

func (b *browser) do(r *http.Request) (*http.Response, string) {
	b.t.Helper()
	resp, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return resp, string(body)
}

// cookies returns what the jar would send, as name=value.
func (b *browser) cookies() []string {
	r, err := http.NewRequest("GET", b.server.URL, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	var all []string
	for _, c := range b.client.Jar.Cookies(r.URL) {
		all = append(all, c.Name+"="+c.Value)
	}
	return all
}

// plainServer serves h over plain http, to a client that keeps as many connections.
func plainServer(t testing.TB, h http.Handler, connections int) (*httptest.Server, *http.Client) {
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	transport := &http.Transport{MaxIdleConnsPerHost: connections, DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	return server, &http.Client{Transport: transport}
}

// inProcess is a transport without a network, for many requests in little time.
type inProcess struct{ http.Handler }

func (h inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result(), nil
}
