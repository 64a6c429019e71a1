package codec

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/sessiongen/sessiongen/runtime/internal/wire"
)

type signed interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64
}

type unsigned interface {
	~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64
}

// EncodeBool writes v as a bool.
func EncodeBool[T ~bool](e *Encoder, v T) {
	if e.err == nil {
		e.err = e.enc.EncodeBool(bool(v))
	}
}

// DecodeBool reads a bool.
func DecodeBool[T ~bool](d *Decoder) T {
	if !d.expect(wire.Bool) {
		return false
	}
	v, err := d.dec.DecodeBool()
	d.err = err
	return T(v)
}

// EncodeInt writes v in the shortest form.
func EncodeInt[T signed](e *Encoder, v T) {
	if e.err == nil {
		e.err = e.enc.EncodeInt(int64(v))
	}
}

// DecodeInt reads an integer of any form whose value fits T.
func DecodeInt[T signed](d *Decoder) T {
	if !d.expect(wire.Int) {
		return 0
	}
	code := d.in.data[d.in.pos]
	v, err := d.dec.DecodeInt64()
	if int64(T(v)) != v || v < 0 && isUnsigned(code) { // v5 would wrap around
		err = rangeError[T]()
	}
	d.err = err
	return T(v)
}

// EncodeUint writes v in the shortest form.
func EncodeUint[T unsigned](e *Encoder, v T) {
	if e.err == nil {
		e.err = e.enc.EncodeUint(uint64(v))
	}
}

// DecodeUint reads an integer of any form whose value fits T.
func DecodeUint[T unsigned](d *Decoder) T {
	if !d.expect(wire.Int) {
		return 0
	}
	code := d.in.data[d.in.pos]
	v, err := d.dec.DecodeUint64()
	if uint64(T(v)) != v || int64(v) < 0 && !isUnsigned(code) { // v5 would wrap around
		err = rangeError[T]()
	}
	d.err = err
	return T(v)
}

// isUnsigned reports whether the code of an integer is one of those for unsigned integers.
func isUnsigned(code byte) bool { return code < 0xd0 }

func rangeError[T signed | unsigned]() error {
	return fmt.Errorf("integer out of range of %T", T(0))
}

// EncodeFloat32 writes v as a float32.
func EncodeFloat32[T ~float32](e *Encoder, v T) {
	if e.err == nil {
		e.err = e.enc.EncodeFloat32(float32(v))
	}
}

// DecodeFloat32 reads a float32. A float64 is an error.
func DecodeFloat32[T ~float32](d *Decoder) T {
	if !d.expect(wire.Float32) {
		return 0
	}
	v, err := d.dec.DecodeFloat32()
	d.err = err
	return T(v)
}

// EncodeFloat64 writes v as a float64.
func EncodeFloat64[T ~float64](e *Encoder, v T) {
	if e.err == nil {
		e.err = e.enc.EncodeFloat64(float64(v))
	}
}

// DecodeFloat64 reads a float64 or float32. An integer is an error.
func DecodeFloat64[T ~float64](d *Decoder) T {
	if d.next() != wire.Float32 && !d.expect(wire.Float64) {
		return 0
	}
	v, err := d.dec.DecodeFloat64()
	d.err = err
	return T(v)
}

// EncodeTime writes v as a msgpack timestamp. It keeps nanoseconds, and drops the time zone and the
// monotonic clock reading.
func EncodeTime(e *Encoder, v time.Time) {
	if e.err == nil {
		e.err = e.enc.EncodeTime(v)
	}
}

// DecodeTime reads a timestamp. The result is in UTC, so that it is the same on every machine.
func DecodeTime(d *Decoder) time.Time {
	if !d.expect(wire.Ext) {
		return time.Time{}
	}
	if !isTime(d.in.rest()) {
		d.Fail(errTime)
		return time.Time{}
	}
	v, err := d.dec.DecodeTime()
	d.err = err
	return v.UTC()
}

var errTime = errors.New("extension is not a valid timestamp")

// isTime reports whether the extension at the start of b has one of the format's three forms of a
// timestamp. v5 accepts more.
func isTime(b []byte) bool {
	n, _ := wire.Skip(b)
	const second = 1e9 // nanoseconds
	switch {
	case n == 6 && b[0] == 0xd6 && b[1] == 0xff:
		return true
	case n == 10 && b[0] == 0xd7 && b[1] == 0xff:
		return binary.BigEndian.Uint64(b[2:])>>34 < second
	case n == 15 && b[0] == 0xc7 && b[2] == 0xff:
		return binary.BigEndian.Uint32(b[3:]) < second
	}
	return false
}
