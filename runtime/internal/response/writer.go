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

// A Session is the session that a [Writer] saves.
type Session interface {
	// Save saves the session for good, and adds its header fields to h. The status is that of the
	// handler's response.
	Save(h http.Header, status int) error

	// Abandon notes that the handler panicked. It comes before Save.
	Abandon()

	// Reopen notes that the response has not begun after all.
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

// A phase is the progress of a response.
type phase uint8

const (
	waiting  phase = iota // the final response has not begun
	saved                 // the session is saved; the handler answers
	failed                // saving failed, and Session.ReplyError has not returned
	replied               // Session.ReplyError has answered
	passedOn              // Session.ReplyError panicked; whoever recovered answers
)

// These are functions, not methods, so that handlers do not see them.

// Init makes w a writer on top of below.
func Init(w *Writer, below http.ResponseWriter, s Session) {
	w.ResponseWriter, w.session = below, s
}

// Replied reports whether Session.ReplyError has answered the request.
func Replied(w *Writer) bool { return w.phase == replied }

// Begun reports whether the response was begun on the response writer below, past w. The writers of
// gin and some other frameworks tell.
func Begun(w *Writer) bool {
	below, ok := w.ResponseWriter.(interface{ Written() bool })
	return ok && below.Written()
}

// begin saves the session, once. If that failed and the error was sent as the answer, begin returns
// the error.
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

// save saves the session and changes the phase.
func (w *Writer) save(status int) {
	w.phase = saved
	if w.err = w.session.Save(w.Header(), status); w.err != nil {
		w.phase = failed
	}
}

// replyError lets the program answer in place of the handler. It removes the header fields that
// describe the handler's body, which is not sent.
func (w *Writer) replyError() {
	remove(w.Header(), describesBody)
	w.session.ReplyError(w.ResponseWriter, w.err)
	w.phase = replied
}

// Finish ends the exchange. returned says whether the handler returned rather than panicked. After a
// panic, Finish answers nothing. It saves as much of the session as is safe even if nobody answers.
func Finish(w *Writer, returned bool) {
	switch {
	case w.phase == replied: // whatever the handler did afterwards
		remove(w.Header(), isTrailer)
	case w.phase == failed && returned: // somebody recovered and did not answer
		w.ResponseWriter.WriteHeader(http.StatusInternalServerError)
	case returned:
		w.begin(http.StatusOK)
	case w.phase == waiting:
		w.session.Abandon()
		w.save(http.StatusInternalServerError)
	}
}

// tryBegin runs a call that begins the response on the writer below. If the writer does not support
// the call, the response has not begun.
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

// Format prints the writer without its contents.
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

// readFrom begins the response when r has returned its first bytes. Reading from r may run code of
// the program that changes the session. If r is empty, the handler can still answer differently.
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

// firstBytes reads until r returns bytes or fails.
func firstBytes(r io.Reader) (first []byte, err error) {
	first = make([]byte, 512) // net/http detects the Content-Type from this many
	n := 0
	for n == 0 && err == nil {
		n, err = r.Read(first)
	}
	return first[:n], err
}

// isSystems reports whether the operating system reads r itself. It can then send a file or a
// connection without copying it.
func isSystems(r io.Reader) bool {
	if limited, ok := r.(*io.LimitedReader); ok {
		r = limited.R
	}
	_, ok := r.(syscall.Conn)
	return ok
}
