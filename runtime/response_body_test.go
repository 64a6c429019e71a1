package runtime_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// Bodies, small and large, whole and in pieces, with trailers.
func TestBodies(t *testing.T) {
	large := bytes.Repeat([]byte("0123456789abcdef"), 1<<17) // 2 MiB
	text := string(large)
	unharmed(t,
		transaction{name: "sniffed", handler: func(w http.ResponseWriter, r *http.Request) any {
			io.WriteString(w, "<!DOCTYPE html>")
			return nil
		}},
		transaction{name: "declared", handler: func(w http.ResponseWriter, r *http.Request) any {
			w.Header().Set("Content-Length", "8")
			for range 2 {
				io.WriteString(w, "body")
			}
			return nil
		}},
		transaction{name: "large", handler: func(w http.ResponseWriter, r *http.Request) any {
			n, err := w.Write(large)
			return fmt.Sprint(n, err)
		}},
		transaction{name: "large string", handler: func(w http.ResponseWriter, r *http.Request) any {
			n, err := io.WriteString(w, text)
			return fmt.Sprint(n, err)
		}},
		transaction{name: "large copy", handler: func(w http.ResponseWriter, r *http.Request) any {
			n, err := io.Copy(w, struct{ io.Reader }{bytes.NewReader(large)})
			return fmt.Sprint(n, err)
		}},
		transaction{name: "large copy, declared", handler: func(w http.ResponseWriter, r *http.Request) any {
			w.Header().Set("Content-Length", fmt.Sprint(len(large)))
			n, err := io.Copy(w, struct{ io.Reader }{bytes.NewReader(large)})
			return fmt.Sprint(n, err)
		}},
		transaction{name: "copy, HEAD", request: head, handler: func(w http.ResponseWriter, r *http.Request) any {
			n, err := io.Copy(w, struct{ io.Reader }{bytes.NewReader(large[:1000])})
			return fmt.Sprint(n, err)
		}},
		transaction{name: "copy of nothing, then an error", handler: func(w http.ResponseWriter, r *http.Request) any {
			n, err := io.Copy(w, struct{ io.Reader }{strings.NewReader("")})
			http.Error(w, "nothing there", http.StatusBadGateway)
			return fmt.Sprint(n, err)
		}},
		transaction{name: "source that fails at once, then an error", handler: func(w http.ResponseWriter, r *http.Request) any {
			n, err := io.Copy(w, failingReader{})
			http.Error(w, "nothing there", http.StatusBadGateway)
			return fmt.Sprint(n, err)
		}},
		transaction{name: "broken source", handler: func(w http.ResponseWriter, r *http.Request) any {
			n, err := io.Copy(w, io.MultiReader(strings.NewReader("body"), failingReader{}))
			return fmt.Sprint(n, err)
		}},
		transaction{name: "flushed before the body", handler: func(w http.ResponseWriter, r *http.Request) any {
			w.(http.Flusher).Flush()
			n, err := io.WriteString(w, "body")
			return fmt.Sprint(n, err)
		}},
		transaction{name: "pieces", handler: func(w http.ResponseWriter, r *http.Request) any {
			c := http.NewResponseController(w)
			var errs []error
			for range 10 {
				_, err := w.Write(large[:1000])
				errs = append(errs, err, c.Flush())
				_, err = io.Copy(w, io.LimitReader(bytes.NewReader(large), 1000))
				errs = append(errs, err)
			}
			return errors.Join(errs...)
		}},
		transaction{name: "trailers", handler: func(w http.ResponseWriter, r *http.Request) any {
			w.Header().Set("Trailer", "X-Sum, X-Unset")
			w.Header().Add("Trailer", "X-Count")
			io.WriteString(w, "body")
			w.(http.Flusher).Flush()
			w.Header().Set("X-Sum", "7")
			w.Header().Set("X-Count", "1")
			w.Header().Set(http.TrailerPrefix+"X-Undeclared", "yes")
			return nil
		}},
		transaction{name: "trailers without a body", handler: func(w http.ResponseWriter, r *http.Request) any {
			w.Header().Set("Trailer", "X-Sum")
			w.WriteHeader(200)
			w.(http.Flusher).Flush()
			w.Header().Set("X-Sum", "7")
			return nil
		}},
		transaction{name: "trailers of the request",
			request: func(r *http.Request) {
				r.Method = "POST"
				r.Body, r.ContentLength = io.NopCloser(strings.NewReader("request")), -1
				r.Trailer = http.Header{"X-Sum": {"7"}}
			},
			handler: func(w http.ResponseWriter, r *http.Request) any {
				body, err := io.ReadAll(r.Body)
				return fmt.Sprint(string(body), err, r.Trailer)
			}},
		transaction{name: "request left unread",
			request: post(strings.Repeat("x", 1<<20)),
			handler: func(w http.ResponseWriter, r *http.Request) any {
				io.WriteString(w, "body")
				return nil
			}},
		transaction{name: "past the write deadline", handler: func(w http.ResponseWriter, r *http.Request) any {
			c := http.NewResponseController(w)
			err := c.SetWriteDeadline(time.Unix(1, 0))
			for err == nil && c.Flush() == nil { // HTTP/2 hears of the deadline soon
				io.WriteString(w, "body")
			}
			return err
		}},
		transaction{name: "past the read deadline",
			request: func(r *http.Request) {
				r.Method = "POST"
				body, _ := io.Pipe()
				r.Body, r.ContentLength = body, 10
			},
			handler: func(w http.ResponseWriter, r *http.Request) any {
				c := http.NewResponseController(w)
				err := c.SetReadDeadline(time.Unix(1, 0))
				_, readErr := io.ReadAll(r.Body)
				return fmt.Sprint(err, errors.Is(readErr, os.ErrDeadlineExceeded))
			}},
	)
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errors.New("broken") }

// A source that is read lazily may still change the session: the response begins with the
// first byte, as it does over HTTP/2.
func TestLazySource(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		m := newManager(t, runtime.Config{})
		b := browse(t, m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.Copy(w, &lazy{r: r, text: strings.NewReader("body")})
		})), func(s *httptest.Server) { s.EnableHTTP2 = http2 })
		if _, body := b.get("/"); body != "body" || len(b.cookies()) != 1 {
			t.Errorf("http2=%v: got body %q, cookies %q", http2, body, b.cookies())
		}
	}
}

type lazy struct {
	r    *http.Request
	text io.Reader
}

func (l *lazy) Read(b []byte) (int, error) {
	fieldUser.Set(from(l.r).Session, "hubo")
	return l.text.Read(b)
}

// An error that comes with bytes is not lost.
func TestSourceFailsWithBytes(t *testing.T) {
	m := newManager(t, runtime.Config{})
	for _, u := range uses {
		b := browse(t, m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			u.use(r)
			if n, err := io.Copy(w, &failing{text: "partial"}); n != 7 || err != errBroken {
				t.Errorf("%s: Copy returns %d, %v, want 7 and the source's error", u.name, n, err)
			}
		})), func(*httptest.Server) {})
		if _, body := b.get("/"); body != "partial" {
			t.Errorf("%s: got body %q, want partial", u.name, body)
		}
	}
}

var errBroken = errors.New("broken")

// failing gives its text and its error at once, and nothing afterwards.
type failing struct{ text string }

func (f *failing) Read(b []byte) (int, error) {
	if f.text == "" {
		return 0, io.EOF
	}
	n := copy(b, f.text)
	f.text = ""
	return n, errBroken
}
