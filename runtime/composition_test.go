package runtime_test

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

func TestTimeoutHandler(t *testing.T) {
	for _, outside := range []bool{true, false} {
		for _, slow := range []bool{true, false} {
			t.Run(fmt.Sprintf("outside=%v/slow=%v", outside, slow), func(t *testing.T) {
				var log eventLog
				m := newManager(t, runtime.Config{OnEvent: log.record})
				done, limit := make(chan error, 1), time.Minute
				if slow {
					limit = 20 * time.Millisecond
				}
				h := http.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					s := from(r)
					fieldUser.Set(s.Session, "hubo")
					if slow {
						<-r.Context().Done()
						time.Sleep(20 * time.Millisecond) // by now the response is the TimeoutHandler's
						fieldVisits.Set(s.Session, 1)
					}
					io.WriteString(w, "body")
					done <- s.Err()
				}))
				if outside {
					h = http.TimeoutHandler(m.Handler(h), limit, "slow")
				} else {
					h = m.Handler(http.TimeoutHandler(h, limit, "slow"))
				}
				b := newBrowser(t, h)
				resp, body := b.get("/")
				err := <-done
				s := m.Open(b.cookies())
				switch {
				case !slow && (resp.StatusCode != 200 || body != "body" || fieldUser.Get(s.Session) != "hubo" || err != nil):
					t.Errorf("%s, %q: %v, %v", resp.Status, body, s, err)
				case slow && (resp.StatusCode != 503 || body != "slow"):
					t.Errorf("%s, %q", resp.Status, body)
				case slow && outside && (!s.IsNew() || len(resp.Header["Vary"]) > 0):
					t.Errorf("an abandoned response left %v", resp.Header)
				case slow && !outside && (fieldUser.Get(s.Session) != "hubo" || fieldVisits.Has(s.Session) || !errors.Is(err, runtime.ErrTooLate)):
					t.Errorf("saved %v, %v", s, err)
				}
			})
		}
	}
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

func TestGzip(t *testing.T) {
	for _, outside := range []bool{true, false} {
		m := newManager(t, runtime.Config{})
		h := http.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fieldUser.Set(from(r).Session, "hubo")
			for range 100 {
				io.WriteString(w, "body ")
				if err := http.NewResponseController(w).Flush(); err != nil {
					t.Error(err)
				}
			}
		}))
		if outside {
			h = zipped(m.Handler(h))
		} else {
			h = m.Handler(zipped(h))
		}
		b := newBrowser(t, h)
		resp, body := b.get("/")
		if !resp.Uncompressed || body != strings.Repeat("body ", 100) {
			t.Errorf("outside=%v: %v, %q", outside, resp.Header, body)
		}
		if s := m.Open(b.cookies()); fieldUser.Get(s.Session) != "hubo" {
			t.Errorf("outside=%v: saved %v", outside, s)
		}
		if got := strings.Join(resp.Header["Vary"], ", "); !strings.Contains(got, "Cookie") || !strings.Contains(got, "Accept-Encoding") {
			t.Errorf("outside=%v: Vary %q", outside, got)
		}
	}
}

// Server-sent events: the cookie goes with the first flush, and every event arrives
// when it is sent.
func TestEventStream(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		m := newManager(t, runtime.Config{})
		next := make(chan string)
		b := browse(t, m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s := from(r)
			fieldUser.Set(s.Session, "hubo")
			w.Header().Set("Content-Type", "text/event-stream")
			w.(http.Flusher).Flush()
			for data := range next {
				fmt.Fprintf(w, "data: %s %s\n\n", fieldUser.Get(s.Session), data)
				if err := http.NewResponseController(w).Flush(); err != nil {
					t.Error(err)
				}
			}
		})), func(s *httptest.Server) { s.EnableHTTP2 = http2 })
		resp, err := b.client.Get(b.server.URL)
		if err != nil {
			t.Fatal(err)
		}
		if s := m.Open(b.cookies()); fieldUser.Get(s.Session) != "hubo" {
			t.Errorf("http2=%v: no cookie with the first flush", http2)
		}
		lines := bufio.NewReader(resp.Body)
		for _, data := range []string{"a", "b", "c"} {
			next <- data
			line, err := lines.ReadString('\n')
			if lines.ReadString('\n'); line != "data: hubo "+data+"\n" || err != nil {
				t.Errorf("http2=%v: %q, %v", http2, line, err)
			}
		}
		close(next)
		resp.Body.Close()
	}
}

// Deadlines and full duplex are reached through the session's writer.
func TestResponseController(t *testing.T) {
	m := newManager(t, runtime.Config{})
	b := newBrowser(t, m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := http.NewResponseController(w)
		deadline := time.Now().Add(time.Minute)
		if err := errors.Join(c.EnableFullDuplex(), c.SetReadDeadline(deadline), c.SetWriteDeadline(deadline)); err != nil {
			t.Error(err)
		}
		fieldUser.Set(from(r).Session, "hubo") // and none of these began the response
	})))
	b.get("/")
	if len(b.cookies()) != 1 {
		t.Error("no cookie")
	}
}
