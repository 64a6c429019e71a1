package runtime_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
)

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

// The handler's writer has Flush, Hijack and ReadFrom exactly if the one below has,
// and passes the calls on after it has saved the session.
func TestCapabilities(t *testing.T) {
	log := &calls{header: http.Header{}}
	p, f, h, rf := plain{log}, flusher{log}, hijacker{log}, readFrom{log}
	type W = http.ResponseWriter
	type F = http.Flusher
	type H = http.Hijacker
	type R = io.ReaderFrom
	flushHijack := struct {
		W
		F
		H
	}{p, f, h}
	for _, c := range []struct {
		w       http.ResponseWriter
		f, h, r bool
	}{
		{p, false, false, false},
		{struct {
			W
			F
		}{p, f}, true, false, false},
		{struct {
			W
			H
		}{p, h}, false, true, false},
		{struct {
			W
			R
		}{p, rf}, false, false, true},
		{flushHijack, true, true, false},
		{struct {
			W
			F
			R
		}{p, f, rf}, true, false, true},
		{struct {
			W
			H
			R
		}{p, h, rf}, false, true, true},
		{struct {
			W
			F
			H
			R
		}{p, f, h, rf}, true, true, true},
		{unwrapper{p, p}, false, false, false},
		{unwrapper{p, unwrapper{p, flushHijack}}, true, true, false}, // they are reached by unwrapping
	} {
		m := newManager(t, runtime.Config{})
		try := func(call func(w http.ResponseWriter)) string {
			log.names = nil
			clear(log.header)
			m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				fieldUser.Set(from(r).Session, "hubo")
				call(w)
				if (len(log.names) > 0) != (len(log.header["Set-Cookie"]) == 1) {
					t.Errorf("%T: calls %q with cookies %q", c.w, log.names, log.header["Set-Cookie"])
				}
			})).ServeHTTP(c.w, httptest.NewRequest("GET", "/", nil))
			return strings.Join(log.names, " ")
		}
		name := func(has bool, name string) string {
			if has {
				return name
			}
			return ""
		}
		if got := try(func(w http.ResponseWriter) {
			if f, ok := w.(http.Flusher); ok {
				f.Flush()
			}
		}); got != name(c.f, "Flush") {
			t.Errorf("%T: Flusher calls %q", c.w, got)
		}
		if got := try(func(w http.ResponseWriter) {
			if h, ok := w.(http.Hijacker); ok {
				h.Hijack()
			}
		}); got != name(c.h, "Hijack") {
			t.Errorf("%T: Hijacker calls %q", c.w, got)
		}
		if got := try(func(w http.ResponseWriter) {
			if r, ok := w.(io.ReaderFrom); ok {
				r.ReadFrom((*os.File)(nil))
			}
		}); got != name(c.r, "ReadFrom") {
			t.Errorf("%T: ReaderFrom calls %q", c.w, got)
		}
		if got := try(func(w http.ResponseWriter) {
			if err := http.NewResponseController(w).Flush(); (err == nil) != c.f || err != nil && !errors.Is(err, http.ErrNotSupported) {
				t.Errorf("%T: flushing: %v", c.w, err)
			}
		}); got != name(c.f, "Flush") {
			t.Errorf("%T: ResponseController.Flush calls %q", c.w, got)
		}
		if got := try(func(w http.ResponseWriter) {
			if _, _, err := http.NewResponseController(w).Hijack(); (err == nil) != c.h || err != nil && !errors.Is(err, http.ErrNotSupported) {
				t.Errorf("%T: hijacking: %v", c.w, err)
			}
		}); got != name(c.h, "Hijack") {
			t.Errorf("%T: ResponseController.Hijack calls %q", c.w, got)
		}
		if got := try(func(w http.ResponseWriter) { io.WriteString(w, "body") }); got != "Write" {
			t.Errorf("%T: WriteString calls %q", c.w, got)
		}
	}
}

// A flush that the writer below cannot do does not begin the response.
func TestUnsupportedFlush(t *testing.T) {
	var log eventLog
	m := newManager(t, runtime.Config{OnEvent: log.record})
	w := plain{&calls{header: http.Header{}}}
	m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := http.NewResponseController(w).Flush(); !errors.Is(err, http.ErrNotSupported) {
			t.Error(err)
		}
		fieldUser.Set(from(r).Session, "hubo")
	})).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	log.expect(t, runtime.Event{Kind: runtime.EventCreated})
	if len(w.header["Set-Cookie"]) != 1 {
		t.Errorf("the header is %v", w.header)
	}
}
