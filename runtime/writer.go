package runtime

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
)

// writer saves the session before the first byte of the final response.
type writer struct {
	http.ResponseWriter
	request *http.Request // the handler's
	state   *state
	values  *headerValues
	began   bool
	err     error // the session could not be saved: the response is the error handler's
}

// capable returns w with the optional interfaces that the response writer below
// has: handlers ask for them by type assertion. Methods that it always has,
// like FlushError, are found by http.ResponseController alone.
func (w *writer) capable() http.ResponseWriter {
	_, readerFrom := w.ResponseWriter.(io.ReaderFrom)
	switch flusher, hijacker := canFlush(w.ResponseWriter), canHijack(w.ResponseWriter); {
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

// begin saves the session, once. It returns the error if that failed.
func (w *writer) begin() error {
	if !w.began {
		w.began = true
		if w.err = w.state.writeTo(w.Header(), w.values, true); w.err != nil {
			w.replyError()
		}
	}
	return w.err
}

// replyError lets the program answer in place of the handler, whose own header
// would describe a body that is not sent.
func (w *writer) replyError() {
	h := w.Header()
	for _, name := range []string{
		"Accept-Ranges", "Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Length",
		"Content-Range", "Content-Type", "Etag", "Expires", "Last-Modified", "Location", "Trailer", "Transfer-Encoding",
	} {
		h.Del(name)
	}
	w.state.manager.errorHandler(w.ResponseWriter, w.request, w.err)
}

// finish ends the exchange. When the handler panicked, the session is saved for
// whoever recovers and answers, but no answer is made here.
func (w *writer) finish(returned bool) {
	if returned {
		w.begin()
	} else if !w.began {
		w.began = true
		w.err = w.state.writeTo(w.Header(), w.values, true)
	}
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
	if w.err == nil {
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

func (w *writer) FlushError() error {
	if !canFlush(w.ResponseWriter) {
		return http.ErrNotSupported // and the response has not begun
	}
	if err := w.begin(); err != nil {
		return err
	}
	return http.NewResponseController(w.ResponseWriter).Flush()
}

func (w *writer) flush() { w.FlushError() }

func (w *writer) hijack() (net.Conn, *bufio.ReadWriter, error) {
	if err := w.begin(); err != nil {
		return nil, nil, err
	}
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

func (w *writer) readFrom(r io.Reader) (int64, error) {
	if err := w.begin(); err != nil {
		return 0, err
	}
	return w.ResponseWriter.(io.ReaderFrom).ReadFrom(r)
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

func (w flushWriter) Flush()               { w.flush() }
func (w flushHijackWriter) Flush()         { w.flush() }
func (w flushReadFromWriter) Flush()       { w.flush() }
func (w flushHijackReadFromWriter) Flush() { w.flush() }

func (w hijackWriter) Hijack() (net.Conn, *bufio.ReadWriter, error)              { return w.hijack() }
func (w flushHijackWriter) Hijack() (net.Conn, *bufio.ReadWriter, error)         { return w.hijack() }
func (w hijackReadFromWriter) Hijack() (net.Conn, *bufio.ReadWriter, error)      { return w.hijack() }
func (w flushHijackReadFromWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) { return w.hijack() }

func (w readFromWriter) ReadFrom(r io.Reader) (int64, error)            { return w.readFrom(r) }
func (w flushReadFromWriter) ReadFrom(r io.Reader) (int64, error)       { return w.readFrom(r) }
func (w hijackReadFromWriter) ReadFrom(r io.Reader) (int64, error)      { return w.readFrom(r) }
func (w flushHijackReadFromWriter) ReadFrom(r io.Reader) (int64, error) { return w.readFrom(r) }
