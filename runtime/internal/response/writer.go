// Package response is the response writer that saves a session before the first byte of a
// response, and the rules for the header fields that a session adds.
package response

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
)

// A Session is what a [Writer] needs of the session of its request.
type Session interface {
	// Save saves the session for good, and writes what the response says of it into its header. The
	// status is that of the handler's response.
	Save(h http.Header, status int) error

	// Abandon notes that the handler has panicked, before Save.
	Abandon()

	// Reopen takes back that the response has begun.
	Reopen()

	// ReplyError answers the request in place of the handler.
	ReplyError(w http.ResponseWriter, err error)
}

// A Writer saves a session before the first byte of the final response.
type Writer struct {
	http.ResponseWriter
	session Session
	err     error // why the session could not be saved
	phase   phase
}

// A phase is how far a response is.
type phase uint8

const (
	waiting  phase = iota // the final response has not begun
	saved                 // the session is saved, and the response is the handler's
	failed                // it could not be saved, and Session.ReplyError did not return
	replied               // Session.ReplyError has answered
	passedOn              // Session.ReplyError panicked, and whoever recovered answers
)

// These are functions, so that a handler does not find them among the writer's methods.

// Init makes w a writer above below.
func Init(w *Writer, below http.ResponseWriter, s Session) {
	w.ResponseWriter, w.session = below, s
}

// Replied reports whether the response is an error's, and complete.
func Replied(w *Writer) bool { return w.phase == replied }

// Begun reports whether something was written past w, to the response writer below. Those of gin and
// of other frameworks tell.
func Begun(w *Writer) bool {
	below, ok := w.ResponseWriter.(interface{ Written() bool })
	return ok && below.Written()
}

// begin saves the session, once. It returns the error if that failed, and the error was
// the answer.
func (w *Writer) begin(status int) error {
	switch w.phase {
	case waiting:
		w.save(status)
		if w.err != nil {
			w.replyError()
		}
	case failed:
		w.phase = passedOn
	}
	if w.phase == replied {
		return w.err
	}
	return nil
}

// save saves the session and ends the wait.
func (w *Writer) save(status int) {
	w.phase = saved
	if w.err = w.session.Save(w.Header(), status); w.err != nil {
		w.phase = failed
	}
}

// replyError lets the program answer in place of the handler, whose own header would describe
// a body that is not sent.
func (w *Writer) replyError() {
	remove(w.Header(), describesBody)
	w.session.ReplyError(w.ResponseWriter, w.err)
	w.phase = replied
}

// Finish ends the exchange; returned says whether the handler did so, rather than panic. After a
// panic, the session is saved for whoever recovers and answers, as far as it does no harm if
// nobody does, but no answer is made here.
func Finish(w *Writer, returned bool) {
	switch {
	case w.phase == replied: // whatever the handler did since
		remove(w.Header(), isTrailer)
	case w.phase == failed && returned: // somebody recovered, and said nothing
		w.ResponseWriter.WriteHeader(http.StatusInternalServerError)
	case returned:
		w.begin(http.StatusOK)
	case w.phase == waiting:
		w.session.Abandon()
		w.save(http.StatusInternalServerError)
	}
}

// tryBegin runs a call of the response writer below that begins the response, unless it turns
// out not to be supported.
func (w *Writer) tryBegin(call func() error) error {
	before := w.phase
	if err := w.begin(http.StatusOK); err != nil {
		return err
	}
	err := call()
	if before == waiting && errors.Is(err, http.ErrNotSupported) {
		w.phase = waiting
		w.session.Reopen()
	}
	return err
}

// Format prints a writer without what it holds.
func (w *Writer) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "session.writer(%T)", w.ResponseWriter) }

// Unwrap is for http.ResponseController.
func (w *Writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (w *Writer) WriteHeader(status int) {
	// 101 is the one status below 200 that is final.
	if status >= 200 || status == http.StatusSwitchingProtocols {
		if w.begin(status) != nil {
			return
		}
	}
	if w.phase != replied {
		w.ResponseWriter.WriteHeader(status)
	}
}

// Write implements http.ResponseWriter.
func (w *Writer) Write(b []byte) (int, error) {
	if err := w.begin(http.StatusOK); err != nil {
		return 0, err
	}
	return w.ResponseWriter.Write(b)
}

// WriteString implements io.StringWriter.
func (w *Writer) WriteString(s string) (int, error) {
	if err := w.begin(http.StatusOK); err != nil {
		return 0, err
	}
	return io.WriteString(w.ResponseWriter, s)
}

func (w *Writer) flushError() error {
	return w.tryBegin(http.NewResponseController(w.ResponseWriter).Flush)
}

func (w *Writer) hijack() (conn net.Conn, rw *bufio.ReadWriter, err error) {
	err = w.tryBegin(func() error {
		conn, rw, err = http.NewResponseController(w.ResponseWriter).Hijack()
		return err
	})
	return conn, rw, err
}

// readFrom begins the response once there are first bytes: a source of the program's may change
// the session until then, and if it gives none, the handler may still answer otherwise.
func (w *Writer) readFrom(r io.Reader) (int64, error) {
	if w.phase == waiting && !isSystems(r) {
		first, err := firstBytes(r)
		switch {
		case len(first) == 0 && err == io.EOF:
			return 0, nil
		case len(first) == 0:
			return 0, err
		case err != nil && err != io.EOF:
			written, writeErr := w.Write(first)
			return int64(written), cmp.Or(err, writeErr)
		case err == io.EOF:
			r = bytes.NewReader(first)
		default:
			r = io.MultiReader(bytes.NewReader(first), r)
		}
	}
	if err := w.begin(http.StatusOK); err != nil {
		return 0, err
	}
	return w.ResponseWriter.(io.ReaderFrom).ReadFrom(r)
}

// firstBytes reads until there is something.
func firstBytes(r io.Reader) (first []byte, err error) {
	first = make([]byte, 512) // as many as net/http looks at to find the Content-Type
	n := 0
	for n == 0 && err == nil {
		n, err = r.Read(first)
	}
	return first[:n], err
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
