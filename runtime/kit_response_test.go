package runtime_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"mime"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// uses are the kinds of handler, by what they do with the session first.
var uses = []struct {
	name string
	use  func(*http.Request)
}{
	{"untouched", func(*http.Request) {}},
	{"read", func(r *http.Request) { fieldUser.Get(from(r).Session) }},
	{"changed", func(r *http.Request) { fieldVisits.Set(from(r).Session, 1) }},
}

// A transaction is a handler and a request to it. It is served by net/http bare and
// behind the middleware, and everything visible must be the same.
type transaction struct {
	name    string
	handler func(w http.ResponseWriter, r *http.Request) any      // returns what it saw
	request func(r *http.Request)                                 // changes the request; may be nil
	chain   func(session middleware, h http.Handler) http.Handler // session(h) if nil
}

type middleware = func(http.Handler) http.Handler

// A transcript is what can be seen of a transaction.
type transcript struct {
	Status   string
	Header   http.Header
	Body     string
	Length   int64
	Encoding []string
	Trailer  http.Header
	Close    bool
	Interim  []string // the informational responses
	Errors   []string // what the client met
	Reached  []string // what the handler's response writer can do, maybe by unwrapping
	direct   []string // what it can do by itself
	used     bool     // the handler was reached
	Saw      any      // what the handler returned
	Panic    any
	Log      []string // what else the server logged
}

// unharmed checks a transaction over HTTP/1.1 and HTTP/2, with each use of the session.
func unharmed(t *testing.T, all ...transaction) {
	m := newManager(t, runtime.Config{})
	cookie := sealed(t, m, func(s *visitor) { fieldUser.Set(s.Session, "hubo") })
	for _, tx := range all {
		for _, http2 := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/http2=%v", tx.name, http2), func(t *testing.T) {
				t.Parallel()
				bare := tx.run(t, http2, cookie, func(h http.Handler) http.Handler { return h }, func(*http.Request) {})
				if version := "HTTP/1.1 "; bare.Status != "" {
					if http2 {
						version = "HTTP/2.0 "
					}
					if !strings.HasPrefix(bare.Status, version) {
						t.Fatalf("without sessions: got %s", bare.Status)
					}
				}
				for _, u := range uses {
					got := tx.run(t, http2, cookie, m.Handler, u.use)
					if got.used && got.Status != "" {
						withoutSession(t, u.name, got.Header)
					}
					// The session's writer may unwrap for the handler.
					if contains(got.direct, bare.direct) && contains(bare.Reached, got.direct) {
						got.direct = bare.direct
					}
					differences(t, u.name, got, bare)
				}
			})
		}
	}
}

// differences reports what two transcripts do not have in common.
func differences(t *testing.T, use string, got, bare transcript) {
	t.Helper()
	if reflect.DeepEqual(got, bare) {
		return
	}
	g, b := reflect.ValueOf(got), reflect.ValueOf(bare)
	for i := range g.NumField() {
		text := [2]string{fmt.Sprint(g.Field(i)), fmt.Sprint(b.Field(i))}
		if text[0] != text[1] {
			t.Errorf("%s: %s is %.300q, and without sessions %.300q", use, g.Type().Field(i).Name, text[0], text[1])
		}
	}
}

// withoutSession removes what a session must have added to a header, and only that.
func withoutSession(t *testing.T, use string, h http.Header) {
	t.Helper()
	if use == "untouched" {
		return
	}
	i := slices.Index(h["Vary"], "Cookie")
	if i < 0 {
		t.Errorf("%s: got Vary %q", use, h["Vary"])
	} else if h["Vary"] = slices.Delete(h["Vary"], i, i+1); len(h["Vary"]) == 0 {
		delete(h, "Vary")
	}
	if use != "changed" {
		return
	}
	if len(h["Set-Cookie"]) != 1 || h.Get("Cache-Control") != "private" {
		t.Errorf("%s: got Set-Cookie %q, Cache-Control %q", use, h["Set-Cookie"], h["Cache-Control"])
	}
	delete(h, "Set-Cookie")
	delete(h, "Cache-Control")
}

func (tx transaction) run(t *testing.T, http2 bool, cookie string, session middleware, use func(*http.Request)) (got transcript) {
	t.Helper()
	h := http.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got.direct, got.Reached = abilities(w)
		use(r)
		got.used = true
		got.Saw = tx.handler(w, r)
	}))
	if tx.chain != nil {
		h = tx.chain(session, h)
	} else {
		h = session(h)
	}
	returned := make(chan struct{})
	var serverLog firstLines
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(returned)
		defer func() {
			if got.Panic = recover(); got.Panic != nil {
				panic(got.Panic)
			}
		}()
		h.ServeHTTP(w, r)
	}))
	server.Config.ErrorLog = log.New(&serverLog, "", 0)
	var protocols http.Protocols // HTTP/2 without TLS is the same to a handler, and takes less time
	protocols.SetHTTP1(!http2)
	protocols.SetUnencryptedHTTP2(http2)
	server.Config.Protocols = &protocols
	server.Start()
	transport := &http.Transport{Protocols: &protocols, ExpectContinueTimeout: time.Minute, DisableCompression: true}
	defer func() {
		<-returned
		transport.CloseIdleConnections()
		server.Close()
		got.Log = serverLog.take()
	}()

	r, err := http.NewRequest("GET", server.URL+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Cookie", cookie)
	if tx.request != nil {
		tx.request(r)
	}
	var mu sync.Mutex
	ctx, cancel := context.WithTimeout(r.Context(), time.Minute)
	defer cancel()
	r = r.WithContext(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
			mu.Lock()
			defer mu.Unlock()
			got.Interim = append(got.Interim, fmt.Sprint(code, h))
			return nil
		}}))
	resp, err := transport.RoundTrip(r)
	if err != nil {
		got.Errors = append(got.Errors, cause(err))
		return got
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		got.Errors = append(got.Errors, cause(err))
	}
	got.Status, got.Header = resp.Proto+" "+resp.Status, resp.Header
	got.Body, got.Length, got.Encoding, got.Trailer, got.Close = string(body), resp.ContentLength, resp.TransferEncoding, resp.Trailer, resp.Close
	if len(got.Header["Date"]) == 1 {
		got.Header.Set("Date", "now")
	}
	// The parts of a multipart body are divided by a random line.
	if _, params, err := mime.ParseMediaType(got.Header.Get("Content-Type")); err == nil && params["boundary"] != "" {
		got.Body = strings.ReplaceAll(got.Body, params["boundary"], "BOUNDARY")
		got.Header.Set("Content-Type", strings.ReplaceAll(got.Header.Get("Content-Type"), params["boundary"], "BOUNDARY"))
	}
	return got
}

