package codec

import (
	"math"
	"math/big"
	"net"
	"net/netip"
	"net/url"
	"reflect"
	"testing"
	"time"

	"github.com/vmihailenco/msgpack/v5"
	"pgregory.net/rapid"
)

// agree checks on values of gen that v5's reflective Unmarshal reads what encode writes, and that decode
// reads what encode and v5's reflective Marshal write.
func agree[T any](t *testing.T, name string, gen *rapid.Generator[T], encode func(*Encoder, T), decode func(*Decoder) T) {
	t.Run(name, func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			v := gen.Draw(t, "value")
			check := func(how string, got T, err error) {
				if err != nil || !reflect.DeepEqual(got, v) {
					t.Fatalf("%s: got %#v, %v; want %#v", how, got, err, v)
				}
			}

			ours, err := Append([]byte("before"), v, encode)
			if err != nil || string(ours[:6]) != "before" {
				t.Fatalf("Append returns %x, %v, want the beginning unchanged", ours, err)
			}
			ours = ours[6:]
			got, err := Decode(ours, decode)
			check("ours by us", got, err)

			// To v5, v is a field of a struct: it treats some types in another way elsewhere.
			var field struct{ V T }
			err = msgpack.Unmarshal(append([]byte(fieldHeader), ours...), &field)
			check("ours by v5", inUTC(field.V), err)

			field.V = v
			theirs, err := msgpack.Marshal(&field)
			if err != nil {
				t.Fatal(err)
			}
			got, err = Decode(theirs[len(fieldHeader):], decode)
			check("v5's by us", got, err)
		})
	})
}

// fieldHeader is how the encoding of a struct{ V T } begins.
const fieldHeader = "\x81\xa1V"

type (
	flag     bool
	level    int8
	amount   uint16
	ratio    float64
	name     string
	octet    byte
	password []octet
)

func ints[T signed]() *rapid.Generator[T] {
	return rapid.Custom(func(t *rapid.T) T { // all magnitudes alike
		return T(rapid.Int64().Draw(t, "bits") >> rapid.IntRange(0, 63).Draw(t, "shift"))
	})
}

func uints[T unsigned]() *rapid.Generator[T] {
	return rapid.Custom(func(t *rapid.T) T {
		return T(rapid.Uint64().Draw(t, "bits") >> rapid.IntRange(0, 63).Draw(t, "shift"))
	})
}

func TestScalarsAgree(t *testing.T) {
	agree(t, "bool", rapid.Bool(), EncodeBool, DecodeBool)
	agree(t, "named bool", rapid.Map(rapid.Bool(), func(v bool) flag { return flag(v) }), EncodeBool, DecodeBool)
	agree(t, "int", ints[int](), EncodeInt, DecodeInt)
	agree(t, "int8", ints[int8](), EncodeInt, DecodeInt)
	agree(t, "int16", ints[int16](), EncodeInt, DecodeInt)
	agree(t, "int32", ints[int32](), EncodeInt, DecodeInt)
	agree(t, "int64", ints[int64](), EncodeInt, DecodeInt)
	agree(t, "named int", ints[level](), EncodeInt, DecodeInt)
	agree(t, "duration", ints[time.Duration](), EncodeInt, DecodeInt)
	agree(t, "uint", uints[uint](), EncodeUint, DecodeUint)
	agree(t, "uint8", uints[uint8](), EncodeUint, DecodeUint)
	agree(t, "uint16", uints[uint16](), EncodeUint, DecodeUint)
	agree(t, "uint32", uints[uint32](), EncodeUint, DecodeUint)
	agree(t, "uint64", uints[uint64](), EncodeUint, DecodeUint)
	agree(t, "named uint", uints[amount](), EncodeUint, DecodeUint)
	agree(t, "float32", rapid.Float32(), EncodeFloat32, DecodeFloat32)
	agree(t, "float64", rapid.Float64(), EncodeFloat64, DecodeFloat64)
	agree(t, "named float", rapid.Map(rapid.Float64(), func(v float64) ratio { return ratio(v) }), EncodeFloat64, DecodeFloat64)
	agree(t, "string", rapid.StringN(0, 300, -1), EncodeString, DecodeString)
	agree(t, "named string", rapid.Map(rapid.String(), func(v string) name { return name(v) }), EncodeString, DecodeString)
	agree(t, "time", times(), EncodeTime, DecodeTime)
}

// times are those of all three forms, and the zero time.
func times() *rapid.Generator[time.Time] {
	return rapid.Custom(func(t *rapid.T) time.Time {
		sec := ints[int64]().Draw(t, "sec")
		nsec := rapid.OneOf(rapid.Just(0), rapid.IntRange(0, 999_999_999)).Draw(t, "nsec")
		if rapid.IntRange(0, 9).Draw(t, "zero") == 0 {
			return time.Time{}
		}
		if v := time.Unix(sec, int64(nsec)).UTC(); !v.IsZero() {
			return v
		}
		return time.Time{}
	})
}

