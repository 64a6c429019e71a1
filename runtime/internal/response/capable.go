package response

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"reflect"
	"sync/atomic"
)

// Capable returns w with the same optional interfaces as the response writer below it. Handlers find
// those by type assertion.
func Capable(w *Writer) http.ResponseWriter { return variantFor(w.ResponseWriter).of(w) }

// A variant is a set of optional interfaces that a writer has.
type variant uint8

const (
	plain variant = iota
	readFroms
	hijacks
	hijacksReadFroms
	flushes
	flushesReadFroms
	flushesHijacks
	flushesHijacksReadFroms
	http1
	http2
)

func (v variant) of(w *Writer) http.ResponseWriter {
	switch v {
	case readFroms:
		return readFromWriter{w}
	case hijacks:
		return hijackWriter{w}
	case hijacksReadFroms:
		return hijackReadFromWriter{w}
	case flushes:
		return flushWriter{w}
	case flushesReadFroms:
		return flushReadFromWriter{w}
	case flushesHijacks:
		return flushHijackWriter{w}
	case flushesHijacksReadFroms:
		return flushHijackReadFromWriter{w}
	case http1:
		return http1Writer{flushHijackReadFromWriter{w}}
	case http2:
		return http2Writer{flushWriter{w}}
	}
	return w
}

// judged is a type of response writer whose type alone decides the variant.
type judged struct {
	writer  reflect.Type
	variant variant
}

// firstJudged caches the first few types. A server uses very few, and judging one takes longer than
// everything else in a request that does not use its session.
var firstJudged [4]atomic.Pointer[judged]

// variantFor returns the variant for a response writer.
func variantFor(below http.ResponseWriter) variant {
	t := reflect.TypeOf(below)
	var free *atomic.Pointer[judged]
	for i := range firstJudged {
		known := firstJudged[i].Load()
		if known == nil {
			free = &firstJudged[i]
			break
		}
		if known.writer == t {
			return known.variant
		}
	}
	v, byType := judge(below)
	if byType && free != nil {
		free.CompareAndSwap(nil, &judged{t, v})
	}
	return v
}

// judge returns the variant for a response writer, and whether the type alone decides it. The type
// does not decide if the writer unwraps to another one.
func judge(below http.ResponseWriter) (v variant, byType bool) {
	_, readFrom := below.(io.ReaderFrom)
	if readFrom {
		v |= readFroms
	}
	if canHijack(below) {
		v |= hijacks
	}
	if canFlush(below) {
		v |= flushes
	}
	switch notifies := notifiesClose(below); {
	case v == flushesHijacksReadFroms && notifies:
		v = http1
	case v&flushes != 0 && notifies && canPush(below):
		v = http2
	}
	_, unwraps := below.(unwrapper)
	return v, !unwraps
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

// canHijack is like canFlush, for http.Hijacker.
func canHijack(w http.ResponseWriter) bool {
	for w != nil {
		if _, ok := w.(http.Hijacker); ok {
			return true
		}
		w = unwrap(w)
	}
	return false
}

// An unwrapper is a response writer that wraps another one, as http.ResponseController expects.
type unwrapper interface{ Unwrap() http.ResponseWriter }

// unwrap returns the response writer below w, or nil.
func unwrap(w http.ResponseWriter) http.ResponseWriter {
	if u, ok := w.(unwrapper); ok {
		return u.Unwrap()
	}
	return nil
}

// Each type has one set of optional interfaces. It consists of one pointer, so converting it to an
// interface does not allocate.
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

// net/http's own response writers have more methods, which some programs rely on.
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