// abilities lists what handlers ask a response writer for.
func abilities(w http.ResponseWriter) (direct, reached []string) {
	note := func(name string, has func(http.ResponseWriter) bool) {
		if has(w) {
			direct = append(direct, name)
		}
		for w := w; ; {
			if has(w) {
				reached = append(reached, name)
				return
			}
			u, ok := w.(interface{ Unwrap() http.ResponseWriter })
			if !ok {
				return
			}
			w = u.Unwrap()
		}
	}
	note("Flusher", func(w http.ResponseWriter) bool { _, ok := w.(http.Flusher); return ok })
	note("Hijacker", func(w http.ResponseWriter) bool { _, ok := w.(http.Hijacker); return ok })
	note("SetReadDeadline", func(w http.ResponseWriter) bool {
		return http.NewResponseController(w).SetReadDeadline(time.Time{}) == nil
	})
	note("SetWriteDeadline", func(w http.ResponseWriter) bool {
		return http.NewResponseController(w).SetWriteDeadline(time.Time{}) == nil
	})
	if _, ok := w.(io.ReaderFrom); ok { // found by unwrapping, it would leave a writer out
		direct, reached = append(direct, "ReaderFrom"), append(reached, "ReaderFrom")
	}
	return direct, reached
}

func contains(all, some []string) bool {
	return !slices.ContainsFunc(some, func(s string) bool { return !slices.Contains(all, s) })
}

// cause is an error without the addresses and ports of one connection.
func cause(err error) string {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	return addresses.ReplaceAllString(err.Error(), "ADDRESS")
}

var (
	addresses = regexp.MustCompile(`127\.0\.0\.1:\d+`)
	callers   = regexp.MustCompile(` from \S+ \(\S+:\d+\)`)
)

// firstLines keeps the first line of each message but those about panics, which come
// at any time, without what differs between runs.
type firstLines struct {
	mu    sync.Mutex
	lines []string
}

func (f *firstLines) Write(b []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !bytes.Contains(b, []byte("panic serving")) {
		line, _, _ := bytes.Cut(b, []byte("\n"))
		f.lines = append(f.lines, callers.ReplaceAllString(addresses.ReplaceAllString(string(line), "ADDRESS"), ""))
	}
	return len(b), nil
}

func (f *firstLines) take() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.lines
}

func head(r *http.Request) { r.Method = "HEAD" }

func post(body string) func(*http.Request) {
	return func(r *http.Request) {
		r.Method = "POST"
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	}
}

// Parts of a response writer; each notes that it was called.
type (
	plain    struct{ *calls }
	flusher  struct{ *calls }
	hijacker struct{ *calls }
	readFrom struct{ *calls }
	calls    struct {
		header http.Header
		names  []string
	}
	// unwrapper hides what a writer can do, but not from http.ResponseController.
	unwrapper struct {
		http.ResponseWriter
		below http.ResponseWriter
	}
)

func (c *calls) call(name string)                    { c.names = append(c.names, name) }
func (p plain) Header() http.Header                  { return p.header }
func (p plain) WriteHeader(int)                      { p.call("WriteHeader") }
func (p plain) Write(b []byte) (int, error)          { p.call("Write"); return len(b), nil }
func (f flusher) Flush()                             { f.call("Flush") }
func (u unwrapper) Unwrap() http.ResponseWriter      { return u.below }
func (r readFrom) ReadFrom(io.Reader) (int64, error) { r.call("ReadFrom"); return 4, nil }
func (h hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	h.call("Hijack")
	return nil, nil, nil
}

// upgradeToEcho upgrades a connection to a protocol that echoes lines, and checks that it does.
func upgradeToEcho(t *testing.T, server *httptest.Server) *http.Response {
	t.Helper()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n")
	in := bufio.NewReader(conn)
	resp, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "hello\n")
	line, err := in.ReadString('\n')
	if line != "hello\n" || err != nil || resp.StatusCode != 101 || resp.Header.Get("Upgrade") != "echo" {
		t.Errorf("got %s, then %q, %v, want 101 and the echo", resp.Status, line, err)
	}
	return resp
}