// inUTC is v with all times in it in UTC: v5 reads them in the zone of the machine.
func inUTC[T any](v T) T {
	toUTC(reflect.ValueOf(&v).Elem())
	return v
}

func toUTC(v reflect.Value) {
	if v.Type() == timeType {
		v.Set(reflect.ValueOf(v.Interface().(time.Time).UTC()))
		return
	}
	inner := func(x reflect.Value) reflect.Value {
		x = addressable(x)
		toUTC(x)
		return x
	}
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		switch {
		case v.IsNil():
		case v.Kind() == reflect.Interface:
			v.Set(inner(v.Elem()))
		default:
			toUTC(v.Elem())
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			toUTC(v.Index(i))
		}
	case reflect.Map:
		for key, elem := range v.Seq2() {
			v.SetMapIndex(key, inner(elem))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				toUTC(v.Field(i))
			}
		}
	}
}

func TestFloatsThatAreNoNumbers(t *testing.T) {
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1)} {
		b, err := Append(nil, v, EncodeFloat64)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Decode(b, DecodeFloat64[float64]); err != nil || math.Float64bits(got) != math.Float64bits(v) {
			t.Errorf("%v: got %v, %v", v, got, err)
		}
	}
}

// slicesOf also generates nil and empty slices, of which rapid makes few.
func slicesOf[T any](elem *rapid.Generator[T]) *rapid.Generator[[]T] {
	return rapid.OneOf(rapid.Just([]T(nil)), rapid.Just([]T{}), rapid.SliceOfN(elem, 0, 40))
}

func mapsOf[K comparable, V any](key *rapid.Generator[K], elem *rapid.Generator[V]) *rapid.Generator[map[K]V] {
	return rapid.OneOf(rapid.Just(map[K]V(nil)), rapid.Just(map[K]V{}), rapid.MapOfN(key, elem, 0, 20))
}

func TestBytesAgree(t *testing.T) {
	agree(t, "bytes", slicesOf(rapid.Byte()), EncodeBytes, DecodeBytes[[]byte])
	agree(t, "named bytes", rapid.Map(slicesOf(rapid.Byte()), func(b []byte) password {
		if b == nil {
			return nil
		}
		v := make(password, len(b))
		for i := range b {
			v[i] = octet(b[i])
		}
		return v
	}), EncodeBytes, DecodeBytes[password])
	agree(t, "array", rapid.Map(rapid.SliceOfN(rapid.Byte(), 16, 16), func(b []byte) [16]octet {
		var v [16]octet
		for i := range b {
			v[i] = octet(b[i])
		}
		return v
	}), func(e *Encoder, v [16]octet) {
		EncodeByteArray(e, v[:])
	}, func(d *Decoder) (v [16]octet) {
		DecodeByteArray(d, v[:])
		return v
	})
}

func TestContainersAgree(t *testing.T) {
	agree(t, "slice", slicesOf(ints[int]()),
		func(e *Encoder, v []int) { EncodeSlice(e, v, EncodeInt) },
		func(d *Decoder) []int { return DecodeSlice[[]int](d, DecodeInt) })
	agree(t, "strings", slicesOf(rapid.String()),
		func(e *Encoder, v []string) { EncodeSlice(e, v, EncodeString) },
		func(d *Decoder) []string { return DecodeSlice[[]string](d, DecodeString) })
	agree(t, "slices of slices", slicesOf(slicesOf(rapid.Bool())),
		func(e *Encoder, v [][]bool) {
			EncodeSlice(e, v, func(e *Encoder, v []bool) { EncodeSlice(e, v, EncodeBool) })
		},
		func(d *Decoder) [][]bool {
			return DecodeSlice[[][]bool](d, func(d *Decoder) []bool { return DecodeSlice[[]bool](d, DecodeBool) })
		})
	agree(t, "array", rapid.Map(rapid.SliceOfN(rapid.String(), 3, 3), func(v []string) [3]string { return [3]string(v) }),
		func(e *Encoder, v [3]string) { EncodeArray(e, v[:], EncodeString) },
		func(d *Decoder) (v [3]string) { DecodeArray(d, v[:], DecodeString); return v })
	agree(t, "pointer", rapid.Ptr(uints[uint32](), true),
		func(e *Encoder, v *uint32) { EncodePointer(e, v, EncodeUint) },
		func(d *Decoder) *uint32 { return DecodePointer(d, DecodeUint[uint32]) })
	agree(t, "map", mapsOf(rapid.String(), rapid.Float64()),
		func(e *Encoder, v map[string]float64) { EncodeMap(e, v, EncodeString, EncodeFloat64) },
		func(d *Decoder) map[string]float64 {
			return DecodeMap[map[string]float64](d, DecodeString[string], DecodeFloat64)
		})
	agree(t, "map of maps", mapsOf(ints[level](), mapsOf(rapid.Uint8(), rapid.Ptr(times(), true))),
		func(e *Encoder, v map[level]map[uint8]*time.Time) {
			EncodeMap(e, v, EncodeInt, func(e *Encoder, v map[uint8]*time.Time) {
				EncodeMap(e, v, EncodeUint, func(e *Encoder, v *time.Time) { EncodePointer(e, v, EncodeTime) })
			})
		},
		func(d *Decoder) map[level]map[uint8]*time.Time {
			return DecodeMap[map[level]map[uint8]*time.Time](d, DecodeInt[level], func(d *Decoder) map[uint8]*time.Time {
				return DecodeMap[map[uint8]*time.Time](d, DecodeUint[uint8], func(d *Decoder) *time.Time {
					return DecodePointer(d, DecodeTime)
				})
			})
		})
}

