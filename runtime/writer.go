package runtime

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"strings"
	"syscall"
)

// writer saves the session before the first byte of the final response.
type writer struct {
	http.ResponseWriter
	exchange *untyped
	err      error // the session could not be saved: the response is the error handler's
	began    bool
	replied  bool // the error handler has answered; if it panicked instead, whoever recovers may
	passed   bool // and does
}

// capable returns w with the optional interfaces that the response writer below
// has: handlers ask for them by type assertion.
func (w *writer) capable() http.ResponseWriter {
	below := w.ResponseWriter
	_, readerFrom := below.(io.ReaderFrom)
	//lint:ignore SA1019 programs still take it for granted
	_, closeNotifier := below.(http.CloseNotifier)
	_, pusher := below.(http.Pusher)
	switch flusher, hijacker := canFlush(below), canHijack(below); {
	case flusher && hijacker && readerFrom && closeNotifier:
		return http1Writer{flushHijackReadFromWriter{w}}
	case flusher && closeNotifier && pusher:
		return http2Writer{flushWriter{w}}
	case flusher && hijacker && readerFrom:
		return flushHijackReadFromWriter{w}
	case flusher && hijacker:
		return flushHijackWriter{w}
	case flusher && readerFrom:
		return flushReadFromWriter{w}
	case hijacker && readerFrom:
		return hijackReadFromWriter{w}
	case flusher:
		return flushWriter{w}
	case hijacker:
		return hijackWriter{w}
	case readerFrom:
		return readFromWriter{w}
	}
	return w
}

// canFlush reports whether w, or a response writer that it unwraps to, can be flushed.
func canFlush(w http.ResponseWriter) bool {
	for w != nil {
		if _, ok := w.(http.Flusher); ok {
			return true
		}
		if _, ok := w.(interface{ FlushError() error }); ok {
			return true
		}
		w = unwrap(w)
	}
	return false
}

// canHijack is canFlush for http.Hijacker.
func canHijack(w http.ResponseWriter) bool {
	for w != nil {
		if _, ok := w.(http.Hijacker); ok {
			return true
		}
		w = unwrap(w)
	}
	return false
}

// unwrap returns the response writer below w, or nil.
func unwrap(w http.ResponseWriter) http.ResponseWriter {
	if u, ok := w.(interface{ Unwrap() http.ResponseWriter }); ok {
		return u.Unwrap()
	}
	return nil
}

// begin saves the session, once. It returns the error if that failed, and the error
// handler has answered.
func (w *writer) begin() error {
	if !w.began {
		w.began = true
		if w.err = w.exchange.save(w.Header()); w.err != nil {
			w.replyError()
		}
	}
	if w.replied {
		return w.err
	}
	w.passed = w.err != nil
	return nil
}

// replyError lets the program answer in place of the handler, whose own header
// would describe a body that is not sent.
func (w *writer) replyError() {
	h := w.Header()
	maps.DeleteFunc(h, func(name string, _ []string) bool { return describesBody(name) })
	w.exchange.state.manager.errorHandler(w.ResponseWriter, &w.exchange.request, w.err)
	w.replied = true
}

// describesBody reports whether a header field, by its canonical name, says something of
// the body that comes with it, of where it is or of how long it keeps.
func describesBody(name string) bool {
	switch name {
	case "Accept-Ranges", "Age", "Cache-Control", "Cdn-Cache-Control", "Digest", "Etag", "Expires", "Last-Modified",
		"Location", "Refresh", "Repr-Digest", "Surrogate-Control", "Trailer", "Transfer-Encoding", "X-Sendfile":
		return true
	}
	return strings.HasPrefix(name, http.TrailerPrefix) || strings.HasPrefix(name, "X-Accel-") ||
		strings.HasPrefix(name, "Content-") && !strings.HasPrefix(name, "Content-Security-Policy")
}

// finish ends the exchange. When the handler panicked, the session is saved for
// whoever recovers and answers, as far as it does no harm if nobody does, but no answer is
// made here.
func (w *writer) finish(returned bool) {
	switch {
	case w.err != nil && returned && !w.replied && !w.passed: // somebody recovered, and said nothing
		w.ResponseWriter.WriteHeader(http.StatusInternalServerError)
	case w.replied: // whatever the handler did since
		maps.DeleteFunc(w.Header(), func(name string, _ []string) bool { return strings.HasPrefix(name, http.TrailerPrefix) })
	case returned:
		w.begin()
	case !w.began:
		w.began = true
		w.exchange.state.abandon()
		w.err = w.exchange.save(w.Header())
	}
}

// tryBegin runs a call of the response writer below that begins the response, unless
// it turns out not to be supported.
func (w *writer) tryBegin(call func() error) error {
	first := !w.began
	if err := w.begin(); err != nil {
		return err
	}
	err := call()
	if first && errors.Is(err, http.ErrNotSupported) {
		w.began = false
		w.exchange.state.reopen()
	}
	return err
}

