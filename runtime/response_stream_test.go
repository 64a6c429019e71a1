package runtime_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
)

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
		if s := m.Open(t.Context(), b.cookies()); fieldUser.Get(s.Session) != "hubo" {
			t.Errorf("http2=%v: the first flush sends no session", http2)
		}
		lines := bufio.NewReader(resp.Body)
		for _, data := range []string{"a", "b", "c"} {
			next <- data
			line, err := lines.ReadString('\n')
			if lines.ReadString('\n'); line != "data: hubo "+data+"\n" || err != nil {
				t.Errorf("http2=%v: got line %q, %v", http2, line, err)
			}
		}
		close(next)
		resp.Body.Close()
	}
}

// A change of the session after events have begun to flow is reported, and the stream continues.
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
					t.Errorf("got header %v, body %q", resp.Header, body)
				}
				s := m.Open(t.Context(), b.cookies())
				if s.IsNew() == early || fieldVisits.Has(s.Session) {
					t.Errorf("the browser has session %v", s)
				}
				log.expect(t)
			})
		}
	}
}

// A handler with full duplex answers while it reads: each line is answered before the
// next is sent. The session is sent with the first.
func TestFullDuplex(t *testing.T) {
	for _, u := range uses {
		for _, http2 := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/http2=%v", u.name, http2), func(t *testing.T) {
				m := newManager(t, runtime.Config{})
				b := browse(t, m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					c := http.NewResponseController(w)
					// HTTP/2 is always full duplex, and may say that there is nothing to enable.
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
					t.Errorf("got Set-Cookie %q", resp.Header["Set-Cookie"])
				}
				in := bufio.NewReader(resp.Body)
				for i := range 5 {
					if line, err := in.ReadString('\n'); line != fmt.Sprintf("echo %d\n", i) || err != nil {
						t.Fatalf("got line %q, %v", line, err)
					}
					if i < 4 {
						fmt.Fprintf(out, "%d\n", i+1)
					}
				}
				out.Close()
				if rest, err := io.ReadAll(in); len(rest) > 0 || err != nil {
					t.Errorf("after the end: got %q, %v", rest, err)
				}
			})
		}
	}
}
