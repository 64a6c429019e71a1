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
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

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
					t.Errorf("%T: got calls %q with cookies %q", c.w, log.names, log.header["Set-Cookie"])
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
			t.Errorf("%T: Flusher has calls %q", c.w, got)
		}
		if got := try(func(w http.ResponseWriter) {
			if h, ok := w.(http.Hijacker); ok {
				h.Hijack()
			}
		}); got != name(c.h, "Hijack") {
			t.Errorf("%T: Hijacker has calls %q", c.w, got)
		}
		if got := try(func(w http.ResponseWriter) {
			if r, ok := w.(io.ReaderFrom); ok {
				r.ReadFrom((*os.File)(nil))
			}
		}); got != name(c.r, "ReadFrom") {
			t.Errorf("%T: ReaderFrom has calls %q", c.w, got)
		}
		if got := try(func(w http.ResponseWriter) {
			if err := http.NewResponseController(w).Flush(); (err == nil) != c.f || err != nil && !errors.Is(err, http.ErrNotSupported) {
				t.Errorf("%T: Flush returns %v", c.w, err)
			}
		}); got != name(c.f, "Flush") {
			t.Errorf("%T: ResponseController.Flush has calls %q", c.w, got)
		}
		if got := try(func(w http.ResponseWriter) {
			if _, _, err := http.NewResponseController(w).Hijack(); (err == nil) != c.h || err != nil && !errors.Is(err, http.ErrNotSupported) {
				t.Errorf("%T: Hijack returns %v", c.w, err)
			}
		}); got != name(c.h, "Hijack") {
			t.Errorf("%T: ResponseController.Hijack has calls %q", c.w, got)
		}
		if got := try(func(w http.ResponseWriter) { io.WriteString(w, "body") }); got != "Write" {
			t.Errorf("%T: WriteString has calls %q, want Write", c.w, got)
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
		t.Errorf("got header %v, want one cookie", w.header)
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
		t.Errorf("got header %v, want one cookie", w.header)
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
			t.Errorf("%s: got header %v, want one cookie", name, w.header)
		}
	}
}

// refusing has the methods, as the writers of many middlewares do, but not the ability.
type refusing struct{ plain }

func (refusing) FlushError() error { return http.ErrNotSupported }
func (refusing) Hijack() (c net.Conn, rw *bufio.ReadWriter, err error) {
	return nil, nil, http.ErrNotSupported
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
			t.Errorf("http2=%v: CloseNotifier is %v, without sessions %v; Pusher is %v, without sessions %v", http2, notifier, bareNotifier, pusher, barePusher)
		}
	}
}

// Deadlines and full duplex are reached through the session's writer.
func TestResponseController(t *testing.T) {
	m := newManager(t, runtime.Config{})
	b := newBrowser(t, m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := http.NewResponseController(w)
		deadline := time.Now().Add(time.Minute)
		if err := errors.Join(c.EnableFullDuplex(), c.SetReadDeadline(deadline), c.SetWriteDeadline(deadline)); err != nil {
			t.Error(err)
		}
		fieldUser.Set(from(r).Session, "hubo") // and none of these began the response
	})))
	b.get("/")
	if len(b.cookies()) != 1 {
		t.Error("the browser has no cookie")
	}
}
