package runtime_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
)

// A failed save is one error response, with none of the handler's body, however the
// handler begins or ends.
func TestFailedSave(t *testing.T) {
	for name, begin := range map[string]func(w http.ResponseWriter, r *http.Request){
		"nothing": func(w http.ResponseWriter, r *http.Request) {},
		"Write": func(w http.ResponseWriter, r *http.Request) {
			for range 3 {
				if n, err := w.Write([]byte("secret body")); n != 0 || !errors.Is(err, runtime.ErrMax) {
					t.Errorf("Write returns %d, %v", n, err)
				}
			}
		},
		"WriteHeader": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(103)
			w.WriteHeader(201)
			w.WriteHeader(204)
			io.WriteString(w, "secret body")
		},
		"ReadFrom": func(w http.ResponseWriter, r *http.Request) {
			if n, err := io.Copy(w, io.LimitReader(strings.NewReader("secret body"), 20)); n != 0 || !errors.Is(err, runtime.ErrMax) {
				t.Errorf("Copy returns %d, %v", n, err)
			}
		},
		"ServeContent": func(w http.ResponseWriter, r *http.Request) {
			http.ServeFile(w, r, "doc.go")
		},
		"Flush": func(w http.ResponseWriter, r *http.Request) {
			w.(http.Flusher).Flush()
			if err := http.NewResponseController(w).Flush(); !errors.Is(err, runtime.ErrMax) {
				t.Errorf("Flush returns %v", err)
			}
			io.WriteString(w, "secret body")
		},
		"Hijack": func(w http.ResponseWriter, r *http.Request) {
			if conn, _, err := w.(http.Hijacker).Hijack(); conn != nil || !errors.Is(err, runtime.ErrMax) {
				t.Errorf("Hijack returns %v, %v", conn, err)
			}
		},
		"Redirect": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) },
	} {
		t.Run(name, func(t *testing.T) {
			log := captureLog(t)
			m, err := runtime.NewManager(runtime.Config{Keys: parseKeys(t, keyA)}, wrap, fields...) // events go to the log
			if err != nil {
				t.Fatal(err)
			}
			b := newBrowser(t, m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Encoding", "gzip")
				w.Header().Set("Content-Length", "1000")
				w.Header().Set("Expires", "Thu, 01 Dec 2094 16:00:00 GMT")
				w.Header().Set("X-Request-Id", "7")
				w.Header().Add("Set-Cookie", "lang=de")
				fieldUser.Set(from(r).Session, "s3cret longer than ten bytes")
				begin(w, r)
			})))
			resp, body := b.get("/")
			if resp.StatusCode != 500 || body != "Internal Server Error\n" {
				t.Errorf("got %s, %q, want 500", resp.Status, body)
			}
			for _, name := range []string{"Content-Encoding", "Etag", "Expires", "Last-Modified", "Location", "Accept-Ranges", "Cache-Control"} {
				if value := resp.Header.Get(name); value != "" {
					t.Errorf("%s is still set: %s", name, value)
				}
			}
			if resp.Header.Get("X-Request-Id") != "7" || fmt.Sprint(resp.Header["Set-Cookie"]) != "[lang=de]" {
				t.Errorf("got header %v, want the request id and the language", resp.Header)
			}
			if strings.Contains(log.String(), "s3cret") || strings.Count(log.String(), "\n") != 1 ||
				!strings.Contains(log.String(), `"level":"ERROR","msg":"session: save failed","cookie":"__Host-session","field":"User","reason":"value above the field's max","method":"GET","path":"/"}`) {
				t.Errorf("got log %s", log)
			}
		})
	}
}

// The writer below hears of the error's response alone.
func TestNothingAfterFailedSave(t *testing.T) {
	m := newManager(t, runtime.Config{ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(500) }})
	w := plain{&calls{header: http.Header{}}}
	m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fieldUser.Set(from(r).Session, "longer than ten bytes")
		for _, status := range []int{103, 201, 103, 204} {
			w.WriteHeader(status)
			if status != 103 {
				io.WriteString(w, "body")
			}
		}
	})).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if got := strings.Join(w.names, " "); got != "WriteHeader WriteHeader" { // 103 and 500
		t.Errorf("got calls %s, want the two status lines alone", got)
	}
}

func TestErrorHandler(t *testing.T) {
	var calls int
	m := newManager(t, runtime.Config{ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
		calls++
		if !errors.Is(err, runtime.ErrMax) || from(r).Err() != err || r.URL.Path != "/x" {
			t.Errorf("ErrorHandler is called with %v for %s", err, r.URL)
		}
		w.Header().Set("X-Error", "session")
		w.WriteHeader(507)
		io.WriteString(w, "full")
	}})
	b := newBrowser(t, m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fieldUser.Set(from(r).Session, "longer than ten bytes")
		io.WriteString(w, "body")
		w.WriteHeader(200)
		w.(http.Flusher).Flush()
	})))
	resp, body := b.get("/x")
	if resp.StatusCode != 507 || body != "full" || resp.Header.Get("X-Error") != "session" || calls != 1 {
		t.Errorf("got %s, %q after %d calls of ErrorHandler, want 507, full, one call", resp.Status, body, calls)
	}
}

