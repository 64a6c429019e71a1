package codec

import (
	"fmt"
	"unsafe"

	"github.com/sessiongen/sessiongen/runtime/internal/wire"
)

// EncodeString writes v as a string. Like v5 it does not ask whether v is valid UTF-8.
func EncodeString[T ~string](e *Encoder, v T) {
	if e.err == nil {
		e.err = e.enc.EncodeString(string(v))
	}
}

// DecodeString reads a string; binary is none.
func DecodeString[T ~string](d *Decoder) T { return T(d.content(wire.Str)) }

// EncodeBytes writes v as a binary value, or nil if v is nil.
func EncodeBytes[S ~[]E, E ~byte](e *Encoder, v S) {
	if e.err == nil {
		e.err = e.enc.EncodeBytes(plain(v))
	}
}

// DecodeBytes reads a binary value or nil; a string is neither.
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

// EncodeByteArray writes the array that v is the whole of as a binary value.
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

// plain returns s itself, as a slice of bytes. Go converts between slices only if their elements
// are of one type, but those of all ~byte types are alike in memory.
func plain[E ~byte](s []E) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s))
}
