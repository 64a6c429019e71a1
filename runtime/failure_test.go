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
				t.Errorf("%s, %q", resp.Status, body)
			}
			for _, name := range []string{"Content-Encoding", "Etag", "Expires", "Last-Modified", "Location", "Accept-Ranges", "Cache-Control"} {
				if value := resp.Header.Get(name); value != "" {
					t.Errorf("%s: %s", name, value)
				}
			}
			if resp.Header.Get("X-Request-Id") != "7" || fmt.Sprint(resp.Header["Set-Cookie"]) != "[lang=de]" {
				t.Errorf("%v", resp.Header)
			}
			if strings.Contains(log.String(), "s3cret") || strings.Count(log.String(), "\n") != 1 ||
				!strings.Contains(log.String(), `"level":"ERROR","msg":"session: save failed","cookie":"__Host-session","field":"User","reason":"value above the field's max","method":"GET","path":"/"}`) {
				t.Errorf("logged %s", log)
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
		t.Errorf("calls %s", got)
	}
}

func TestErrorHandler(t *testing.T) {
	var calls int
	m := newManager(t, runtime.Config{ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
		calls++
		if !errors.Is(err, runtime.ErrMax) || from(r).Err() != err || r.URL.Path != "/x" {
			t.Errorf("called with %v for %s", err, r.URL)
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
		t.Errorf("%s, %q after %d calls", resp.Status, body, calls)
	}
}

// The log has what a person should see, and no more, if nobody asks for events.
func TestDefaultLog(t *testing.T) {
	log := captureLog(t)
	m, err := runtime.NewManager(runtime.Config{Keys: parseKeys(t, keyB)}, wrap, fields...)
	if err != nil {
		t.Fatal(err)
	}
	s := m.Open([]string{"__Host-session=garbage"}) // refused
	fieldUser.Set(s.Session, "hubo")
	s = reopen(t, m, s) // created
	s.Renew()
	s.Destroy()
	seal(t, m, s)
	if log.Len() > 0 {
		t.Errorf("logged %s", log)
	}
	if err := m.SetKeys(parseKeys(t, keyA)); err != nil {
		t.Fatal(err)
	}
	s = m.Open([]string{craft(t, payload([]byte("\x95\xc4\x100123456789abcdef\xce\xff\x00\x00\x00\x00\x00\x00"), "user", 1))})
	if s.IsNew() {
		t.Fatal("the crafted token is refused")
	}
	fieldUser.Get(s.Session)
	if want := `"level":"WARN","msg":"session: field dropped","cookie":"__Host-session","field":"User","reason":"the value is not of the field's type"}`; !strings.Contains(log.String(), want) {
		t.Errorf("logged %s", log)
	}
	log.Reset()
	fieldBlob.Set(s.Session, make([]byte, 5000))
	m.Seal(s)
	for _, want := range []string{
		`"level":"ERROR","msg":"session: too large","cookie":"__Host-session","field":"Blob","reason":"6790 bytes","largest":"Blob (5008 bytes)"`,
		`"level":"ERROR","msg":"session: save failed","cookie":"__Host-session","field":"Blob","reason":"too large for a cookie","largest":"Blob (5008 bytes)"`,
	} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("logged %s, not %s", log, want)
		}
	}
	log.Reset()
	serve(m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(200)
		fieldToken.Set(from(r).Session, "s3cret")
	})))
	if want := `"level":"ERROR","msg":"session: too late","cookie":"__Host-session","field":"Token","method":"GET","path":"/"}`; !strings.Contains(log.String(), want) {
		t.Errorf("logged %s", log)
	}
}
