// Package wire reads and writes the framing of msgpack values: headers, lengths and nesting. It does
// not allocate, uses the standard library alone, and trusts no length until it has seen that the
// bytes are there.
//
// The format: https://github.com/msgpack/msgpack/blob/master/spec.md
package wire

// A Kind is the family of a value. The value's first byte, its code, determines it.
type Kind uint8

const (
	Invalid Kind = iota // 0xc1, which the format does not use
	Nil
	Bool
	Int // signed and unsigned, all sizes
	Float32
	Float64
	Str
	Bin
	Array
	Map
	Ext
)

// KindOf returns the kind of the value that begins with code.
func KindOf(code byte) Kind { return codes[code].kind }

func (k Kind) String() string {
	return [...]string{"invalid code", "nil", "bool", "integer", "float32", "float64",
		"string", "binary", "array", "map", "extension"}[k]
}

// A code says what follows a value's first byte: a length field of width bytes, and then content.
// The content has n plus that length bytes, array elements or map pairs. The type byte of an
// extension counts as content.
type code struct {
	kind     Kind
	n, width uint8
}

var codes = func() (t [256]code) {
	for i := range t {
		switch c := uint8(i); {
		case c <= 0x7f, c >= 0xe0:
			t[c] = code{kind: Int}
		case c <= 0x8f:
			t[c] = code{kind: Map, n: c & 0x0f}
		case c <= 0x9f:
			t[c] = code{kind: Array, n: c & 0x0f}
		case c <= 0xbf:
			t[c] = code{kind: Str, n: c & 0x1f}
		}
	}
	copy(t[0xc0:], []code{
		{Nil, 0, 0}, {Invalid, 0, 0}, {Bool, 0, 0}, {Bool, 0, 0},
		{Bin, 0, 1}, {Bin, 0, 2}, {Bin, 0, 4}, // c4
		{Ext, 1, 1}, {Ext, 1, 2}, {Ext, 1, 4}, // c7
		{Float32, 4, 0}, {Float64, 8, 0}, // ca
		{Int, 1, 0}, {Int, 2, 0}, {Int, 4, 0}, {Int, 8, 0}, // cc: unsigned
		{Int, 1, 0}, {Int, 2, 0}, {Int, 4, 0}, {Int, 8, 0}, // d0: signed
		{Ext, 2, 0}, {Ext, 3, 0}, {Ext, 5, 0}, {Ext, 9, 0}, {Ext, 17, 0}, // d4
		{Str, 0, 1}, {Str, 0, 2}, {Str, 0, 4}, // d9
		{Array, 0, 2}, {Array, 0, 4}, // dc
		{Map, 0, 2}, {Map, 0, 4}, // de
	})
	return t
}()

// fixed is the total size of a value if its code alone determines it, and 0 otherwise.
var fixed = func() (t [256]uint8) {
	for i, c := range codes {
		if c.width == 0 && c.kind != Invalid && c.kind != Array && c.kind != Map {
			t[i] = 1 + c.n
		}
	}
	return t
}()
