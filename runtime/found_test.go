package runtime_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
)

// net/http removes the files of a multipart form once the handler has returned, if it
// finds them: it looks at the request that it made itself, not at a copy.
func TestUploadedFilesAreRemoved(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		for _, u := range append(uses, struct {
			name string
			use  func(*http.Request)
		}{name: "bare"}) {
			dir := t.TempDir()
			t.Setenv("TMPDIR", dir)
			h := http.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if u.use != nil {
					u.use(r)
				}
				if err := r.ParseMultipartForm(0); err != nil {
					t.Error(err)
				}
				if files, _ := os.ReadDir(dir); len(files) == 0 {
					t.Error("the upload is in no file")
				}
			}))
			if u.use != nil {
				h = newManager(t, runtime.Config{}).Handler(h)
			}
			b := browse(t, h, func(s *httptest.Server) { s.EnableHTTP2 = http2 })
			var form bytes.Buffer
			m := multipart.NewWriter(&form)
			part, _ := m.CreateFormFile("upload", "x.bin")
			part.Write(make([]byte, 20<<20))
			m.Close()
			r, _ := http.NewRequest("POST", b.server.URL, &form)
			r.Header.Set("Content-Type", m.FormDataContentType())
			b.do(r)
			b.server.Close()
			if files, _ := os.ReadDir(dir); len(files) > 0 {
				t.Errorf("http2=%v, %s: %d files stay in the temporary directory", http2, u.name, len(files))
			}
		}
	}
}

// A proxy aborts when it cannot write: of a session that cannot be saved, it must not
// make a cut connection in place of the error's response.
func TestFailedSaveBehindProxy(t *testing.T) {
	proxy := upstream(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "body") })
	for _, http2 := range []bool{false, true} {
		m := newManager(t, runtime.Config{})
		b := browse(t, m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fieldUser.Set(from(r).Session, "longer than ten bytes")
			proxy.ServeHTTP(w, r)
		})), func(s *httptest.Server) { s.EnableHTTP2 = http2 })
		resp, err := b.client.Get(b.server.URL)
		if err != nil {
			t.Errorf("http2=%v: %v", http2, err)
			continue
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != 500 || string(body) != "Internal Server Error\n" || err != nil {
			t.Errorf("http2=%v: %s, %q, %v", http2, resp.Status, body, err)
		}
	}
}

// Older programs, and gin's Context.Stream to this day, take it for granted that a
// response writer is an http.CloseNotifier, as those of net/http are.
func TestCloseNotifierAndPusher(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		m := newManager(t, runtime.Config{})
		var notifier, pusher bool
		note := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			//lint:ignore SA1019 as long as programs ask for it
			_, notifier = w.(http.CloseNotifier)
			_, pusher = w.(http.Pusher)
		})
		http2On := func(s *httptest.Server) { s.EnableHTTP2 = http2 }
		browse(t, note, http2On).get("/")
		bareNotifier, barePusher := notifier, pusher
		browse(t, m.Handler(note), http2On).get("/")
		if notifier != bareNotifier || pusher != barePusher {
			t.Errorf("http2=%v: CloseNotifier %v, bare %v; Pusher %v, bare %v", http2, notifier, bareNotifier, pusher, barePusher)
		}
	}
}

// As in TestUnsupportedFlush, with another manager in between.
func TestUnsupportedFlushOfNestedManagers(t *testing.T) {
	var log eventLog
	outer := newManager(t, runtime.Config{Name: "__Host-outer"})
	inner := newManager(t, runtime.Config{OnEvent: log.record})
	w := plain{&calls{header: http.Header{}}}
	outer.Handler(inner.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := http.NewResponseController(w).Flush(); !errors.Is(err, http.ErrNotSupported) {
			t.Error(err)
		}
		fieldUser.Set(from(r).Session, "hubo")
	}))).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	log.expect(t, runtime.Event{Kind: runtime.EventCreated})
	if len(w.header["Set-Cookie"]) != 1 {
		t.Errorf("the header is %v", w.header)
	}
}

// A flush or hijack that fails has not begun the response either.
func TestFailedFlushAndHijack(t *testing.T) {
	for name, try := range map[string]func(w http.ResponseWriter) error{
		"Flush":  func(w http.ResponseWriter) error { return http.NewResponseController(w).Flush() },
		"Hijack": func(w http.ResponseWriter) error { _, _, err := http.NewResponseController(w).Hijack(); return err },
	} {
		var log eventLog
		m := newManager(t, runtime.Config{OnEvent: log.record})
		w := refusing{plain{&calls{header: http.Header{}}}}
		m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := try(w); !errors.Is(err, http.ErrNotSupported) {
				t.Error(err)
			}
			fieldUser.Set(from(r).Session, "hubo")
		})).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		log.expect(t, runtime.Event{Kind: runtime.EventCreated})
		if len(w.header["Set-Cookie"]) != 1 {
			t.Errorf("%s: the header is %v", name, w.header)
		}
	}
}

