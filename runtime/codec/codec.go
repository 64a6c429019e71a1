// Package codec turns the values of session fields into msgpack and back. It is what
// generated code calls; programs have no need of it.
//
// The values themselves go through the typed methods of msgpack v5, and the bytes decode to the
// same values with its reflective Unmarshal. What v5 takes on trust is checked here: lengths,
// nesting, the kind of a value and the range of an integer. A value is decoded as it was
// meant or not at all.
//
// All functions EncodeX and DecodeX have the same form, so that each can be the codec of an element
// of another. Errors stick, as those of bufio.Writer do: after the first, further calls
// do nothing and return zero values. No error text contains a value.
package codec

import (
	"errors"

	"github.com/sessiongen/sessiongen/runtime/internal/wire"
)

// Append appends the encoding of v to dst, as encode writes it. It is an error if that is not
// exactly one value, or one in which arrays and maps are nested more than 32 deep; dst
// is returned as it was then. The error is a [*PathError] if a part of the value is at fault.
func Append[T any](dst []byte, v T, encode func(*Encoder, T)) ([]byte, error) {
	b, _, err := appendValue(dst, v, encode)
	return b, err
}

// appendValue also reports whether a method or function of the program wrote a part of the value.
func appendValue[T any](dst []byte, v T, encode func(*Encoder, T)) (b []byte, self bool, err error) {
	e := encoders.Get().(*Encoder)
	e.out.buf = dst
	encode(e, v) // if it panics, e is not pooled again
	self = e.self
	b, err = e.finish(len(dst))
	if err != nil {
		return dst, self, err
	}
	return b, self, nil
}

// Decode decodes the one value that b must hold. Bytes that are no well-formed msgpack, or
// nested more than 32 deep, are refused before decode sees them. The result shares no
// memory with b. After an error it is zero. The error is a [*PathError] if a part of the value is
// at fault.
func Decode[T any](b []byte, decode func(*Decoder) T) (T, error) {
	var zero T
	if err := wire.Check(b); err != nil {
		return zero, err
	}
	d := decoders.Get().(*Decoder)
	d.in.data = b
	v := decode(d) // if it panics, d is not pooled again
	if err := d.finish(); err != nil {
		return zero, err
	}
	return v, nil
}

// maxNest bounds the recursion through slices, arrays, maps and pointers. It is above what wire.MaxDepth
// allows, because pointers leave no trace in the encoding; without it, a cyclic
// pointer would overflow the stack.
const maxNest = 64

var (
	errNest = errors.New("value refers to itself or is nested too deep")
	errRest = errors.New("value goes on after its last part")
)
