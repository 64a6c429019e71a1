package wire

import (
	"encoding/binary"
	"errors"
)

// MaxDepth is how deep arrays and maps may be nested. A scalar has depth 0, and an array of scalars
// has depth 1.
const MaxDepth = 32

// The errors contain nothing of the value.
var (
	errShort    = errors.New("msgpack: a value is cut short or declares more than there is")
	errDepth    = errors.New("msgpack: arrays and maps are nested too deep")
	errCode     = errors.New("msgpack: invalid code")
	errTrailing = errors.New("msgpack: more than one value")
	errKind     = errors.New("msgpack: value of another kind")
)

// Check returns an error unless b is exactly one well-formed value, as defined by Skip.
func Check(b []byte) error {
	n, err := Skip(b)
	if err == nil && n != len(b) {
		err = errTrailing
	}
	return err
}

// Skip returns the length of the first value of b, in bytes. It returns an error unless the value is
// complete and its depth is at most MaxDepth. The work is linear in the bytes that are skipped,
// whatever lengths they declare.
func Skip(b []byte) (n int, err error) {
	if len(b) > 0 {
		if n := int(fixed[b[0]]); n != 0 && n <= len(b) {
			return n, nil
		}
		if b[0]&0xf0 == 0x90 {
			return skipShortArray(b)
		}
	}
	return walk(b)
}

// skipShortArray is Skip for arrays of up to 15 elements. Most of those elements are scalars.
func skipShortArray(b []byte) (int, error) {
	pos := 1
	for left := b[0] & 0xf; left > 0; left-- {
		if pos >= len(b) {
			return walk(b)
		}
		n := int(fixed[b[pos]])
		if n == 0 || n > len(b)-pos {
			return walk(b)
		}
		pos += n
	}
	return pos, nil
}

// walk is Skip without recursion, for values of all kinds.
func walk(b []byte) (pos int, err error) {
	var left [MaxDepth]int // how many values are still to come, at each depth
	depth := 0
	for {
		kind, n, size, err := header(b[pos:])
		if err != nil {
			return 0, err
		}
		pos += size
		switch {
		case kind != Map && kind != Array:
			pos += n
		case depth == MaxDepth:
			return 0, errDepth
		default:
			left[depth] = elements(kind, n)
			depth++
		}

		for depth > 0 && !next(b, &pos, &left[depth-1]) {
			depth--
		}
		if depth == 0 {
			return pos, nil
		}
	}
}

// elements returns how many values follow the header of an array of n elements, or of a map of n
// pairs.
func elements(kind Kind, n int) int {
	if kind == Map {
		return 2 * n
	}
	return n
}

// next skips values of an array or a map until one that walk must look at, and counts that one as
// skipped. It returns false if there is none.
func next(b []byte, pos, left *int) bool {
	*pos, *left = skipFixed(b, *pos, *left)
	if *left == 0 {
		return false
	}
	*left--
	return true
}

// skipFixed skips up to todo values whose codes determine their sizes, which most scalars' do. It
// returns how many are left.
func skipFixed(b []byte, pos, todo int) (end, left int) {
	for ; todo > 0 && pos < len(b); todo-- {
		n := int(fixed[b[pos]])
		if n == 0 || n > len(b)-pos {
			break
		}
		pos += n
	}
	return pos, todo
}

// header reads the code and the length field of the first value of b, which take size bytes
// together. n counts what follows: bytes of content, elements of an array, or pairs of a map. header
// has checked that b has at least as many bytes as they need.
func header(b []byte) (kind Kind, n, size int, err error) {
	if len(b) == 0 {
		return 0, 0, 0, errShort
	}
	c := &codes[b[0]]
	size = 1 + int(c.width)
	if len(b) < size {
		return 0, 0, 0, errShort
	}
	count := uint64(c.n)
	switch c.width {
	case 1:
		count += uint64(b[1])
	case 2:
		count += uint64(binary.BigEndian.Uint16(b[1:]))
	case 4:
		count += uint64(binary.BigEndian.Uint32(b[1:]))
	}
	need := count
	switch c.kind {
	case Invalid:
		return 0, 0, 0, errCode
	case Map:
		need *= 2
	}
	if need > uint64(len(b)-size) {
		return 0, 0, 0, errShort
	}
	return c.kind, int(count), size, nil
}
