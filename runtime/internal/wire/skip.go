package wire

import (
	"encoding/binary"
	"errors"
)

// MaxDepth is how many arrays and maps may lie within one another: a scalar has depth 0,
// an array of scalars depth 1.
const MaxDepth = 32

// No error of this package contains anything of the value.
var (
	errShort    = errors.New("msgpack: a value is cut short or declares more than there is")
	errDepth    = errors.New("msgpack: arrays and maps are nested too deep")
	errCode     = errors.New("msgpack: invalid code")
	errTrailing = errors.New("msgpack: more than one value")
	errKind     = errors.New("msgpack: value of another kind")
)

// Check reports an error unless b is exactly one well-formed value, as Skip judges it.
func Check(b []byte) error {
	n, err := Skip(b)
	if err == nil && n != len(b) {
		err = errTrailing
	}
	return err
}

// Skip returns the length of the first value of b, in bytes. The value is well-formed:
// all of it is within b, and its depth is at most MaxDepth. The work is linear in the
// bytes passed over, whatever lengths they declare.
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

// skipShortArray is Skip for the arrays of up to 15 elements, which are mostly scalars.
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
	var left [MaxDepth]int // how many values are still to come, by depth
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

// elements is how many values follow the header of an array of n elements, or a map of n pairs.
func elements(kind Kind, n int) int {
	if kind == Map {
		return 2 * n
	}
	return n
}

// next skips the values of an array or a map up to one that walk must look at, and counts that one
// as skipped. It is false if there is none.
func next(b []byte, pos, left *int) bool {
	*pos, *left = skipFixed(b, *pos, *left)
	if *left == 0 {
		return false
	}
	*left--
	return true
}

// skipFixed skips up to todo values whose sizes their codes tell, as those of most scalars, and
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

// header reads the code and the length field of the first value of b, which together are size
// bytes. n counts what follows: bytes of content, elements of an array, pairs of a map. There are
// at least as many bytes as that takes.
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