// One manager's handler within itself, as by a router and again by a group of its
// routes: one session, and both changes are saved.
func TestHandlerWithinItself(t *testing.T) {
	m := newManager(t, runtime.Config{})
	inner := m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fieldVisits.Set(from(r).Session, 1) }))
	w := serve(m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fieldUser.Set(from(r).Session, "hubo")
		inner.ServeHTTP(w, r)
	})))
	lines := setCookies(w)
	if len(lines) != 1 {
		t.Fatalf("%q", lines)
	}
	if s := m.Open([]string{pair(t, lines[0])}); fieldUser.Get(s.Session) != "hubo" || fieldVisits.Get(s.Session) != 1 {
		t.Errorf("saved %v", s)
	}
}

// A header whose values a program shares between its responses, as middlewares do that
// save allocations, keeps its spare room to itself.
func TestSharedHeaderValues(t *testing.T) {
	for _, name := range []string{"Set-Cookie", "Vary"} {
		shared := append(make([]string, 0, 4), "Origin")
		m := newManager(t, runtime.Config{})
		h := m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header()[name] = shared
			fieldUser.Set(from(r).Session, "hubo")
		}))
		serve(h)
		if spare := shared[:2][1]; spare != "" {
			t.Errorf("%s: the spare room holds %.20q", name, spare)
		}
	}
}

// The error's response is not the one that the handler described.
func TestFailedSaveLeavesNoDescription(t *testing.T) {
	described := []string{"Content-Language", "Content-Location", "Content-Digest", "Repr-Digest", "Digest", "Content-Md5",
		"Refresh", "Cdn-Cache-Control", "Surrogate-Control", "Age", "X-Sendfile", "X-Accel-Redirect", http.TrailerPrefix + "X-Sum"}
	for _, http2 := range []bool{false, true} {
		m := newManager(t, runtime.Config{})
		b := browse(t, m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for _, name := range described {
				w.Header().Set(name, "7")
			}
			fieldUser.Set(from(r).Session, "longer than ten bytes")
			io.WriteString(w, "body")
		})), func(s *httptest.Server) { s.EnableHTTP2 = http2 })
		resp, body := b.get("/")
		if resp.StatusCode != 500 || body != "Internal Server Error\n" || len(resp.Trailer) > 0 {
			t.Errorf("http2=%v: %s, %q, trailers %v", http2, resp.Status, body, resp.Trailer)
		}
		for _, name := range described {
			if value := resp.Header.Get(name); value != "" {
				t.Errorf("http2=%v: %s: %s", http2, name, value)
			}
		}
	}
}

// A source that is read lazily may still change the session: the response begins with
// the first byte, which over HTTP/2 is what happens.
func TestLazySource(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		m := newManager(t, runtime.Config{})
		b := browse(t, m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.Copy(w, &lazy{r: r, text: strings.NewReader("body")})
		})), func(s *httptest.Server) { s.EnableHTTP2 = http2 })
		if _, body := b.get("/"); body != "body" || len(b.cookies()) != 1 {
			t.Errorf("http2=%v: %q, %q", http2, body, b.cookies())
		}
	}
}

// An error that comes with bytes is not lost.
func TestSourceFailsWithBytes(t *testing.T) {
	m := newManager(t, runtime.Config{})
	for _, u := range uses {
		b := browse(t, m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			u.use(r)
			if n, err := io.Copy(w, &failing{text: "partial"}); n != 7 || err != errBroken {
				t.Errorf("%s: %d, %v", u.name, n, err)
			}
		})), func(*httptest.Server) {})
		if _, body := b.get("/"); body != "partial" {
			t.Errorf("%s: %q", u.name, body)
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

type lazy struct {
	r    *http.Request
	text io.Reader
}

func (l *lazy) Read(b []byte) (int, error) {
	fieldUser.Set(from(l.r).Session, "hubo")
	return l.text.Read(b)
}

// refusing has the methods, as the writers of many middlewares do, but not the ability.
type refusing struct{ plain }

func (refusing) FlushError() error { return http.ErrNotSupported }
func (refusing) Hijack() (c net.Conn, rw *bufio.ReadWriter, err error) {
	return nil, nil, http.ErrNotSupported
}
