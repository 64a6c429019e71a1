package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// The session is saved before the response begins, whatever begins it. Later changes are
// reported.
func TestCommit(t *testing.T) {
	serveContent := func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "x.txt", time.Unix(1e9, 0), strings.NewReader("0123456789"))
	}
	for _, c := range []struct {
		name   string
		begin  http.HandlerFunc
		header http.Header // of the request; "Method" is its method
		status int
		body   string
	}{
		{"Write", func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("body")) }, nil, 200, "body"},
		{"empty Write", func(w http.ResponseWriter, r *http.Request) { w.Write(nil) }, nil, 200, ""},
		{"WriteHeader", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(418) }, nil, 418, ""},
		{"204", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(204) }, nil, 204, ""},
		{"304", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(304) }, nil, 304, ""},
		{"WriteString", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "body") }, nil, 200, "body"},
		{"ReadFrom", func(w http.ResponseWriter, r *http.Request) {
			io.Copy(w, struct{ io.Reader }{strings.NewReader("body")})
		}, nil, 200, "body"},
		{"Flusher", func(w http.ResponseWriter, r *http.Request) { w.(http.Flusher).Flush() }, nil, 200, ""},
		{"ResponseController", func(w http.ResponseWriter, r *http.Request) { http.NewResponseController(w).Flush() }, nil, 200, ""},
		{"Error", func(w http.ResponseWriter, r *http.Request) { http.Error(w, "body", http.StatusForbidden) }, nil, 403, "body\n"},
		{"Redirect", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/x", http.StatusSeeOther) }, nil, 303, "<a href=\"/x\">See Other</a>.\n\n"},
		{"HEAD", serveContent, http.Header{"Method": {"HEAD"}}, 200, ""},
		{"ServeContent", serveContent, nil, 200, "0123456789"},
		{"Range", serveContent, http.Header{"Range": {"bytes=2-4"}}, 206, "234"},
		{"bad Range", serveContent, http.Header{"Range": {"bytes=20-"}}, 416, "invalid range: failed to overlap\n"},
		{"not modified", serveContent, http.Header{"If-Modified-Since": {time.Unix(1e9, 0).UTC().Format(http.TimeFormat)}}, 304, ""},
	} {
		for _, http2 := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/http2=%v", c.name, http2), func(t *testing.T) {
				var log eventLog
				m := newManager(t, runtime.Config{OnEvent: log.record})
				b := browse(t, m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					s := from(r)
					fieldUser.Set(s.Session, "hubo")
					c.begin(w, r)
					log.expect(t, runtime.Event{Kind: runtime.EventCreated})
					fieldUser.Set(s.Session, "hubo") // no change, and so not late
					if s.Err() != nil {
						t.Error(s.Err())
					}
					fieldVisits.Set(s.Session, 1)
					log.expect(t, runtime.Event{Kind: runtime.EventTooLate, Field: "Visits"})
					if !errors.Is(s.Err(), runtime.ErrTooLate) {
						t.Errorf("got Err %v, want ErrTooLate", s.Err())
					}
				})), func(s *httptest.Server) { s.EnableHTTP2 = http2 })
				b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
				r, _ := http.NewRequest("GET", b.server.URL, nil)
				for name, values := range c.header {
					if r.Header[name] = values; name == "Method" {
						r.Method = values[0]
						delete(r.Header, name)
					}
				}
				resp, body := b.do(r)
				if resp.StatusCode != c.status || body != c.body || resp.ProtoMajor == 2 != http2 {
					t.Errorf("got %s %s, %q, want %d, %q", resp.Proto, resp.Status, body, c.status, c.body)
				}
				s := m.Open(t.Context(), b.cookies())
				if fieldUser.Get(s.Session) != "hubo" || fieldVisits.Has(s.Session) || len(resp.Header["Set-Cookie"]) != 1 {
					t.Errorf("the browser got cookies %q with session %v", resp.Header["Set-Cookie"], s)
				}
			})
		}
	}
}

func TestCommitAtTheEnd(t *testing.T) {
	m := newManager(t, runtime.Config{})
	b := newBrowser(t, m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fieldUser.Set(from(r).Session, "hubo")
	})))
	if resp, body := b.get("/"); resp.StatusCode != 200 || body != "" || len(b.cookies()) != 1 {
		t.Errorf("got %s, %q, cookies %q", resp.Status, body, b.cookies())
	}
}

// Other methods that change a session late are reported too, by their names.
func TestTooLate(t *testing.T) {
	for name, change := range map[string]func(*visitor){
		"User":      func(s *visitor) { fieldUser.Clear(s.Session) },
		"Roles":     func(s *visitor) { runtime.Append(s.Session, &fieldRoles, "a") },
		"Clear":     func(s *visitor) { s.Clear() },
		"Permanent": func(s *visitor) { s.SetPermanent(true) },
		"Renew":     func(s *visitor) { s.Renew() },
		"Destroy":   func(s *visitor) { s.Destroy() },
	} {
		var log eventLog
		m := newManager(t, runtime.Config{OnEvent: log.record})
		cookie := sealed(t, m, func(s *visitor) { fieldUser.Set(s.Session, "hubo") })
		log.take()
		w := serve(m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(200) // which leaves the session untouched: it is opened late
			change(from(r))
		})), cookie)
		log.expect(t, runtime.Event{Kind: runtime.EventTooLate, Field: name})
		if len(setCookies(w)) != 0 {
			t.Errorf("%s: a late change sends %q", name, setCookies(w))
		}
	}
}

