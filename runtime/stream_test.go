package runtime_test

import (
	"bufio"
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

// With full duplex, a handler answers while it reads: each line before the next is
// sent. The session goes with the first.
func TestFullDuplex(t *testing.T) {
	for _, u := range uses {
		for _, http2 := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/http2=%v", u.name, http2), func(t *testing.T) {
				m := newManager(t, runtime.Config{})
				b := browse(t, m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					c := http.NewResponseController(w)
					// HTTP/2 is so anyway, and may say that there is nothing to enable.
					if err := c.EnableFullDuplex(); err != nil && !http2 {
						t.Error(err)
					}
					u.use(r)
					for lines := bufio.NewReader(r.Body); ; {
						line, err := lines.ReadString('\n')
						if err != nil {
							return
						}
						io.WriteString(w, "echo "+line)
						if err := c.Flush(); err != nil {
							t.Error(err)
						}
					}
				})), func(s *httptest.Server) { s.EnableHTTP2 = http2 })
				body, out := io.Pipe()
				go io.WriteString(out, "0\n")
				resp, err := b.client.Post(b.server.URL, "text/plain", body)
				if err != nil {
					t.Fatal(err)
				}
				defer resp.Body.Close()
				if got := len(resp.Header["Set-Cookie"]) == 1; got != (u.name == "changed") {
					t.Errorf("Set-Cookie is %q", resp.Header["Set-Cookie"])
				}
				in := bufio.NewReader(resp.Body)
				for i := range 5 {
					if line, err := in.ReadString('\n'); line != fmt.Sprintf("echo %d\n", i) || err != nil {
						t.Fatalf("%q, %v", line, err)
					}
					if i < 4 {
						fmt.Fprintf(out, "%d\n", i+1)
					}
				}
				out.Close()
				if rest, err := io.ReadAll(in); len(rest) > 0 || err != nil {
					t.Errorf("then %q, %v", rest, err)
				}
			})
		}
	}
}

// A session that is changed once events flow is reported, and the stream goes on.
func TestEventStreamChangedLate(t *testing.T) {
	for _, early := range []bool{true, false} {
		for _, http2 := range []bool{false, true} {
			t.Run(fmt.Sprintf("early=%v/http2=%v", early, http2), func(t *testing.T) {
				var log eventLog
				m := newManager(t, runtime.Config{OnEvent: log.record})
				want := []runtime.Event{{Kind: runtime.EventTooLate, Field: "Visits"}}
				if early {
					want = append([]runtime.Event{{Kind: runtime.EventCreated}}, want...)
				}
				b := browse(t, m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Content-Type", "text/event-stream")
					if early {
						fieldUser.Set(from(r).Session, "hubo")
					}
					for i := range 3 {
						fmt.Fprintf(w, "data: %d\n\n", i)
						w.(http.Flusher).Flush()
						if i == 0 {
							fieldVisits.Set(from(r).Session, 1)
							log.expect(t, want...)
						}
					}
				})), func(s *httptest.Server) { s.EnableHTTP2 = http2 })
				resp, body := b.get("/")
				if body != "data: 0\n\ndata: 1\n\ndata: 2\n\n" || resp.Header.Get("Content-Type") != "text/event-stream" {
					t.Errorf("%v, %q", resp.Header, body)
				}
				s := m.Open(b.cookies())
				if s.IsNew() == early || fieldVisits.Has(s.Session) {
					t.Errorf("the browser has %v", s)
				}
				log.expect(t)
			})
		}
	}
}
