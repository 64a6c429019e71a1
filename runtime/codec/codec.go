// Package codec converts the values of session fields to msgpack and back. Generated code calls it;
// programs need not.
//
// The typed methods of msgpack v5 encode and decode the values, and v5's reflective Unmarshal
// decodes the encoded bytes to the same values. This package checks what v5 does not: lengths,
// nesting, the kind of a value and the range of an integer. A value is decoded exactly or not at
// all.
//
// All functions EncodeX and DecodeX have the same form, so that each can encode or decode the
// elements of another. Errors stick, as in bufio.Writer: after the first error, further calls do
// nothing and return zero values. No error text contains a value.
package codec

import (
	"errors"

	"github.com/sessiongen/sessiongen/runtime/internal/wire"
)

// Append calls encode to append the encoding of v to dst. It returns an error, and dst unchanged,
// unless the encoding is exactly one value whose arrays and maps are nested at most 32 deep. The
// error is a [*PathError] if it concerns a part of the value.
func Append[T any](dst []byte, v T, encode func(*Encoder, T)) ([]byte, error) {
	b, _, err := appendValue(dst, v, encode)
	return b, err
}

// appendValue is Append. self says whether a method or function of the program wrote a part of the
// value.
func appendValue[T any](dst []byte, v T, encode func(*Encoder, T)) (b []byte, self bool, err error) {
	e := encoders.Get().(*Encoder)
	e.out.buf = dst
	encode(e, v) // if encode panics, e is not returned to the pool
	self = e.self
	b, err = e.finish(len(dst))
	if err != nil {
		return dst, self, err
	}
	return b, self, nil
}

// Decode decodes b, which must be exactly one value. It rejects malformed msgpack, and nesting of
// more than 32, before it calls decode. The result shares no memory with b. After an error, the
// result is the zero value. The error is a [*PathError] if it concerns a part of the value.
func Decode[T any](b []byte, decode func(*Decoder) T) (T, error) {
	var zero T
	if err := wire.Check(b); err != nil {
		return zero, err
	}
	d := decoders.Get().(*Decoder)
	d.in.data = b
	v := decode(d) // if decode panics, d is not returned to the pool
	if err := d.finish(); err != nil {
		return zero, err
	}
	return v, nil
}

// maxNest limits the recursion through slices, arrays, maps and pointers. It is larger than
// wire.MaxDepth because pointers are not visible in the encoding. Without it, a cyclic pointer would
// overflow the stack.
const maxNest = 64

var (
	errNest = errors.New("value refers to itself or is nested too deep")
	errRest = errors.New("value goes on after its last part")
)
