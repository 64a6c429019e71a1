package sessioninspect

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/sessiongen/sessiongen/runtime/internal/wire"
)

var typeNames = map[wire.Kind]string{
	wire.Nil: "nil", wire.Bool: "bool", wire.Int: "int", wire.Float32: "float32", wire.Float64: "float64",
	wire.Str: "str", wire.Bin: "bin", wire.Array: "array", wire.Map: "map", wire.Ext: "ext",
}

// typeOf returns the msgpack type of a value.
func typeOf(raw []byte) string { return typeNames[wire.KindOf(raw[0])] }

// Msgpack has values that JSON does not have. They become objects with one member: bytes in base64,
// an extension with its type, and as pairs a map whose keys are not all different strings.
type (
	binary64 struct {
		Bytes string `json:"base64"`
	}
	extension struct {
		Ext  int8   `json:"ext"`
		Data string `json:"base64"`
	}
	pairList struct {
		Pairs [][2]any `json:"pairs"`
	}
)

// value converts a well-formed value to a form for package json.
func value(raw []byte) any {
	v, _ := next(raw)
	return v
}

// next converts the first value of b, and returns what follows it.
func next(b []byte) (v any, rest []byte) {
	size, err := wire.Skip(b)
	if err != nil {
		return nil, nil // checked before
	}
	raw, rest := b[:size:size], b[size:]
	switch wire.KindOf(raw[0]) {
	case wire.Bool:
		return raw[0] == 0xc3, rest
	case wire.Int:
		return number(raw), rest
	case wire.Float32:
		return float(float64(math.Float32frombits(binary.BigEndian.Uint32(raw[1:]))), 32), rest
	case wire.Float64:
		return float(math.Float64frombits(binary.BigEndian.Uint64(raw[1:])), 64), rest
	case wire.Str:
		s, _, _ := wire.String(raw)
		return text(s), rest
	case wire.Bin:
		v, _, _ := wire.Bytes(raw)
		return base64Of(v), rest
	case wire.Array:
		return array(raw), rest
	case wire.Map:
		return object(raw), rest
	case wire.Ext:
		return extensionOf(raw), rest
	}
	return json.RawMessage("null"), rest // a nil value would be omitted
}

// number reads an integer of any form.
func number(raw []byte) json.Number {
	if v, _, err := wire.Uint(raw); err == nil {
		return json.Number(strconv.FormatUint(v, 10))
	}
	var v int64
	switch len(raw) {
	case 1:
		v = int64(int8(raw[0]))
	case 2:
		v = int64(int8(raw[1]))
	case 3:
		v = int64(int16(binary.BigEndian.Uint16(raw[1:])))
	case 5:
		v = int64(int32(binary.BigEndian.Uint32(raw[1:])))
	default:
		v = int64(binary.BigEndian.Uint64(raw[1:]))
	}
	return json.Number(strconv.FormatInt(v, 10))
}

// float returns a number, or a string if JSON has no such number.
func float(v float64, bits int) any {
	s := strconv.FormatFloat(v, 'g', -1, bits)
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return s
	}
	return json.Number(s)
}

func text(s []byte) any {
	if utf8.Valid(s) {
		return string(s)
	}
	return base64Of(s)
}

func base64Of(b []byte) binary64 { return binary64{base64.StdEncoding.EncodeToString(b)} }

func array(raw []byte) []any {
	n, size, _ := wire.ArrayHeader(raw)
	elements := make([]any, n)
	rest := raw[size:]
	for i := range elements {
		elements[i], rest = next(rest)
	}
	return elements
}

func object(raw []byte) any {
	n, size, _ := wire.MapHeader(raw)
	pairs := make([][2]any, n)
	members := make(map[string]any, n)
	rest := raw[size:]
	for i := range pairs {
		pairs[i][0], rest = next(rest)
		pairs[i][1], rest = next(rest)
		if key, ok := pairs[i][0].(string); ok {
			members[key] = pairs[i][1]
		}
	}
	if len(members) == n {
		return members
	}
	return pairList{pairs}
}

// extensionOf parses an extension: a code, a length of 1, 2 or 4 bytes unless the code determines
// it, the type, and the data.
func extensionOf(raw []byte) extension {
	at := 1
	switch raw[0] {
	case 0xc7:
		at = 2
	case 0xc8:
		at = 3
	case 0xc9:
		at = 5
	}
	return extension{int8(raw[at]), base64.StdEncoding.EncodeToString(raw[at+1:])}
}
