package codec

import (
	"fmt"
	"unsafe"

	"github.com/sessiongen/sessiongen/runtime/internal/wire"
)

// EncodeString writes v as a string. Like v5, it does not check that v is valid UTF-8.
func EncodeString[T ~string](e *Encoder, v T) {
	if e.err == nil {
		e.err = e.enc.EncodeString(string(v))
	}
}

// DecodeString reads a string. A binary value is an error.
func DecodeString[T ~string](d *Decoder) T { return T(d.content(wire.Str)) }

// EncodeBytes writes v as a binary value, or nil if v is nil.
func EncodeBytes[S ~[]E, E ~byte](e *Encoder, v S) {
	if e.err == nil {
		e.err = e.enc.EncodeBytes(plain(v))
	}
}

// DecodeBytes reads a binary value or nil. A string is an error.
func DecodeBytes[S ~[]E, E ~byte](d *Decoder) S {
	if d.null() {
		return nil
	}
	b := d.content(wire.Bin)
	if d.err != nil {
		return nil
	}
	v := make(S, len(b))
	copy(plain(v), b)
	return v
}

// EncodeByteArray writes an array, given as a slice of it, as a binary value.
func EncodeByteArray[E ~byte](e *Encoder, v []E) {
	if e.err == nil {
		e.err = e.enc.EncodeBytesLen(len(v))
		e.out.buf = append(e.out.buf, plain(v)...)
	}
}

// DecodeByteArray reads a binary value of exactly len(v) bytes into v.
func DecodeByteArray[E ~byte](d *Decoder, v []E) {
	b := d.content(wire.Bin)
	if d.err == nil && len(b) != len(v) {
		d.Fail(fmt.Errorf("binary of %d bytes where %d are expected", len(b), len(v)))
	}
	if d.err == nil {
		copy(plain(v), b)
	}
}

// plain returns s itself as a []byte. Go does not convert between slices with different element
// types, but all ~byte types have the same memory layout.
func plain[E ~byte](s []E) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s))
}
