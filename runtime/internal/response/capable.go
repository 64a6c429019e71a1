package response

import (
	"bufio"
	"io"
	"net"
	"net/http"
)

// Capable returns w with the optional interfaces that the response writer below has: handlers
// ask for them by type assertion.
func Capable(w *Writer) http.ResponseWriter {
	below := w.ResponseWriter
	_, readerFrom := below.(io.ReaderFrom)
	switch flusher, hijacker := canFlush(below), canHijack(below); {
	case flusher && hijacker && readerFrom && notifiesClose(below):
		return http1Writer{flushHijackReadFromWriter{w}}
	case flusher && canPush(below) && notifiesClose(below):
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

func notifiesClose(w http.ResponseWriter) bool {
	//lint:ignore SA1019 programs still take it for granted
	_, ok := w.(http.CloseNotifier)
	return ok
}

func canPush(w http.ResponseWriter) bool {
	_, ok := w.(http.Pusher)
	return ok
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

// The optional interfaces, one set for each type. Each type is one pointer, so that
// putting it into an interface does not allocate.
type (
	flushWriter               struct{ *Writer }
	hijackWriter              struct{ *Writer }
	readFromWriter            struct{ *Writer }
	flushHijackWriter         struct{ *Writer }
	flushReadFromWriter       struct{ *Writer }
	hijackReadFromWriter      struct{ *Writer }
	flushHijackReadFromWriter struct{ *Writer }
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

func (w http1Writer) CloseNotify() <-chan bool { return closeNotify(w.Writer) }
func (w http2Writer) CloseNotify() <-chan bool { return closeNotify(w.Writer) }

func closeNotify(w *Writer) <-chan bool {
	//lint:ignore SA1019 it is passed on
	return w.ResponseWriter.(http.CloseNotifier).CloseNotify()
}

func (w http2Writer) Push(target string, opts *http.PushOptions) error {
	return w.ResponseWriter.(http.Pusher).Push(target, opts)
}
