package runtime_test

import (
	"errors"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/codec"
)

// visitor is what generated code would declare for the schema below.
type visitor struct{ runtime.Session }

type item struct {
	SKU string
	N   int
}

var (
	fieldUser = runtime.Field[string]{Index: 0, Name: "User", Key: "user", Max: 10,
		Encode: codec.EncodeString[string], Decode: codec.DecodeString[string]}
	fieldVisits = runtime.Field[int]{Index: 1, Name: "Visits", Key: "visits",
		Encode: codec.EncodeInt[int], Decode: codec.DecodeInt[int]}
	fieldRoles = runtime.Field[[]string]{Index: 2, Name: "Roles", Key: "roles", Max: 3,
		Encode: encodeStrings, Decode: decodeStrings}
	fieldToken = runtime.Field[string]{Index: 3, Name: "Token", Key: "token", Secret: true,
		Encode: codec.EncodeString[string], Decode: codec.DecodeString[string]}
	fieldTheme = runtime.Field[string]{Index: 4, Name: "Theme", Key: "theme", Default: "light",
		Encode: codec.EncodeString[string], Decode: codec.DecodeString[string]}
	fieldCart = runtime.Field[[]item]{Index: 5, Name: "Cart", Key: "cart",
		Encode: func(e *codec.Encoder, v []item) { codec.EncodeSlice(e, v, encodeItem) },
		Decode: func(d *codec.Decoder) []item { return codec.DecodeSlice[[]item](d, decodeItem) }}
	fieldScores = runtime.Field[map[string]int]{Index: 6, Name: "Scores", Key: "scores", Max: 2,
		Encode: func(e *codec.Encoder, v map[string]int) {
			codec.EncodeMap(e, v, codec.EncodeString[string], codec.EncodeInt[int])
		},
		Decode: func(d *codec.Decoder) map[string]int {
			return codec.DecodeMap[map[string]int](d, codec.DecodeString[string], codec.DecodeInt[int])
		}}
	fieldAccount = runtime.Field[int64]{Index: 7, Name: "Account", Key: "account", Principal: true,
		Encode: codec.EncodeInt[int64], Decode: codec.DecodeInt[int64]}
	fieldCode = runtime.Field[string]{Index: 8, Name: "Code", Key: "code", TTL: 10 * time.Minute,
		Encode: codec.EncodeString[string], Decode: codec.DecodeString[string]}
	fieldBlob = runtime.Field[[]byte]{Index: 9, Name: "Blob", Key: "blob",
		Encode: codec.EncodeBytes[[]byte], Decode: codec.DecodeBytes[[]byte]}
	fieldSince = runtime.Field[time.Time]{Index: 10, Name: "Since", Key: "since",
		Encode: codec.EncodeTime, Decode: codec.DecodeTime}
)

var fields = []runtime.AnyField{&fieldUser, &fieldVisits, &fieldRoles, &fieldToken, &fieldTheme, &fieldCart,
	&fieldScores, &fieldAccount, &fieldCode, &fieldBlob, &fieldSince}

func encodeStrings(e *codec.Encoder, v []string) {
	codec.EncodeSlice(e, v, codec.EncodeString[string])
}

func decodeStrings(d *codec.Decoder) []string {
	return codec.DecodeSlice[[]string](d, codec.DecodeString[string])
}

func encodeItem(e *codec.Encoder, v item) {
	e.MapLen(2)
	e.Key("SKU")
	codec.EncodeString(e, v.SKU)
	e.Key("N")
	codec.EncodeInt(e, v.N)
}

func decodeItem(d *codec.Decoder) (v item) {
	for n := d.MapLen(); n > 0; n-- {
		switch string(d.Key()) {
		case "SKU":
			v.SKU = codec.DecodeString[string](d)
		case "N":
			v.N = codec.DecodeInt[int](d)
		default:
			d.Skip()
		}
	}
	return v
}

// setBlob returns a use that makes a session so large, with bytes that tell where
// they belong.
func setBlob(size int) func(*visitor) {
	blob := make([]byte, size)
	for i := range blob {
		blob[i] = byte(i * 7)
	}
	return func(s *visitor) { fieldBlob.Set(s.Session, blob) }
}

// moody is a type whose marshaler may fail or panic.
type moody string

func (m moody) MarshalText() ([]byte, error) {
	switch m {
	case "fail":
		return nil, errors.New("no: " + string(m) + " s3cret-value")
	case "panic":
		panic("the program's own")
	}
	return []byte(m), nil
}

func (m *moody) UnmarshalText(b []byte) error {
	*m = moody(b)
	return nil
}

func moodyField(secret bool) runtime.Field[moody] {
	return runtime.Field[moody]{Index: 0, Name: "Moody", Key: "m", Secret: secret,
		Encode: codec.EncodeText[moody, *moody], Decode: codec.DecodeText[moody, *moody]}
}
