package runtime_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/codec"
)

// visitor is what generated code would declare for the schema below.
type visitor struct{ runtime.Session }

type item struct {
	SKU string
	N   int
}

var (
	fieldUser = runtime.Field[string]{Index: 0, Name: "User", Key: "user", Max: 10,
		Encode: codec.EncodeString[string], Decode: codec.DecodeString[string]}
	fieldVisits = runtime.Field[int]{Index: 1, Name: "Visits", Key: "visits",
		Encode: codec.EncodeInt[int], Decode: codec.DecodeInt[int]}
	fieldRoles = runtime.Field[[]string]{Index: 2, Name: "Roles", Key: "roles", Max: 3,
		Encode: encodeStrings, Decode: decodeStrings}
	fieldToken = runtime.Field[string]{Index: 3, Name: "Token", Key: "token", Secret: true,
		Encode: codec.EncodeString[string], Decode: codec.DecodeString[string]}
	fieldTheme = runtime.Field[string]{Index: 4, Name: "Theme", Key: "theme", Default: "light",
		Encode: codec.EncodeString[string], Decode: codec.DecodeString[string]}
	fieldCart = runtime.Field[[]item]{Index: 5, Name: "Cart", Key: "cart",
		Encode: func(e *codec.Encoder, v []item) { codec.EncodeSlice(e, v, encodeItem) },
		Decode: func(d *codec.Decoder) []item { return codec.DecodeSlice[[]item](d, decodeItem) }}
	fieldScores = runtime.Field[map[string]int]{Index: 6, Name: "Scores", Key: "scores", Max: 2,
		Encode: func(e *codec.Encoder, v map[string]int) {
			codec.EncodeMap(e, v, codec.EncodeString[string], codec.EncodeInt[int])
		},
		Decode: func(d *codec.Decoder) map[string]int {
			return codec.DecodeMap[map[string]int](d, codec.DecodeString[string], codec.DecodeInt[int])
		}}
	fieldAccount = runtime.Field[int64]{Index: 7, Name: "Account", Key: "account", Principal: true,
		Encode: codec.EncodeInt[int64], Decode: codec.DecodeInt[int64]}
	fieldCode = runtime.Field[string]{Index: 8, Name: "Code", Key: "code", TTL: 10 * time.Minute,
		Encode: codec.EncodeString[string], Decode: codec.DecodeString[string]}
	fieldBlob = runtime.Field[[]byte]{Index: 9, Name: "Blob", Key: "blob",
		Encode: codec.EncodeBytes[[]byte], Decode: codec.DecodeBytes[[]byte]}
	fieldSince = runtime.Field[time.Time]{Index: 10, Name: "Since", Key: "since",
		Encode: codec.EncodeTime, Decode: codec.DecodeTime}
)

var fields = []runtime.AnyField{&fieldUser, &fieldVisits, &fieldRoles, &fieldToken, &fieldTheme, &fieldCart,
	&fieldScores, &fieldAccount, &fieldCode, &fieldBlob, &fieldSince}

func encodeStrings(e *codec.Encoder, v []string) {
	codec.EncodeSlice(e, v, codec.EncodeString[string])
}

func decodeStrings(d *codec.Decoder) []string {
	return codec.DecodeSlice[[]string](d, codec.DecodeString[string])
}

func encodeItem(e *codec.Encoder, v item) {
	e.MapLen(2)
	e.Key("SKU")
	codec.EncodeString(e, v.SKU)
	e.Key("N")
	codec.EncodeInt(e, v.N)
}

func decodeItem(d *codec.Decoder) (v item) {
	for n := d.MapLen(); n > 0; n-- {
		switch string(d.Key()) {
		case "SKU":
			v.SKU = codec.DecodeString[string](d)
		case "N":
			v.N = codec.DecodeInt[int](d)
		default:
			d.Skip()
		}
	}
	return v
}

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
		t.Errorf("events %v, want %v", got, want)
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

// seal seals a session and returns its one Set-Cookie line, or "".
func seal(t testing.TB, m *runtime.Manager[visitor], s *visitor) string {
	t.Helper()
	lines, err := m.Seal(s)
	if err != nil {
		t.Fatal(err)
	}
	if len(lines) > 1 {
		t.Fatalf("%d Set-Cookie lines", len(lines))
	}
	return strings.Join(lines, "")
}

// sealed returns the Cookie header of a browser with a session that change filled.
func sealed(t testing.TB, m *runtime.Manager[visitor], change func(*visitor)) string {
	t.Helper()
	s := m.Open(nil)
	change(s)
	return pair(t, seal(t, m, s))
}

// reopen returns the session as the next request sees it.
func reopen(t testing.TB, m *runtime.Manager[visitor], s *visitor) *visitor {
	t.Helper()
	return m.Open([]string{pair(t, seal(t, m, s))})
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
	r := httptest.NewRequest("GET", "/", nil)
	r.Header["Cookie"] = cookies
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func setCookies(w *httptest.ResponseRecorder) []string { return w.Result().Header["Set-Cookie"] }

// A browser is an https client with a cookie jar, and the server it talks to.
type browser struct {
	t      testing.TB
	client *http.Client
	server *httptest.Server
}

func newBrowser(t testing.TB, h http.Handler) *browser {
	return browse(t, h, func(*httptest.Server) {})
}

func browse(t testing.TB, h http.Handler, configure func(*httptest.Server)) *browser {
	server := httptest.NewUnstartedServer(h)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	configure(server)
	server.StartTLS()
	t.Cleanup(server.Close)
	client := server.Client()
	client.Jar, _ = cookiejar.New(nil)
	return &browser{t, client, server}
}

// get fetches a path and returns the response, its body read, and the body.
func (b *browser) get(path string) (*http.Response, string) {
	b.t.Helper()
	r, err := http.NewRequest("GET", b.server.URL+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.do(r)
}

func (b *browser) do(r *http.Request) (*http.Response, string) {
	b.t.Helper()
	resp, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return resp, string(body)
}

// cookies returns what the jar would send, as name=value.
func (b *browser) cookies() []string {
	r, err := http.NewRequest("GET", b.server.URL, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	var all []string
	for _, c := range b.client.Jar.Cookies(r.URL) {
		all = append(all, c.Name+"="+c.Value)
	}
	return all
}

// mustPanic returns the text of f's panic.
func mustPanic(t testing.TB, f func()) (text string) {
	t.Helper()
	defer func() {
		t.Helper()
		v := recover()
		if v == nil {
			t.Fatal("no panic")
		}
		text, _ = v.(string)
	}()
	f()
	return ""
}