func nodes(depth int) *rapid.Generator[node] {
	return rapid.Custom(func(t *rapid.T) node {
		v := node{Name: rapid.String().Draw(t, "name")}
		if depth > 0 {
			less := nodes(depth - 1)
			v.Next = rapid.Ptr(less, true).Draw(t, "next")
			v.Kids = rapid.OneOf(rapid.Just([]node(nil)), rapid.SliceOfN(less, 0, 2)).Draw(t, "kids")
			v.By = rapid.OneOf(rapid.Just(map[string]*node(nil)),
				rapid.MapOfN(rapid.String(), rapid.Ptr(less, true), 0, 2)).Draw(t, "by")
		}
		return v
	})
}

func TestStructsAgree(t *testing.T) {
	agree(t, "node", nodes(3), encodeNode, decodeNode)
	agree(t, "pair", rapid.Custom(func(t *rapid.T) pair {
		return pair{A: ints[int]().Draw(t, "a"), B: rapid.String().Draw(t, "b")}
	}), encodePair, decodePair)
}

func TestMarshalersAgree(t *testing.T) {
	points := rapid.Custom(func(t *rapid.T) point {
		return point{int(rapid.Byte().Draw(t, "x")), int(rapid.Byte().Draw(t, "y"))}
	})
	agree(t, "custom", points, EncodeCustom, DecodeCustom)
	agree(t, "slice of custom", slicesOf(points),
		func(e *Encoder, v []point) { EncodeSlice(e, v, EncodeCustom) },
		func(d *Decoder) []point { return DecodeSlice[[]point](d, DecodeCustom[point]) })
	agree(t, "pointer to custom", rapid.Ptr(points, true),
		func(e *Encoder, v *point) { EncodePointer(e, v, EncodeCustom) },
		func(d *Decoder) *point { return DecodePointer(d, DecodeCustom[point]) })
	agree(t, "custom on pointers, nil if empty", rapid.Map(rapid.String(), func(s string) label { return label{s} }),
		EncodeCustom, DecodeCustom)
	agree(t, "custom map", rapid.SampledFrom([]set{nil, {}}), EncodeCustom, DecodeCustom)
	agree(t, "raw message", rapid.SampledFrom([]msgpack.RawMessage{nil, {1}, {0x91, 2}}), EncodeCustom, DecodeCustom)
	agree(t, "msgpack", rapid.SampledFrom([]raw{{"\x01"}, {"\x92\x01\x02"}, {"\xa1x"}}), EncodeMsgpack, DecodeMsgpack)
	agree(t, "msgpack on pointers", rapid.Map(rapid.IntRange(0, 9), func(n int) list { return make(list, n) }),
		EncodeMsgpack, DecodeMsgpack)
	agree(t, "binary on pointers", rapid.Map(slicesOf(rapid.Byte()), func(b []byte) blob { return b }), EncodeBinary, DecodeBinary)
	agree(t, "text", rapid.Map(slicesOf(rapid.Byte()), func(b []byte) text { return b }), EncodeText, DecodeText)

	addrs := rapid.Custom(func(t *rapid.T) netip.Addr {
		b := rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "addr")
		switch rapid.IntRange(0, 2).Draw(t, "form") {
		case 0:
			return netip.Addr{}
		case 1:
			return netip.AddrFrom4([4]byte(b))
		}
		return netip.AddrFrom16([16]byte(b))
	})
	agree(t, "netip.Addr", addrs, EncodeBinary, DecodeBinary)
	agree(t, "net.IP", rapid.Map(addrs, func(a netip.Addr) net.IP {
		if !a.IsValid() {
			return nil
		}
		b := a.As16()
		return net.IP(b[:])
	}), EncodeText, DecodeText)
	agree(t, "url.URL", rapid.Map(rapid.StringMatching(`https?://[a-z]{1,9}(/[a-z]{0,9}){0,2}(\?[a-z]=[0-9])?`), func(s string) url.URL {
		u, err := url.Parse(s)
		if err != nil {
			panic(err)
		}
		return *u
	}), EncodeBinary, DecodeBinary)
	agree(t, "big.Int", rapid.Map(ints[int64](), func(n int64) *big.Int {
		v := new(big.Int)
		v.UnmarshalText([]byte(new(big.Int).Mul(big.NewInt(n), big.NewInt(math.MaxInt64)).String()))
		return v
	}),
		func(e *Encoder, v *big.Int) { EncodePointer(e, v, EncodeText) },
		func(d *Decoder) *big.Int { return DecodePointer(d, DecodeText[big.Int]) })
}
