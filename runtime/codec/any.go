package codec

import (
	"math"
	"reflect"
	"time"

	"github.com/sessiongen/sessiongen/runtime/internal/wire"
)

// EncodeAny writes what v5 would write of v. DecodeAny reads it back in a general form: a []string
// as []any, a value of a named type as its underlying type, a struct as map[string]any, and the
// output of a type's own methods as it was written. It is an error if v, or a part of it, could not
// be read back: functions, channels, complex numbers, maps with keys other than strings, and structs
// with unexported fields.
func EncodeAny(e *Encoder, v any) {
	switch v := v.(type) {
	case nil:
		e.Nil()
	case bool:
		EncodeBool(e, v)
	case int:
		EncodeInt(e, v)
	case int8:
		EncodeInt(e, v)
	case int16:
		EncodeInt(e, v)
	case int32:
		EncodeInt(e, v)
	case int64:
		EncodeInt(e, v)
	case uint:
		EncodeUint(e, v)
	case uint8:
		EncodeUint(e, v)
	case uint16:
		EncodeUint(e, v)
	case uint32:
		EncodeUint(e, v)
	case uint64:
		EncodeUint(e, v)
	case float32:
		EncodeFloat32(e, v)
	case float64:
		EncodeFloat64(e, v)
	case string:
		EncodeString(e, v)
	case []byte:
		EncodeBytes(e, v)
	case time.Time:
		EncodeTime(e, v)
	case []any:
		EncodeSlice(e, v, EncodeAny)
	case map[string]any:
		EncodeMap(e, v, EncodeString[string], EncodeAny)
	default:
		encodeOther(e, reflect.ValueOf(v))
	}
}

// DecodeAny reads a value as the type that its encoding names: nil, bool, int64 (uint64 above
// MaxInt64), float64, string, []byte, []any, map[string]any or time.Time.
func DecodeAny(d *Decoder) any {
	var v any
	switch d.next() {
	case wire.Nil:
		d.null()
	case wire.Bool:
		v = DecodeBool[bool](d)
	case wire.Int:
		v = decodeAnyInt(d)
	case wire.Float32, wire.Float64:
		v = DecodeFloat64[float64](d)
	case wire.Str:
		v = DecodeString[string](d)
	case wire.Bin:
		v = DecodeBytes[[]byte](d)
	case wire.Array:
		v = DecodeSlice[[]any](d, DecodeAny)
	case wire.Map:
		v = DecodeMap[map[string]any](d, DecodeString[string], DecodeAny)
	case wire.Ext:
		v = DecodeTime(d)
	default:
		if d.err == nil {
			d.mismatch("a value")
		}
	}
	if d.err != nil {
		return nil
	}
	return v
}

func decodeAnyInt(d *Decoder) any {
	if !isUnsigned(d.in.data[d.in.pos]) {
		return DecodeInt[int64](d)
	}
	v := DecodeUint[uint64](d)
	if v > math.MaxInt64 {
		return v
	}
	return int64(v)
}