// An informational response does not begin the response.
func TestEarlyHints(t *testing.T) {
	m := newManager(t, runtime.Config{})
	b := newBrowser(t, m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "</x.css>; rel=preload")
		fieldUser.Set(from(r).Session, "early")
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusProcessing)
		fieldUser.Set(from(r).Session, "hubo")
		io.WriteString(w, "body")
	})))
	var hints []int
	r, _ := http.NewRequest("GET", b.server.URL, nil)
	r = r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{
		Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
			if len(h["Set-Cookie"]) > 0 {
				t.Errorf("the response %d has a cookie", code)
			}
			hints = append(hints, code)
			return nil
		}}))
	resp, body := b.do(r)
	if s := m.Open(t.Context(), b.cookies()); resp.StatusCode != 200 || body != "body" || fieldUser.Get(s.Session) != "hubo" || len(hints) != 2 {
		t.Errorf("got hints %v, %s, %q, session %v", hints, resp.Status, body, s)
	}
}

// An upgrade, as websocket packages do it: with a status and then the connection, or
// with the connection alone.
func TestUpgrade(t *testing.T) {
	for _, writesHeader := range []bool{true, false} {
		var log eventLog
		m := newManager(t, runtime.Config{OnEvent: log.record})
		server := httptest.NewServer(m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s := from(r)
			fieldUser.Set(s.Session, "hubo")
			w.Header().Set("Upgrade", "echo")
			w.Header().Set("Connection", "Upgrade")
			if writesHeader {
				w.WriteHeader(http.StatusSwitchingProtocols)
			}
			conn, rw, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			if !writesHeader {
				io.WriteString(rw, "HTTP/1.1 101 Switching Protocols\r\n")
				w.Header().Write(rw)
				io.WriteString(rw, "\r\n")
			}
			rw.Flush()
			fieldVisits.Set(s.Session, 1)
			line, _ := rw.ReadString('\n')
			io.WriteString(rw, line)
			rw.Flush()
		})))
		resp := upgradeToEcho(t, server)
		if lines := resp.Header["Set-Cookie"]; len(lines) != 1 || fieldUser.Get(m.Open(t.Context(), []string{pair(t, lines[0])}).Session) != "hubo" {
			t.Errorf("got cookies %q", lines)
		}
		server.Close()
		log.expect(t, runtime.Event{Kind: runtime.EventCreated}, runtime.Event{Kind: runtime.EventTooLate, Field: "Visits"})
	}
}

// A goroutine may keep the session: it still reads the values, and its changes are
// reported, not lost silently.
func TestSessionOutlivesHandler(t *testing.T) {
	late := make(chan runtime.Event, 10)
	m := newManager(t, runtime.Config{OnEvent: func(_ context.Context, e runtime.Event) {
		if e.Kind == runtime.EventTooLate {
			late <- e
		}
	}})
	done := make(chan error, 1)
	returned := make(chan struct{})
	h := m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := from(r)
		if r.URL.Path == "/touched" {
			fieldVisits.Set(s.Session, 1)
		}
		go func() {
			<-returned
			if got := fieldUser.Get(s.Session); got != "hubo" {
				t.Errorf("the goroutine gets %q, want hubo", got)
			}
			fieldUser.Set(s.Session, "late")
			done <- s.Err()
		}()
	}))
	b := newBrowser(t, h)
	cookie := sealed(t, m, func(s *visitor) { fieldUser.Set(s.Session, "hubo") })
	for _, path := range []string{"/touched", "/untouched"} {
		r, _ := http.NewRequest("GET", b.server.URL+path, nil)
		r.Header.Set("Cookie", cookie)
		resp, _ := b.do(r)
		if got := len(resp.Header["Set-Cookie"]); got > 1 || got == 1 != (path == "/touched") {
			t.Errorf("%s: got %d cookies", path, got)
		}
		returned <- struct{}{}
		if err := <-done; !errors.Is(err, runtime.ErrTooLate) {
			t.Errorf("%s: got Err %v, want ErrTooLate", path, err)
		}
		if e := <-late; e.Field != "User" {
			t.Errorf("%s: got event %v", path, e)
		}
	}
}

// writtenRecorder tells whether it was written to, as the response writer of gin does.
type writtenRecorder struct {
	*httptest.ResponseRecorder
	written bool
}

func (w *writtenRecorder) Written() bool { return w.written }
func (w *writtenRecorder) WriteHeader(status int) {
	w.written = true
	w.ResponseRecorder.WriteHeader(status)
}

// A handler that bypasses the writer of Handler loses its cookies, and the program is told.
func TestWrittenPast(t *testing.T) {
	var log eventLog
	m := newManager(t, runtime.Config{OnEvent: log.record})
	for _, past := range []bool{false, true} {
		for _, changes := range []bool{false, true} {
			below := &writtenRecorder{ResponseRecorder: httptest.NewRecorder()}
			var s *visitor
			m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if s = from(r); changes {
					fieldUser.Set(s.Session, "hubo")
				}
				if past {
					w = below
				}
				w.WriteHeader(204)
			})).ServeHTTP(below, httptest.NewRequest("GET", "/", nil))
			events := log.take()
			late := len(events) > 0 && events[len(events)-1].Kind == runtime.EventTooLate
			if want := past && changes; late != want || errors.Is(s.Err(), runtime.ErrTooLate) != want {
				t.Errorf("past %v, changes %v: got events %v, Err %v", past, changes, events, s.Err())
			}
		}
	}
}
