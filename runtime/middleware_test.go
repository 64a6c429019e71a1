package runtime_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// The session's middleware among others, outside and inside of them.
func TestChains(t *testing.T) {
	type admin struct{ runtime.Session }
	admins, err := runtime.NewManager(runtime.Config{Keys: parseKeys(t, keyB), Name: "__Host-admin"},
		func(s runtime.Session) admin { return admin{s} }, fields...)
	if err != nil {
		t.Fatal(err)
	}
	others := newManager(t, runtime.Config{Name: "__Host-other", Keys: parseKeys(t, keyB)})

	middlewares := map[string]middleware{
		"StripPrefix":  func(h http.Handler) http.Handler { return http.StripPrefix("/app", h) },
		"MaxBytes":     func(h http.Handler) http.Handler { return http.MaxBytesHandler(h, 100) },
		"CrossOrigin":  http.NewCrossOriginProtection().Handler,
		"Timeout":      func(h http.Handler) http.Handler { return http.TimeoutHandler(h, time.Minute, "slow") },
		"gzip":         zipped,
		"another type": admins.Handler,
		"with Unwrap": func(h http.Handler) http.Handler {
			return wrapping(h, func(w *counter) http.ResponseWriter { return unwrapping{w} })
		},
		"with Flush": func(h http.Handler) http.Handler {
			return wrapping(h, func(w *counter) http.ResponseWriter { return flushing{w} })
		},
		"opaque": func(h http.Handler) http.Handler {
			return wrapping(h, func(w *counter) http.ResponseWriter { return w })
		},
		"ServeMux": func(h http.Handler) http.Handler {
			mux := http.NewServeMux()
			mux.Handle("/app/{rest...}", h)
			return mux
		},
	}
	// The handler gets the session of the inner of two managers of one type, so this one
	// must be outside.
	outsideOnly := map[string]middleware{"same type": others.Handler}

	handlers := map[string]transaction{
		"plain": {handler: func(w http.ResponseWriter, r *http.Request) any {
			io.WriteString(w, "body of "+r.URL.Path)
			return fmt.Sprint(r.URL, r.Pattern, r.PathValue("rest"))
		}},
		"pieces": {handler: func(w http.ResponseWriter, r *http.Request) any {
			var errs []error
			for range 3 {
				io.WriteString(w, "piece ")
				errs = append(errs, http.NewResponseController(w).Flush())
			}
			return fmt.Sprint(errs)
		}},
		"content": {
			request: func(r *http.Request) { r.Header.Set("Range", "bytes=100-199") },
			handler: func(w http.ResponseWriter, r *http.Request) any {
				http.ServeContent(w, r, "x.txt", time.Unix(1e9, 0), strings.NewReader(strings.Repeat("0123456789", 1000)))
				return nil
			}},
		"error": {handler: func(w http.ResponseWriter, r *http.Request) any { http.Error(w, "gone", http.StatusGone); return nil }},
		"upload": {
			request: post(strings.Repeat("x", 50)),
			handler: func(w http.ResponseWriter, r *http.Request) any {
				body, err := io.ReadAll(r.Body)
				w.Write(body)
				return err
			}},
	}
	var all []transaction
	add := func(name string, chain func(middleware, http.Handler) http.Handler) {
		for handlerName, tx := range handlers {
			request := tx.request
			tx.request = func(r *http.Request) {
				r.URL.Path = "/app/x"
				if request != nil {
					request(r)
				}
			}
			tx.name, tx.chain = name+"/"+handlerName, chain
			all = append(all, tx)
		}
	}
	for name, m := range middlewares {
		add("inside "+name, func(session middleware, h http.Handler) http.Handler { return m(session(h)) })
		add("outside "+name, func(session middleware, h http.Handler) http.Handler { return session(m(h)) })
	}
	for name, m := range outsideOnly {
		add("inside "+name, func(session middleware, h http.Handler) http.Handler { return m(session(h)) })
	}
	// A request that the protection refuses does not reach the handler.
	all = append(all, transaction{
		name:  "refused by CrossOrigin",
		chain: func(session middleware, h http.Handler) http.Handler { return session(middlewares["CrossOrigin"](h)) },
		request: func(r *http.Request) {
			post("x")(r)
			r.Header.Set("Sec-Fetch-Site", "cross-site")
		},
		handler: func(w http.ResponseWriter, r *http.Request) any { return "reached" },
	})
	unharmed(t, all...)
}

// An outer middleware sees the same of the request as with any middleware that replaces
// the context: net/http's Request.WithContext makes a copy, and what a ServeMux notes is
// noted in the copy.
func TestOuterMiddlewareSees(t *testing.T) {
	type key struct{}
	m := newManager(t, runtime.Config{})
	copying := func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(w, r.WithContext(r.Context())) })
	}
	see := func(session middleware, use func(*http.Request)) (seen string) {
		mux := http.NewServeMux()
		mux.Handle("POST /item/{id}", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			use(r)
			if r.Context().Value(key{}) != "outside" || r.PathValue("id") != "7" || r.Pattern != "POST /item/{id}" || r.FormValue("q") != "a" {
				t.Errorf("the handler sees %v, pattern %q, form %q", r.Context().Value(key{}), r.Pattern, r.FormValue("q"))
			}
			r.Header.Set("X-Seen", "yes")
		}))
		next := session(mux)
		outside := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.SetPathValue("outer", "1")
			next.ServeHTTP(w, r)
			rest, _ := io.ReadAll(r.Body)
			seen = fmt.Sprint(r.PathValue("outer"), r.URL, r.Header["X-Seen"], string(rest))
		})
		values := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			outside.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), key{}, "outside")))
		})
		b := newBrowser(t, values)
		r, _ := http.NewRequest("POST", b.server.URL+"/item/7", nil)
		post("q=a")(r)
		if resp, body := b.do(r); resp.StatusCode != 200 || body != "" {
			t.Errorf("got %s, %q, want 200 and no body", resp.Status, body)
		}
		return seen
	}
	want := see(copying, func(*http.Request) {})
	for _, u := range uses {
		if got := see(m.Handler, u.use); got != want {
			t.Errorf("%s: outside, the middleware sees %s, want %s as with a bare copy", u.name, got, want)
		}
	}
}

// net/http removes the files of a multipart form once the handler has returned, if it
// finds them: it looks at the request that it made itself, not at a copy.
func TestUploadedFilesAreRemoved(t *testing.T) {
	if testing.Short() {
		t.Skip("this test uploads much")
	}
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
					t.Error("the upload is not in a file")
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
				t.Errorf("http2=%v, %s: %d files are left in the temporary directory", http2, u.name, len(files))
			}
		}
	}
}
