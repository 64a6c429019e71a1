package codec

import (
	"bytes"
	"encoding"
	"fmt"
	"reflect"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/sessiongen/sessiongen/runtime/internal/wire"
)

// The functions below call methods that the program's types have, on a T or a *T. As in v5:
//
//   - if a nil map or slice has the method itself (not its pointer type), nil is written
//     and the method is not called;
//   - nil is read as the zero value, and the method is not called. A marshaler of any type
//     may write nil, so this does not weaken the check for values that must not be nil.
//
// Methods get copies, or objects made for the call. A method may keep its argument, or change
// settings of its encoder or decoder, without affecting anything else.

// EncodeCustom writes v with its method EncodeMsgpack(*msgpack.Encoder), which must write one value.
func EncodeCustom[T any, P interface {
	*T
	msgpack.CustomEncoder
}](e *Encoder, v T) {
	if e.err != nil || e.null(isNull[msgpack.CustomEncoder](&v)) {
		return
	}
	if e.user == nil {
		e.user = newUserEncoder()
	}
	start := len(e.out.buf)
	var err error
	e.out.buf, err = e.user.encode(e.out.buf, P(&v))
	if err == nil {
		err = oneValue(e.out.buf[start:])
	}
	if err != nil {
		clear(e.out.buf[start:])
		e.out.buf = e.out.buf[:start]
		e.Fail(wrap[T]("EncodeMsgpack", err))
		return
	}
	e.self = true
}

// DecodeCustom reads a value of any kind with the method DecodeMsgpack(*msgpack.Decoder), which must
// read all of it.
func DecodeCustom[T any, P interface {
	*T
	msgpack.CustomDecoder
}](d *Decoder) (v T) {
	if d.null() {
		return v
	}
	b := d.raw()
	if d.err != nil {
		return v
	}
	if d.user == nil {
		d.user = newUserDecoder()
	}
	d.Fail(wrap[T]("DecodeMsgpack", d.user.decode(b, P(&v))))
	return v
}

// EncodeMsgpack writes the output of MarshalMsgpack, which must be one value.
func EncodeMsgpack[T any, P interface {
	*T
	msgpack.Marshaler
}](e *Encoder, v T) {
	if e.err != nil || e.null(isNull[msgpack.Marshaler](&v)) {
		return
	}
	b, err := P(&v).MarshalMsgpack()
	if err == nil {
		err = oneValue(b)
	}
	if err != nil {
		e.Fail(wrap[T]("MarshalMsgpack", err))
		return
	}
	e.self = true
	e.out.buf = append(e.out.buf, b...)
}

// DecodeMsgpack reads a value of any kind with UnmarshalMsgpack.
func DecodeMsgpack[T any, P interface {
	*T
	msgpack.Unmarshaler
}](d *Decoder) (v T) {
	if d.null() {
		return v
	}
	if b := d.raw(); d.err == nil {
		d.Fail(wrap[T]("UnmarshalMsgpack", P(&v).UnmarshalMsgpack(bytes.Clone(b))))
	}
	return v
}

// EncodeBinary writes the output of MarshalBinary as a binary value.
func EncodeBinary[T any, P interface {
	*T
	encoding.BinaryMarshaler
}](e *Encoder, v T) {
	if e.err != nil || e.null(isNull[encoding.BinaryMarshaler](&v)) {
		return
	}
	b, err := P(&v).MarshalBinary()
	if err != nil {
		e.Fail(wrap[T]("MarshalBinary", err))
		return
	}
	e.self = true
	EncodeBytes(e, b)
}

// DecodeBinary reads a binary value with UnmarshalBinary.
func DecodeBinary[T any, P interface {
	*T
	encoding.BinaryUnmarshaler
}](d *Decoder) (v T) {
	if d.null() {
		return v
	}
	if b := d.content(wire.Bin); d.err == nil {
		d.Fail(wrap[T]("UnmarshalBinary", P(&v).UnmarshalBinary(bytes.Clone(b))))
	}
	return v
}

// EncodeText writes the output of MarshalText. It writes a binary value, as v5 does.
func EncodeText[T any, P interface {
	*T
	encoding.TextMarshaler
}](e *Encoder, v T) {
	if e.err != nil || e.null(isNull[encoding.TextMarshaler](&v)) {
		return
	}
	b, err := P(&v).MarshalText()
	if err != nil {
		e.Fail(wrap[T]("MarshalText", err))
		return
	}
	e.self = true
	EncodeBytes(e, b)
}

// DecodeText reads a binary value with UnmarshalText.
func DecodeText[T any, P interface {
	*T
	encoding.TextUnmarshaler
}](d *Decoder) (v T) {
	if d.null() {
		return v
	}
	if b := d.content(wire.Bin); d.err == nil {
		d.Fail(wrap[T]("UnmarshalText", P(&v).UnmarshalText(bytes.Clone(b))))
	}
	return v
}

// isNull reports whether *v is nil and T itself, not only *T, has the methods of I.
func isNull[I, T any](v *T) bool {
	switch rv := reflect.ValueOf(v).Elem(); rv.Kind() {
	case reflect.Map, reflect.Slice, reflect.Func, reflect.Chan:
		if rv.IsNil() {
			_, ok := any(*v).(I)
			return ok
		}
	}
	return false
}

// null writes nil if is is true, and returns is.
func (e *Encoder) null(is bool) bool {
	if is {
		e.Nil()
	}
	return is
}

// oneValue returns an error unless b, which a user's method wrote, is exactly one value.
func oneValue(b []byte) error {
	if wire.Check(b) != nil {
		return misuse("does not write exactly one value")
	}
	return nil
}

// A misuse is an error of a user's method that breaks its contract.
type misuse string

func (m misuse) Error() string { return string(m) }

// wrap adds the name of the method that returned err.
func wrap[T any](method string, err error) error {
	if err == nil {
		return nil
	}
	return &methodError{fmt.Sprintf("%v.%s", reflect.TypeFor[T](), method), err}
}

// A methodError is an error of a user's method or function. Its text leaves out the wrapped error's,
// which often quotes the value (as those of netip.ParseAddr and time.Parse do). errors.As and
// errors.Is find the wrapped error.
type methodError struct {
	name string
	err  error
}

func (e *methodError) Error() string {
	if m, ok := e.err.(misuse); ok {
		return e.name + " " + string(m)
	}
	return e.name + " failed"
}

func (e *methodError) Unwrap() error { return e.err }
