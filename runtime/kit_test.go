package runtime_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

const (
	keyA = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
	keyB = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8"
	keyC = "QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8"
)

func parseKeys(t testing.TB, text string) runtime.Keys {
	t.Helper()
	keys, err := runtime.ParseKeys(text)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// newManager returns a manager for visitors. Unless cfg says otherwise, its key is
// keyA and events go nowhere.
func newManager(t testing.TB, cfg runtime.Config) *runtime.Manager[visitor] {
	t.Helper()
	return newManagerOf(t, cfg, fields...)
}

func newManagerOf(t testing.TB, cfg runtime.Config, fields ...runtime.AnyField) *runtime.Manager[visitor] {
	t.Helper()
	if cfg.Keys == (runtime.Keys{}) {
		cfg.Keys = parseKeys(t, keyA)
	}
	if cfg.OnEvent == nil {
		cfg.OnEvent = func(context.Context, runtime.Event) {}
	}
	m, err := runtime.NewManager(cfg, wrap, fields...)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func wrap(s runtime.Session) visitor { return visitor{s} }

func from(r *http.Request) *visitor { return runtime.FromContext[visitor](r.Context()) }

// An eventLog keeps what OnEvent is told.
type eventLog struct {
	mu     sync.Mutex
	events []runtime.Event
}

func (l *eventLog) record(_ context.Context, e runtime.Event) {
	// TestEventsTellOfTheRequest looks at these.
	e.Method, e.Path = "", ""
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, e)
}

// take returns the events since the last call.
func (l *eventLog) take() []runtime.Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	events := l.events
	l.events = nil
	return events
}

// expect checks the events since the last call.
func (l *eventLog) expect(t testing.TB, want ...runtime.Event) {
	t.Helper()
	if got := l.take(); !slices.Equal(got, want) {
		t.Errorf("got events %v, want %v", got, want)
	}
}

// captureLog makes slog write to the buffer for the rest of the test.
func captureLog(t testing.TB) *bytes.Buffer {
	var log bytes.Buffer
	old := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, nil)))
	t.Cleanup(func() { slog.SetDefault(old) })
	return &log
}

// setCookieLines is what Seal returned, less what it says of caches.
func setCookieLines(h http.Header, err error) ([]string, error) { return h["Set-Cookie"], err }

// seal seals a session and returns its one Set-Cookie line, or "".
func seal(t testing.TB, m *runtime.Manager[visitor], s *visitor) string {
	t.Helper()
	lines, err := setCookieLines(m.Seal(s))
	if err != nil {
		t.Fatal(err)
	}
	if len(lines) > 1 {
		t.Fatalf("got %d Set-Cookie lines, want at most one", len(lines))
	}
	return strings.Join(lines, "")
}

// sealed returns the Cookie header of a browser with a session that change filled.
func sealed(t testing.TB, m *runtime.Manager[visitor], change func(*visitor)) string {
	t.Helper()
	s := m.Open(t.Context(), nil)
	change(s)
	return pair(t, seal(t, m, s))
}

// reopen returns the session as the next request sees it.
func reopen(t testing.TB, m *runtime.Manager[visitor], s *visitor) *visitor {
	t.Helper()
	return m.Open(t.Context(), []string{pair(t, seal(t, m, s))})
}

// parseCookie reads a Set-Cookie line as net/http does.
func parseCookie(t testing.TB, line string) *http.Cookie {
	t.Helper()
	c, err := http.ParseSetCookie(line)
	if err == nil {
		err = c.Valid()
	}
	if err != nil {
		t.Fatalf("Set-Cookie %q: %v", line, err)
	}
	return c
}

// pair returns what a browser sends back for a Set-Cookie line.
func pair(t testing.TB, line string) string {
	t.Helper()
	c := parseCookie(t, line)
	return c.Name + "=" + c.Value
}

// serve runs one request, with these Cookie headers, through a handler.
func serve(h http.Handler, cookies ...string) *httptest.ResponseRecorder {
	return serveFrom(h, "/", cookies)
}

// serveFrom is serve for another path.
func serveFrom(h http.Handler, path string, cookies []string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", path, nil)
	r.Header["Cookie"] = cookies
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func setCookies(w *httptest.ResponseRecorder) []string { return w.Result().Header["Set-Cookie"] }

// mustPanic returns the text of f's panic.
func mustPanic(t testing.TB, f func()) (text string) {
	t.Helper()
	defer func() {
		t.Helper()
		v := recover()
		if v == nil {
			t.Fatal("the function does not panic")
		}
		text, _ = v.(string)
	}()
	f()
	return ""
}

const (
	dataName = "__Host-session"
	seenName = "__Host-session-seen"
)

const day = 24 * time.Hour

// sized returns a name and a session whose cookie has exactly this size. Not every
// size is a token's, so that the name has to make up for it.
func sized(t *testing.T, size int, cfg runtime.Config) (*runtime.Manager[visitor], *visitor) {
	t.Helper()
	for nameLength := 1; nameLength < 5; nameLength++ {
		cfg.Name = strings.Repeat("n", nameLength)
		m := newManager(t, cfg)
		s := m.Open(t.Context(), nil)
		fieldToken.Set(s.Session, "a token")
		fieldUser.Set(s.Session, "hubo")
		for n := size*3/4 - 200; n < size*3/4; n++ {
			if fieldBlob.Set(s.Session, make([]byte, n)); s.Size() == size {
				return m, s
			}
		}
	}
	t.Fatalf("no session has a cookie of %d bytes", size)
	return nil, nil
}

// roomFor is how long a token so many cookies can hold.
func roomFor(name string, chunks int) int {
	if chunks == 1 {
		return 4096 - len(name)
	}
	return chunks*(4096-len(name)) - len("2.") - (chunks-1)*len("-2")
}

// site is a handler with a route for each kind of use.
func site(m *runtime.Manager[visitor]) http.Handler {
	mux := http.NewServeMux()
	route := func(path string, use func(s *visitor) string) {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, use(from(r))) })
	}
	mux.HandleFunc("/untouched", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "untouched")
	})
	mux.HandleFunc("/asked", func(w http.ResponseWriter, r *http.Request) { // it could be used after the first byte
		from(r)
		fmt.Fprint(w, "asked")
	})
	route("/get", func(s *visitor) string { return fieldUser.Get(s.Session) })
	route("/set", func(s *visitor) string { fieldUser.Set(s.Session, "hubo"); return "set" })
	route("/permanent", func(s *visitor) string { s.SetPermanent(true); return "permanent" })
	route("/pop", func(s *visitor) string { v, _ := fieldUser.Pop(s.Session); return v })
	route("/swap", func(s *visitor) string { // a change that leaves all as it was
		v, _ := fieldUser.Pop(s.Session)
		fieldUser.Set(s.Session, v)
		return v
	})
	route("/clear", func(s *visitor) string { s.Clear(); return "cleared" })
	route("/destroy", func(s *visitor) string { s.Destroy(); return "destroyed" })
	return m.Handler(mux)
}

// together runs f n times at once.
func together(n int, f func(i int)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			f(i)
		})
	}
	close(start)
	wg.Wait()
}