// Format prints a writer without what it holds.
func (w *writer) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "session.writer(%T)", w.ResponseWriter) }

// Unwrap is for http.ResponseController.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *writer) WriteHeader(status int) {
	// 101 is the one status below 200 that is final.
	if status >= 200 || status == http.StatusSwitchingProtocols {
		if w.begin() != nil {
			return
		}
	}
	if !w.replied {
		w.ResponseWriter.WriteHeader(status)
	}
}

func (w *writer) Write(b []byte) (int, error) {
	if err := w.begin(); err != nil {
		return 0, err
	}
	return w.ResponseWriter.Write(b)
}

func (w *writer) WriteString(s string) (int, error) {
	if err := w.begin(); err != nil {
		return 0, err
	}
	return io.WriteString(w.ResponseWriter, s)
}

func (w *writer) flushError() error {
	return w.tryBegin(http.NewResponseController(w.ResponseWriter).Flush)
}

func (w *writer) hijack() (conn net.Conn, rw *bufio.ReadWriter, err error) {
	err = w.tryBegin(func() error {
		conn, rw, err = http.NewResponseController(w.ResponseWriter).Hijack()
		return err
	})
	return conn, rw, err
}

// readFrom begins the response once there are first bytes: a source of the program's may
// change the session until then.
func (w *writer) readFrom(r io.Reader) (int64, error) {
	if !w.began && !isSystems(r) {
		first := make([]byte, 512) // as many as net/http looks at to find the Content-Type
		n, err := 0, error(nil)
		for n == 0 && err == nil {
			n, err = r.Read(first)
		}
		switch {
		case n == 0 && err == io.EOF:
			return 0, nil
		case err != nil && err != io.EOF:
			written, writeErr := w.Write(first[:n])
			return int64(written), cmp.Or(err, writeErr)
		case err == io.EOF:
			r = bytes.NewReader(first[:n])
		default:
			r = io.MultiReader(bytes.NewReader(first[:n]), r)
		}
	}
	if err := w.begin(); err != nil {
		return 0, err
	}
	return w.ResponseWriter.(io.ReaderFrom).ReadFrom(r)
}

// isSystems reports whether the operating system reads r itself: a file or a connection,
// which it may send on without a copy.
func isSystems(r io.Reader) bool {
	if limited, ok := r.(*io.LimitedReader); ok {
		r = limited.R
	}
	_, ok := r.(syscall.Conn)
	return ok
}

// The optional interfaces, one set for each type. Each type is one pointer, so that
// putting it into an interface does not allocate.
type (
	flushWriter               struct{ *writer }
	hijackWriter              struct{ *writer }
	readFromWriter            struct{ *writer }
	flushHijackWriter         struct{ *writer }
	flushReadFromWriter       struct{ *writer }
	hijackReadFromWriter      struct{ *writer }
	flushHijackReadFromWriter struct{ *writer }
)

func (w flushWriter) Flush()               { w.flushError() }
func (w flushHijackWriter) Flush()         { w.flushError() }
func (w flushReadFromWriter) Flush()       { w.flushError() }
func (w flushHijackReadFromWriter) Flush() { w.flushError() }

func (w flushWriter) FlushError() error               { return w.flushError() }
func (w flushHijackWriter) FlushError() error         { return w.flushError() }
func (w flushReadFromWriter) FlushError() error       { return w.flushError() }
func (w flushHijackReadFromWriter) FlushError() error { return w.flushError() }

func (w hijackWriter) Hijack() (net.Conn, *bufio.ReadWriter, error)              { return w.hijack() }
func (w flushHijackWriter) Hijack() (net.Conn, *bufio.ReadWriter, error)         { return w.hijack() }
func (w hijackReadFromWriter) Hijack() (net.Conn, *bufio.ReadWriter, error)      { return w.hijack() }
func (w flushHijackReadFromWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) { return w.hijack() }

func (w readFromWriter) ReadFrom(r io.Reader) (int64, error)            { return w.readFrom(r) }
func (w flushReadFromWriter) ReadFrom(r io.Reader) (int64, error)       { return w.readFrom(r) }
func (w hijackReadFromWriter) ReadFrom(r io.Reader) (int64, error)      { return w.readFrom(r) }
func (w flushHijackReadFromWriter) ReadFrom(r io.Reader) (int64, error) { return w.readFrom(r) }

// The response writers of net/http can do more, and some programs count on it.
type (
	http1Writer struct{ flushHijackReadFromWriter }
	http2Writer struct{ flushWriter }
)

func (w http1Writer) CloseNotify() <-chan bool { return closeNotify(w.writer) }
func (w http2Writer) CloseNotify() <-chan bool { return closeNotify(w.writer) }

func closeNotify(w *writer) <-chan bool {
	//lint:ignore SA1019 it is passed on
	return w.ResponseWriter.(http.CloseNotifier).CloseNotify()
}

func (w http2Writer) Push(target string, opts *http.PushOptions) error {
	return w.ResponseWriter.(http.Pusher).Push(target, opts)
}
