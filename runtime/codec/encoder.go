package codec

import (
	"sync"
	"time"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/sessiongen/sessiongen/runtime/internal/wire"
)

// An Encoder encodes one value. Append makes one; the zero value is unusable.
type Encoder struct {
	out  writer
	enc  *msgpack.Encoder // always writes to out; user code never sees it
	user *userEncoder     // the encoder for user code; nil until it is needed
	err  error
	nest int
	self bool  // a method or function of the program wrote something
	maps []int // where the maps begin that contain the error

	number, stamp []byte // enc's own memory, which is wiped
}

// A writer is v5's output. It has WriteByte because v5 otherwise allocates for each byte.
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

// A finder is a writer that finds v5's own memory. The last number and the last time would otherwise
// stay there.
type finder struct{ found []byte }

func (f *finder) Write(p []byte) (int, error) {
	f.found = p[:cap(p)]
	return len(p), nil
}

func (f *finder) WriteByte(byte) error { return nil }

// finish returns the output, and returns e to the pool. The encoding begins at start.
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
		clear(b[start:]) // this may be the spare capacity of the caller's dst
	}
	clear(e.number)
	clear(e.stamp)
	e.out.buf, e.user, e.err, e.nest, e.self, e.maps = nil, nil, nil, 0, false, nil
	encoders.Put(e)
	return b, err
}

// enter goes one level deeper, and reports whether that is allowed.
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

// Fail sets the encoding's error to err, unless err is nil or there is one already.
func (e *Encoder) Fail(err error) {
	if e.err == nil {
		e.err = err
	}
}

// MapLen writes the header of a map. n pairs of Key and value must follow.
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

// Key writes the key of the next value of a map.
func (e *Encoder) Key(name string) { EncodeString(e, name) }

// Nil writes the nil code.
func (e *Encoder) Nil() {
	if e.err == nil {
		e.err = e.enc.EncodeNil()
	}
}
