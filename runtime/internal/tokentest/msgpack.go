package tokentest

import "encoding/binary"

// maxDepth is how many arrays and maps may lie within one another.
const maxDepth = 32

type kind int

const (
	other    kind = iota // nil, booleans, floats, extensions
	positive             // an integer that is not negative
	negative
	text
	binaryData
	array
	mapping
)

// An item is the first part of a msgpack value: all of it, or the header of an array
// or map.
type item struct {
	kind    kind
	n       uint64 // the integer, or how many elements or pairs follow
	content []byte
}

// next reads an item.
func next(b []byte) (v item, rest []byte, ok bool) {
	if len(b) == 0 {
		return item{}, nil, false
	}
	c, b := b[0], b[1:]
	switch {
	case c <= 0x7f:
		return item{kind: positive, n: uint64(c)}, b, true
	case c <= 0x8f:
		return item{kind: mapping, n: uint64(c & 0x0f)}, b, true
	case c <= 0x9f:
		return item{kind: array, n: uint64(c & 0x0f)}, b, true
	case c <= 0xbf:
		return content(text, uint64(c&0x1f), b)
	case c >= 0xe0:
		return item{kind: negative}, b, true
	}
	switch c {
	case 0xc0, 0xc2, 0xc3:
		return item{}, b, true
	case 0xc4, 0xc5, 0xc6:
		return counted(binaryData, 1<<(c-0xc4), 0, b)
	case 0xc7, 0xc8, 0xc9:
		return counted(other, 1<<(c-0xc7), 1, b)
	case 0xca:
		return content(other, 4, b)
	case 0xcb:
		return content(other, 8, b)
	case 0xcc, 0xcd, 0xce, 0xcf:
		n, b, ok := number(1<<(c-0xcc), b)
		return item{kind: positive, n: n}, b, ok
	case 0xd0, 0xd1, 0xd2, 0xd3:
		size := 1 << (c - 0xd0)
		n, b, ok := number(size, b)
		if ok && n>>(8*size-1) == 1 {
			return item{kind: negative}, b, true
		}
		return item{kind: positive, n: n}, b, ok
	case 0xd4, 0xd5, 0xd6, 0xd7, 0xd8:
		return content(other, 1+1<<(c-0xd4), b)
	case 0xd9, 0xda, 0xdb:
		return counted(text, 1<<(c-0xd9), 0, b)
	case 0xdc, 0xdd:
		n, b, ok := number(2<<(c-0xdc), b)
		return item{kind: array, n: n}, b, ok
	case 0xde, 0xdf:
		n, b, ok := number(2<<(c-0xde), b)
		return item{kind: mapping, n: n}, b, ok
	}
	return item{}, nil, false // 0xc1
}

// number reads an unsigned big-endian integer of size bytes.
func number(size int, b []byte) (n uint64, rest []byte, ok bool) {
	if len(b) < size {
		return 0, nil, false
	}
	var full [8]byte
	copy(full[8-size:], b)
	return binary.BigEndian.Uint64(full[:]), b[size:], true
}

func content(k kind, n uint64, b []byte) (v item, rest []byte, ok bool) {
	if n > uint64(len(b)) {
		return item{}, nil, false
	}
	return item{kind: k, content: b[:n]}, b[n:], true
}

// counted reads the content of a value that says its length, in size bytes; more bytes
// belong to it that the length does not count.
func counted(k kind, size int, more uint64, b []byte) (v item, rest []byte, ok bool) {
	n, b, ok := number(size, b)
	if !ok {
		return item{}, nil, false
	}
	return content(k, n+more, b)
}

// skip passes over a value within depth others.
func skip(b []byte, depth int) (rest []byte, ok bool) {
	v, b, ok := next(b)
	if !ok {
		return nil, false
	}
	n := v.n
	switch v.kind {
	case mapping:
		n *= 2
	case array:
	default:
		return b, true
	}
	if depth == maxDepth {
		return nil, false
	}
	for ; n > 0; n-- {
		if b, ok = skip(b, depth+1); !ok {
			return nil, false
		}
	}
	return b, true
}

// A reader reads values one after the other. Once one is not as it should be, failed
// is set.
type reader struct {
	b      []byte
	failed bool
}

func (r *reader) item(want kind) item {
	v, rest, ok := next(r.b)
	if r.failed || !ok || v.kind != want {
		r.failed = true
		return item{}
	}
	r.b = rest
	return v
}

// value returns the encoding of a value of any kind.
func (r *reader) value() []byte {
	rest, ok := skip(r.b, 0)
	if r.failed || !ok {
		r.failed = true
		return nil
	}
	v := r.b[:len(r.b)-len(rest)]
	r.b = rest
	return v
}

func (r *reader) seconds() int64 {
	n := r.item(positive).n
	if n > 1<<40 {
		r.failed = true
		return 0
	}
	return int64(n)
}
