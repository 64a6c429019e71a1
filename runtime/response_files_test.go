package runtime_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// ServeContent decides the same from the request behind the middleware.
func TestServeContent(t *testing.T) {
	modified := time.Unix(1e9, 0)
	const etag = `"v1"`
	content := strings.Repeat("0123456789", 100)
	var all []transaction
	for _, header := range []string{
		"", "Range: bytes=2-4", "Range: bytes=-3", "Range: bytes=990-2000", "Range: bytes=0-1,5-6,990-", "Range: bytes=2000-", "Range: x",
		"Range: bytes=2-4|If-Range: " + etag, "Range: bytes=2-4|If-Range: \"v0\"",
		"Range: bytes=2-4|If-Range: " + modified.UTC().Format(http.TimeFormat),
		"If-None-Match: " + etag, "If-None-Match: \"v0\"", "If-None-Match: *",
		"If-Match: " + etag, "If-Match: \"v0\"",
		"If-Modified-Since: " + modified.UTC().Format(http.TimeFormat),
		"If-Modified-Since: " + modified.Add(-time.Hour).UTC().Format(http.TimeFormat),
		"If-Unmodified-Since: " + modified.Add(-time.Hour).UTC().Format(http.TimeFormat),
	} {
		for _, method := range []string{"GET", "HEAD"} {
			all = append(all, transaction{
				name: method + " " + header,
				request: func(r *http.Request) {
					r.Method = method
					for line := range strings.SplitSeq(header, "|") {
						if name, value, ok := strings.Cut(line, ": "); ok {
							r.Header.Set(name, value)
						}
					}
				},
				handler: func(w http.ResponseWriter, r *http.Request) any {
					w.Header().Set("Etag", etag)
					http.ServeContent(w, r, "x.txt", modified, strings.NewReader(content))
					return nil
				},
			})
		}
	}
	unharmed(t, all...)
}

func TestFileServer(t *testing.T) {
	files := fstest.MapFS{
		"index.html":     {Data: []byte("<h1>index</h1>"), ModTime: time.Unix(1e9, 0)},
		"dir/a.css":      {Data: []byte("a{}"), ModTime: time.Unix(1e9, 0)},
		"dir/page.html":  {Data: []byte(strings.Repeat("<p>page</p>", 1e5)), ModTime: time.Unix(1e9, 0)},
		"sub/index.html": {Data: []byte("sub")},
	}
	var all []transaction
	for _, path := range []string{"/", "/index.html", "/dir", "/dir/", "/dir/a.css", "/dir/page.html", "/sub/", "/none", "/../x"} {
		all = append(all, transaction{
			name:    path,
			request: func(r *http.Request) { r.URL.Path = path },
			handler: func(w http.ResponseWriter, r *http.Request) any {
				http.FileServerFS(files).ServeHTTP(w, r)
				return nil
			},
		})
	}
	unharmed(t, all...)
}

// A file reaches the connection without a copy in between, as without the middleware:
// net/http hands the file itself to the connection's ReadFrom, for the kernel to send.
func TestSendfile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "large.bin")
	want := strings.Repeat("0123456789abcdef", 1<<17)
	if err := os.WriteFile(name, []byte(want), 0o600); err != nil {
		t.Fatal(err)
	}
	open := func() *os.File {
		f, err := os.Open(name)
		if err != nil {
			t.Error(err)
		}
		return f
	}
	handlers := map[string]http.HandlerFunc{
		"ServeFile": func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, name) },
		"ServeContent": func(w http.ResponseWriter, r *http.Request) {
			f := open()
			defer f.Close()
			http.ServeContent(w, r, "x.bin", time.Time{}, f)
		},
		"Copy": func(w http.ResponseWriter, r *http.Request) {
			f := open()
			defer f.Close()
			w.Header().Set("Content-Length", fmt.Sprint(len(want)))
			io.Copy(w, f)
		},
	}
	m := newManager(t, runtime.Config{})
	for handlerName, h := range handlers {
		bare := sources(t, h, want)
		if len(bare) == 0 {
			t.Errorf("%s: without sessions, nothing reaches the connection", handlerName)
		}
		for _, u := range uses {
			got := sources(t, m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				u.use(r)
				h(w, r)
			})), want)
			if fmt.Sprint(got) != fmt.Sprint(bare) {
				t.Errorf("%s, %s: the connection reads from %q, and without sessions from %q", handlerName, u.name, got, bare)
			}
		}
	}
}

// sources serves one request and returns the types of what the connection's ReadFrom
// was given.
func sources(t *testing.T, h http.Handler, want string) []string {
	t.Helper()
	var log sourceLog
	server := httptest.NewUnstartedServer(h)
	server.Listener = loggingListener{server.Listener, &log}
	server.Start()
	resp, err := server.Client().Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	server.Close()
	if string(body) != want || err != nil {
		t.Errorf("got a body of %d bytes, %v", len(body), err)
	}
	return log.types
}

type (
	sourceLog struct {
		mu    sync.Mutex
		types []string
	}
	loggingListener struct {
		net.Listener
		log *sourceLog
	}
	loggingConn struct {
		*net.TCPConn
		log *sourceLog
	}
)

func (l loggingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return loggingConn{conn.(*net.TCPConn), l.log}, nil
}

func (c loggingConn) ReadFrom(r io.Reader) (int64, error) {
	name := fmt.Sprintf("%T", r)
	if limited, ok := r.(*io.LimitedReader); ok {
		name = fmt.Sprintf("%s of %T", name, limited.R)
	}
	c.log.mu.Lock()
	c.log.types = append(c.log.types, name)
	c.log.mu.Unlock()
	return c.TCPConn.ReadFrom(r)
}
