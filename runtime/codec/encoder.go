package codec

import (
	"sync"
	"time"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/sessiongen/sessiongen/runtime/internal/wire"
)

// An Encoder encodes one value. Append makes it; the zero value is of no use.
type Encoder struct {
	out  writer
	enc  *msgpack.Encoder // writes to out for life; user code never sees it
	user *userEncoder     // what user code writes to, made when there is any
	err  error
	nest int
	self bool  // something was written by a method or function of the program
	maps []int // where maps begin on whose way err came about

	number, stamp []byte // enc's own memory, to be wiped
}

// A writer is where v5 writes to. It has WriteByte because v5 allocates for each byte otherwise.
type writer struct{ buf []byte }

func (w *writer) Write(p []byte) (int, error) {
	w.buf = append(w.buf, p...)
	return len(p), nil
}

func (w *writer) WriteByte(c byte) error {
	w.buf = append(w.buf, c)
	return nil
}

var encoders = sync.Pool{New: func() any { return newEncoder() }}

func newEncoder() *Encoder {
	e := new(Encoder)
	var f finder
	e.enc = msgpack.NewEncoder(&f)
	e.enc.EncodeUint64(0)
	e.number = f.found
	e.enc.EncodeTime(time.Time{})
	e.stamp = f.found
	e.enc.ResetWriter(&e.out)
	return e
}

// A finder is a writer that finds the memory that v5 writes from. In there the
// last number and the last time would stay for good.
type finder struct{ found []byte }

func (f *finder) Write(p []byte) (int, error) {
	f.found = p[:cap(p)]
	return len(p), nil
}

func (f *finder) WriteByte(byte) error { return nil }

// finish returns the output and puts e back into the pool. What was encoded starts at start.
func (e *Encoder) finish(start int) ([]byte, error) {
	b, err := e.out.buf, e.err
	if err != nil {
		for i := range e.maps {
			e.maps[i] -= start
		}
		err = located(err, b[start:], len(b)-start, e.maps)
	} else {
		err = wire.Check(b[start:])
	}
	if err != nil {
		clear(b[start:]) // it may be the spare part of the caller's dst
	}
	clear(e.number)
	clear(e.stamp)
	e.out.buf, e.user, e.err, e.nest, e.self, e.maps = nil, nil, nil, 0, false, nil
	encoders.Put(e)
	return b, err
}

// enter goes one level down, and reports whether that may be done.
func (e *Encoder) enter() bool {
	if e.nest == maxNest {
		e.Fail(errNest)
	}
	if e.err != nil {
		return false
	}
	e.nest++
	return true
}

// Fail makes err the error of the whole encoding, unless it is nil or there is one already.
func (e *Encoder) Fail(err error) {
	if e.err == nil {
		e.err = err
	}
}

// MapLen writes the header of a map. n pairs of Key and a value must follow.
func (e *Encoder) MapLen(n int) {
	if e.err == nil {
		e.err = e.enc.EncodeMapLen(n)
	}
}

// ArrayLen writes the header of an array. n values must follow.
func (e *Encoder) ArrayLen(n int) {
	if e.err == nil {
		e.err = e.enc.EncodeArrayLen(n)
	}
}

// Key writes the key of a map's next value.
func (e *Encoder) Key(name string) { EncodeString(e, name) }

// Nil writes the nil code.
func (e *Encoder) Nil() {
	if e.err == nil {
		e.err = e.enc.EncodeNil()
	}
}
