package wire

import "encoding/binary"

// MapHeader reads the header of the map at the start of b. The header is size bytes long, and n
// pairs follow. MapHeader has checked that b has the 2n bytes that they need at least.
func MapHeader(b []byte) (n, size int, err error) { return expect(b, Map) }

// ArrayHeader reads the header of the array at the start of b. The header is size bytes long, and n
// elements follow. ArrayHeader has checked that b has the n bytes that they need at least.
func ArrayHeader(b []byte) (n, size int, err error) { return expect(b, Array) }

// String returns the content of the string at the start of b, as a subslice of b, and the size of
// the whole value in bytes. A binary value is not a string.
func String(b []byte) (s []byte, size int, err error) { return content(b, Str) }

// Bytes returns the content of the binary value at the start of b, as a subslice of b, and the size
// of the whole value in bytes. A string or nil is not a binary value.
func Bytes(b []byte) (v []byte, size int, err error) { return content(b, Bin) }

// Uint returns the integer at the start of b and its size in bytes. It accepts every form of an
// integer that is not negative.
func Uint(b []byte) (v uint64, size int, err error) {
	n, size, err := expect(b, Int)
	if err != nil {
		return 0, 0, err
	}
	code, body := b[0], b[size:size+n]
	switch n {
	case 0:
		v = uint64(int8(code))
	case 1:
		v = uint64(body[0])
	case 2:
		v = uint64(binary.BigEndian.Uint16(body))
	case 4:
		v = uint64(binary.BigEndian.Uint32(body))
	case 8:
		v = binary.BigEndian.Uint64(body)
	}
	if code >= 0xd0 && int8(b[min(1, n)]) < 0 { // a signed form; its first byte holds the sign
		return 0, 0, errKind
	}
	return v, size + n, nil
}

// Len returns the length in the header of the first value of b: bytes of a string or binary value,
// elements of an array, or pairs of a map. Nil has length 0. ok is false for other kinds, and for a
// value that declares more than b holds.
func Len(b []byte) (n int, ok bool) {
	kind, n, _, err := header(b)
	switch kind {
	case Nil, Str, Bin, Array, Map:
		return n, err == nil
	}
	return 0, false
}

// Largest returns the size in bytes of the largest element of the array, or of the largest pair of
// the map, at the start of b. It returns 0 for other kinds, and for values that declare more than b
// holds.
func Largest(b []byte) (largest int) {
	kind, n, pos, err := header(b)
	if err != nil || kind != Array && kind != Map {
		return 0
	}
	for range n {
		size, err := Skip(b[pos:])
		if err == nil && kind == Map {
			var value int
			value, err = Skip(b[pos+size:])
			size += value
		}
		if err != nil {
			return 0
		}
		largest = max(largest, size)
		pos += size
	}
	return largest
}

func expect(b []byte, want Kind) (n, size int, err error) {
	kind, n, size, err := header(b)
	if err == nil && kind != want {
		err = errKind
	}
	if err != nil {
		return 0, 0, err
	}
	return n, size, nil
}

func content(b []byte, want Kind) ([]byte, int, error) {
	n, size, err := expect(b, want)
	if err != nil {
		return nil, 0, err
	}
	return b[size : size+n : size+n], size + n, nil
}
