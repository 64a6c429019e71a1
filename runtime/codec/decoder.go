package codec

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/sessiongen/sessiongen/runtime/internal/wire"
)

// A Decoder decodes one value. Decode makes one; the zero value is unusable.
type Decoder struct {
	in   reader
	dec  *msgpack.Decoder // always reads from in; user code never sees it
	user *userDecoder     // the decoder for user code; nil until it is needed
	err  error
	nest int
	at   int   // where the last value that was examined begins
	maps []int // where the maps begin that contain the error
}

// A reader is v5's input. It implements io.ByteScanner because v5 wraps other readers in a
// bufio.Reader.
type reader struct {
	data []byte
	pos  int
	into []byte // v5's own memory, which it copied bytes into
}

func (r *reader) Read(p []byte) (int, error) {
	if r.pos >= len(r.data) && len(p) > 0 {
		return 0, io.EOF
	}
	n := copy(p, r.data[r.pos:])
	r.pos += n
	r.into = p
	return n, nil
}

func (r *reader) ReadByte() (byte, error) {
	if r.pos >= len(r.data) {
		return 0, io.EOF
	}
	c := r.data[r.pos]
	r.pos++
	return c, nil
}

func (r *reader) UnreadByte() error {
	if r.pos == 0 {
		return errUnread
	}
	r.pos--
	return nil
}

var errUnread = errors.New("no byte to unread")

// rest returns the unread input.
func (r *reader) rest() []byte { return r.data[r.pos:] }

var decoders = sync.Pool{New: func() any {
	d := new(Decoder)
	d.dec = msgpack.NewDecoder(&d.in)
	return d
}}

// finish returns d to the pool, and returns the decoding's error.
func (d *Decoder) finish() error {
	err := d.err
	switch {
	case err != nil:
		err = located(err, d.in.data, d.at, d.maps)
	case d.in.pos != len(d.in.data):
		err = errRest
	}
	clear(d.in.into[:cap(d.in.into)])
	d.in, d.user, d.err, d.nest, d.at, d.maps = reader{}, nil, nil, 0, 0, nil
	decoders.Put(d)
	return err
}

// enter goes one level deeper, and reports whether that is allowed.
func (d *Decoder) enter() bool {
	if d.nest == maxNest {
		d.Fail(errNest)
	}
	if d.err != nil {
		return false
	}
	d.nest++
	return true
}

// next returns the kind of the next value, or wire.Invalid at the end or after an error.
func (d *Decoder) next() wire.Kind {
	if d.err != nil || d.in.pos >= len(d.in.data) {
		return wire.Invalid
	}
	d.at = d.in.pos
	return wire.KindOf(d.in.data[d.in.pos])
}

// expect reports whether the next value is of this kind, and fails if it is not.
func (d *Decoder) expect(want wire.Kind) bool {
	got := d.next()
	if got != want && d.err == nil {
		d.mismatch(want.String())
	}
	return got == want
}

func (d *Decoder) mismatch(want string) {
	if len(d.in.rest()) == 0 {
		d.Fail(fmt.Errorf("nothing is left where %s is expected", want))
	} else {
		d.Fail(fmt.Errorf("%s where %s is expected", d.next(), want))
	}
}

// Fail sets the decoding's error to err, unless err is nil or there is one already.
func (d *Decoder) Fail(err error) {
	if d.err == nil {
		d.err = err
	}
}

// MapLen reads the header of a map, and returns how many pairs of Key and value follow. Nil is an
// error, because generated code uses MapLen for structs.
func (d *Decoder) MapLen() int {
	if !d.expect(wire.Map) {
		return 0
	}
	n, err := d.dec.DecodeMapLen()
	return d.fits(n, 2, err)
}

// ArrayLen reads the header of an array that must have want elements.
func (d *Decoder) ArrayLen(want int) {
	if n := d.arrayLen(); n != want && d.err == nil {
		d.Fail(fmt.Errorf("array of %d where %d are expected", n, want))
	}
}

func (d *Decoder) arrayLen() int {
	if !d.expect(wire.Array) {
		return 0
	}
	n, err := d.dec.DecodeArrayLen()
	return d.fits(n, 1, err)
}

// fits returns n if n elements of at least size bytes each can follow. Otherwise it fails.
func (d *Decoder) fits(n, size int, err error) int {
	if err == nil && uint(n) > uint(len(d.in.rest())/size) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		d.Fail(err)
		return 0
	}
	return n
}

// Key reads the key of the next value of a map. The result is valid until the next call.
func (d *Decoder) Key() []byte { return d.content(wire.Str) }

// IsNil reports whether the next value is nil, without reading it.
func (d *Decoder) IsNil() bool { return d.next() == wire.Nil }

// null reads the next value if it is nil, and reports whether it was.
func (d *Decoder) null() bool {
	if !d.IsNil() {
		return false
	}
	d.err = d.dec.DecodeNil()
	return true
}

// Skip skips one value.
func (d *Decoder) Skip() { d.raw() }

// raw reads one value of any kind and returns its bytes, which are a subslice of the input.
func (d *Decoder) raw() []byte {
	if d.err != nil {
		return nil
	}
	d.at = d.in.pos
	b := d.in.rest()
	n, err := wire.Skip(b)
	if err != nil {
		d.err = err
		return nil
	}
	d.in.pos += n
	return b[:n:n]
}

// content reads a string or binary value and returns its content, which is a subslice of the input.
func (d *Decoder) content(kind wire.Kind) []byte {
	if !d.expect(kind) {
		return nil
	}
	var b []byte
	var size int
	if kind == wire.Str {
		b, size, d.err = wire.String(d.in.rest())
	} else {
		b, size, d.err = wire.Bytes(d.in.rest())
	}
	d.in.pos += size
	return b
}