// The log has what a person should see, and no more, if nobody asks for events.
func TestDefaultLog(t *testing.T) {
	log := captureLog(t)
	m, err := runtime.NewManager(runtime.Config{Keys: parseKeys(t, keyB)}, wrap, fields...)
	if err != nil {
		t.Fatal(err)
	}
	s := m.Open(t.Context(), []string{"__Host-session=garbage"}) // refused
	fieldUser.Set(s.Session, "hubo")
	s = reopen(t, m, s) // created
	s.Renew()
	s.Destroy()
	seal(t, m, s)
	if log.Len() > 0 {
		t.Errorf("got log %s, want none", log)
	}
	if err := m.SetKeys(parseKeys(t, keyA)); err != nil {
		t.Fatal(err)
	}
	s = m.Open(t.Context(), []string{craft(t, payload([]byte("\x95\xc4\x100123456789abcdef\xce\xff\x00\x00\x00\x00\x00\x00"), "user", 1))})
	if s.IsNew() {
		t.Fatal("the crafted token does not open")
	}
	fieldUser.Get(s.Session)
	if want := `"level":"WARN","msg":"session: field dropped","cookie":"__Host-session","field":"User","reason":"user: integer where string is expected"}`; !strings.Contains(log.String(), want) {
		t.Errorf("got log %s, want %s", log, want)
	}
	log.Reset()
	fieldBlob.Set(s.Session, make([]byte, 5000))
	m.Seal(s)
	for _, want := range []string{
		`"level":"ERROR","msg":"session: too large","cookie":"__Host-session","field":"Blob","reason":"6790 bytes","largest":"Blob (5008 bytes)"`,
		`"level":"ERROR","msg":"session: save failed","cookie":"__Host-session","field":"Blob","reason":"too large for a cookie","largest":"Blob (5008 bytes)"`,
	} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("got log %s, want %s", log, want)
		}
	}
	log.Reset()
	serve(m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(200)
		fieldToken.Set(from(r).Session, "s3cret")
	})))
	if want := `"level":"ERROR","msg":"session: too late","cookie":"__Host-session","field":"Token","method":"GET","path":"/"}`; !strings.Contains(log.String(), want) {
		t.Errorf("got log %s, want %s", log, want)
	}
}

// A proxy aborts when it cannot write. If the session cannot be saved, the client must
// still get the error's response and not a cut connection.
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
			t.Errorf("http2=%v: the request failed: %v", http2, err)
			continue
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != 500 || string(body) != "Internal Server Error\n" || err != nil {
			t.Errorf("http2=%v: got %s, %q, %v, want 500", http2, resp.Status, body, err)
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
			t.Errorf("http2=%v: got %s, %q, trailers %v, want 500 without trailers", http2, resp.Status, body, resp.Trailer)
		}
		for _, name := range described {
			if value := resp.Header.Get(name); value != "" {
				t.Errorf("http2=%v: %s is still set: %s", http2, name, value)
			}
		}
	}
}

// A session that is too large makes the response one 500 with nothing of the handler's.
func TestTooLargeResponse(t *testing.T) {
	for _, size := range []int{4096, 4097} {
		var log eventLog
		m, s := sized(t, size, runtime.Config{OnEvent: log.record})
		blob := fieldBlob.Get(s.Session)
		b := newBrowser(t, m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s := from(r)
			fieldToken.Set(s.Session, "a token")
			fieldUser.Set(s.Session, "hubo")
			fieldBlob.Set(s.Session, blob)
			w.Header().Set("Content-Type", "image/png")
			w.Header().Set("Content-Length", "100000")
			w.Header().Set("Cache-Control", "public, max-age=60")
			w.WriteHeader(201)
			for range 1000 {
				if _, err := io.WriteString(w, strings.Repeat("body", 25)); size > 4096 && !errors.Is(err, runtime.ErrTooLarge) {
					t.Errorf("Write returns %v, want ErrTooLarge", err)
				}
			}
		})))
		resp, body := b.get("/")
		if size == 4096 {
			if resp.StatusCode != 201 || len(body) != 100_000 || len(b.cookies()) != 1 {
				t.Errorf("%d bytes: got %s, a body of %d, cookies %q", size, resp.Status, len(body), b.cookies())
			}
			continue
		}
		if resp.StatusCode != 500 || body != "Internal Server Error\n" || len(resp.Header["Set-Cookie"]) > 0 ||
			resp.Header.Get("Content-Type") != "text/plain; charset=utf-8" || resp.Header.Get("Cache-Control") != "" {
			t.Errorf("%d bytes: got %s, %q, header %v", size, resp.Status, body, resp.Header)
		}
		if got := log.take(); len(got) != 2 {
			t.Errorf("got events %v, want two", got)
		}
	}
}
