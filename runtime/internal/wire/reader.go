package wire

import "encoding/binary"

// A Reader reads consecutive values. After a failure, its methods return zero values.
type Reader struct {
	b      []byte
	pos    int
	failed bool
}

// MaxSeconds is the largest value that [Reader.Seconds] accepts. The sum of two such times cannot
// overflow.
const MaxSeconds = 1 << 40

// NewReader returns a reader of b.
func NewReader(b []byte) Reader { return Reader{b: b} }

// Rest returns the unread bytes.
func (r *Reader) Rest() []byte { return r.b[r.pos:] }

// Pos returns how many bytes have been read.
func (r *Reader) Pos() int { return r.pos }

// From returns the bytes that were read since position pos. Appending to the result copies it.
func (r *Reader) From(pos int) []byte { return r.b[pos:r.pos:r.pos] }

// Failed reports whether a value was malformed or of another kind than the one to be read.
func (r *Reader) Failed() bool { return r.failed }

// Done reports whether everything was read without a failure.
func (r *Reader) Done() bool { return !r.failed && r.pos == len(r.b) }

func (r *Reader) advance(n int, err error) bool {
	if err != nil || r.failed {
		r.failed = true
		return false
	}
	r.pos += n
	return true
}

// Literal reads the bytes of want if they come next, and reports whether they did.
func (r *Reader) Literal(want []byte) bool {
	end := r.pos + len(want)
	if end > len(r.b) || string(r.b[r.pos:end]) != string(want) {
		return false
	}
	r.pos = end
	return true
}

// Pair reads the encoded key if it comes next, and the value after it. It returns where the value
// begins and ends.
func (r *Reader) Pair(key []byte) (value, end int, ok bool) {
	b, value := r.b, r.pos+len(key)
	if value >= len(b) || string(b[r.pos:value]) != string(key) {
		return 0, 0, false
	}
	size := int(fixed[b[value]])
	if size == 0 || size > len(b)-value {
		var err error
		if size, err = Skip(b[value:]); err != nil {
			r.failed = true
			return 0, 0, false
		}
	}
	r.pos = value + size
	return value, r.pos, true
}

// Take reads len(dst) bytes into dst. The caller has checked that they are there.
func (r *Reader) Take(dst []byte) { r.pos += copy(dst, r.Rest()) }

// Array reads the header of an array and returns how many elements it announces.
func (r *Reader) Array() int {
	n, size, err := ArrayHeader(r.Rest())
	if !r.advance(size, err) {
		return 0
	}
	return n
}

// Map reads the header of a map and returns how many pairs it announces.
func (r *Reader) Map() int {
	if b := r.Rest(); len(b) > 0 && b[0]&0xf0 == 0x80 && !r.failed {
		r.pos++
		return int(b[0] & 0xf) // if the pairs are missing, reading them fails
	}
	n, size, err := MapHeader(r.Rest())
	if !r.advance(size, err) {
		return 0
	}
	return n
}

// String reads a string.
func (r *Reader) String() []byte {
	s, size, err := String(r.Rest())
	if !r.advance(size, err) {
		return nil
	}
	return s
}

// Uint reads an integer that is not negative.
func (r *Reader) Uint() uint64 {
	if b := r.Rest(); len(b) > 0 && b[0] < 0x80 { // most are small
		r.pos++
		return uint64(b[0])
	} else if len(b) > 4 && b[0] == 0xce { // a time
		r.pos += 5
		return uint64(binary.BigEndian.Uint32(b[1:]))
	}
	v, size, err := Uint(r.Rest())
	if !r.advance(size, err) {
		return 0
	}
	return v
}

// Seconds reads a time in seconds, at most MaxSeconds.
func (r *Reader) Seconds() int64 {
	v := r.Uint()
	if v > MaxSeconds {
		r.failed = true
		return 0
	}
	return int64(v)
}

// Fixed reads a binary value of the given length.
func (r *Reader) Fixed(length int) []byte {
	v, size, err := Bytes(r.Rest())
	if !r.advance(size, err) {
		return nil
	}
	if len(v) != length {
		r.failed = true
		return nil
	}
	return v
}

// Skip reads a value of any kind.
func (r *Reader) Skip() {
	size, err := Skip(r.Rest())
	r.advance(size, err)
}
