package runtime_test

import (
	"compress/gzip"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"
)

// A counter is the response writer of a middleware that wants to know what was sent.
type counter struct {
	http.ResponseWriter
	status, bytes int
}

func (c *counter) WriteHeader(status int) {
	c.status = status
	c.ResponseWriter.WriteHeader(status)
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.ResponseWriter.Write(b)
	c.bytes += n
	return n, err
}

type (
	unwrapping struct{ *counter }
	flushing   struct{ *counter }
)

func (u unwrapping) Unwrap() http.ResponseWriter { return u.ResponseWriter }

func (f flushing) Flush() {
	if below, ok := f.ResponseWriter.(http.Flusher); ok {
		below.Flush()
	}
}

func wrapping(h http.Handler, wrap func(*counter) http.ResponseWriter) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &counter{ResponseWriter: w}
		h.ServeHTTP(wrap(c), r)
		// As a trailer, for the client to compare.
		w.Header().Set(http.TrailerPrefix+"X-Counted", fmt.Sprint(c.status, c.bytes))
	})
}

// A gzipper compresses what passes it, as the usual middleware does.
type gzipper struct {
	http.ResponseWriter
	gz *gzip.Writer
}

func (g *gzipper) WriteHeader(status int) {
	g.Header().Del("Content-Length")
	g.Header().Set("Content-Encoding", "gzip")
	g.Header().Add("Vary", "Accept-Encoding")
	g.ResponseWriter.WriteHeader(status)
}

func (g *gzipper) Write(b []byte) (int, error) {
	if g.gz == nil {
		g.WriteHeader(200)
		g.gz = gzip.NewWriter(g.ResponseWriter)
	}
	return g.gz.Write(b)
}

func (g *gzipper) FlushError() error {
	if g.gz != nil {
		g.gz.Flush()
	}
	return http.NewResponseController(g.ResponseWriter).Flush()
}

func (g *gzipper) Unwrap() http.ResponseWriter { return g.ResponseWriter }

func zipped(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g := &gzipper{ResponseWriter: w}
		h.ServeHTTP(g, r)
		if g.gz != nil {
			g.gz.Close()
		}
	})
}

// upstream starts a server and returns a proxy to it. The proxy has a transport of its
// own: closing any test's httptest.Server closes the idle connections of the default
// one, and that of a response without a body is idle before RoundTrip returns it.
func upstream(t *testing.T, h http.HandlerFunc) *httputil.ReverseProxy {
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	target, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport: transport,
		ErrorLog:  slog.NewLogLogger(slog.DiscardHandler, 0),
	}
}
