package codec

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/sessiongen/sessiongen/runtime/internal/wire"
)

// The functions below are for values whose encoding the schema chooses.

// EncodeVia writes the output of encode(v) as a binary value. A nil pointer, slice or map is written
// as nil, and encode is not called.
func EncodeVia[T any](e *Encoder, v T, encode func(T) ([]byte, error)) {
	if e.err != nil || e.null(isNil(&v)) {
		return
	}
	b, err := encode(v)
	if err != nil {
		e.Fail(&methodError{fmt.Sprintf("the function that encodes %v", reflect.TypeFor[T]()), err})
		return
	}
	e.self = true
	e.binary(b)
}

// DecodeVia reads a binary value with decode. Nil is read as the zero value, and decode is not called.
func DecodeVia[T any](d *Decoder, decode func([]byte) (T, error)) (v T) {
	if d.null() {
		return v
	}
	b := d.content(wire.Bin)
	if d.err != nil {
		return v
	}
	v, err := decode(bytes.Clone(b))
	if err != nil {
		d.Fail(&methodError{fmt.Sprintf("the function that decodes %v", reflect.TypeFor[T]()), err})
	}
	return v
}

// EncodeJSON writes v as JSON, by encoding/json, in a binary value.
func EncodeJSON[T any](e *Encoder, v T) {
	if e.err != nil {
		return
	}
	b, err := json.Marshal(&v)
	if err != nil {
		e.Fail(&methodError{fmt.Sprintf("json.Marshal of %v", reflect.TypeFor[T]()), err})
		return
	}
	e.self = true
	e.binary(b)
}

// DecodeJSON reads a binary value that contains JSON, by encoding/json. Nil is read as the zero
// value.
func DecodeJSON[T any](d *Decoder) (v T) {
	if d.null() {
		return v
	}
	if b := d.content(wire.Bin); d.err == nil {
		if err := json.Unmarshal(bytes.Clone(b), &v); err != nil {
			d.Fail(&methodError{fmt.Sprintf("json.Unmarshal of %v", reflect.TypeFor[T]()), err})
		}
	}
	return v
}

// binary writes b as a binary value, even if b is nil.
func (e *Encoder) binary(b []byte) {
	if b == nil {
		b = []byte{}
	}
	EncodeBytes(e, b)
}

// isNil reports whether *v is a nil pointer, slice, map, function, channel or interface.
func isNil[T any](v *T) bool {
	switch rv := reflect.ValueOf(v).Elem(); rv.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Func, reflect.Chan, reflect.Interface:
		return rv.IsNil()
	}
	return false
}
