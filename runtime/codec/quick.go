package codec

import (
	"errors"
	"fmt"

	"github.com/sessiongen/sessiongen/runtime/internal/wire"
)

// Most fields hold a string, an integer or a bool of a few bytes. Setting up a Decoder or an Encoder
// takes longer than reading or writing those. The functions here do without one for these types.
// They produce exactly the same bytes and values, and leave everything unusual, errors above all, to
// the ordinary codecs.

// AppendField is Append for the value of a field. If T is a predeclared type, encode must be its
// codec in this package.
func AppendField[T any](dst []byte, v T, encode func(*Encoder, T)) ([]byte, error) {
	if b, ok := quickAppend(dst, &v); ok {
		return b, nil
	}
	return Append(dst, v, encode)
}

// AppendReadable is AppendField for a value that must be readable. If a method or function of the
// program wrote a part of it, the encoding is decoded once, and a failure of that is an error. Other
// values cost no more than with AppendField.
func AppendReadable[T any](dst []byte, v T, encode func(*Encoder, T), decode func(*Decoder) T) ([]byte, error) {
	if b, ok := quickAppend(dst, &v); ok {
		return b, nil
	}
	b, self, err := appendValue(dst, v, encode)
	if err != nil || !self {
		return b, err
	}
	if _, err := Decode(b[len(dst):], decode); err != nil {
		clear(b[len(dst):])
		return dst, unreadable(err)
	}
	return b, nil
}

// unreadable marks a decoding error as the result of a trial.
func unreadable(err error) error {
	if e, ok := errors.AsType[*PathError](err); ok {
		return &PathError{e.Path, unreadable(e.Err), e.hidden}
	}
	return fmt.Errorf("what was written cannot be read back: %w", err)
}

// DecodeField is Decode for the value of a field. If T is a predeclared type, decode must be its
// codec in this package.
func DecodeField[T any](b []byte, decode func(*Decoder) T) (T, error) {
	var v T
	if quickDecode(b, &v) {
		return v, nil
	}
	return Decode(b, decode)
}

// quickDecode decodes b into the variable that v points to if it can, and reports whether it did. It is not generic, so
// that programs do not hold a copy for each type.
func quickDecode(b []byte, v any) bool {
	switch v := v.(type) {
	case *string:
		s, size, err := wire.String(b)
		if err != nil || size != len(b) {
			return false
		}
		*v = string(s)
		return true
	case *int:
		n, ok := quickInt(b)
		*v = int(n)
		return ok
	case *int64:
		n, ok := quickInt(b)
		*v = int64(n)
		return ok
	case *bool:
		*v = len(b) == 1 && b[0] == 0xc3
		return *v || len(b) == 1 && b[0] == 0xc2
	}
	return false
}

// quickInt reads a non-negative integer of at most 32 bits.
func quickInt(b []byte) (n uint32, ok bool) {
	switch {
	case len(b) == 1 && b[0] <= 0x7f:
		return uint32(b[0]), true
	case len(b) == 2 && b[0] == 0xcc:
		return uint32(b[1]), true
	case len(b) == 3 && b[0] == 0xcd:
		return uint32(b[1])<<8 | uint32(b[2]), true
	case len(b) == 5 && b[0] == 0xce:
		n = uint32(b[1])<<24 | uint32(b[2])<<16 | uint32(b[3])<<8 | uint32(b[4])
		return n, n <= 1<<31-1 // larger values do not fit an int on every machine
	}
	return 0, false
}

// quickAppend appends the encoding of the variable that v points to if it can, and reports whether it did.
func quickAppend(dst []byte, v any) ([]byte, bool) {
	switch v := v.(type) {
	case *string:
		return wire.AppendString(dst, *v), true
	case *int:
		if *v >= 0 {
			return wire.AppendUint(dst, uint64(*v)), true
		}
	case *int64:
		if *v >= 0 {
			return wire.AppendUint(dst, uint64(*v)), true
		}
	case *bool:
		if *v {
			return append(dst, 0xc3), true
		}
		return append(dst, 0xc2), true
	}
	return dst, false
}
