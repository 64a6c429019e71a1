package codec

import (
	"math"
	"testing"

	"github.com/sessiongen/sessiongen/runtime/internal/wire"
)

// A decoder is a function of this package, for one type; checked and unchecked run it with and
// without the check that Decode does first.
type decoder struct {
	name               string
	checked, unchecked func([]byte) error
	takes              func(code byte) bool
}

func newDecoder[T any](name string, decode func(*Decoder) T, takes func(byte) bool) decoder {
	return decoder{
		name:    name,
		checked: func(b []byte) error { _, err := Decode(b, decode); return err },
		unchecked: func(b []byte) error {
			d := decoders.Get().(*Decoder)
			d.in.data = b
			decode(d)
			return d.finish()
		},
		takes: takes,
	}
}

// kinds returns a predicate for codes that are of one of the kinds.
func kinds(want ...wire.Kind) func(byte) bool {
	return func(code byte) bool {
		for _, k := range want {
			if wire.KindOf(code) == k {
				return true
			}
		}
		return false
	}
}

// wide is a type of which few fit into the memory that is allocated at first.
type wide [1000]byte

func decodeWide(d *Decoder) (v wide) {
	DecodeByteArray(d, v[:])
	return v
}

// allDecoders are all functions DecodeX and all methods of Decoder, as they take values like sample's.
func allDecoders() []decoder {
	natural := func(code byte) bool { return wire.KindOf(code) == wire.Int && code < 0xe0 }
	short := func(code byte) bool { // maps with no key twice
		return code == 0x80 || code == 0x81 || code == 0xde || code == 0xdf
	}
	nilOr := func(takes func(byte) bool) func(byte) bool {
		return func(code byte) bool { return code == 0xc0 || takes(code) }
	}
	anything := func(code byte) bool { return code != 0xc1 }
	return []decoder{
		newDecoder("bool", DecodeBool[bool], kinds(wire.Bool)),
		newDecoder("int8", DecodeInt[int8], kinds(wire.Int)),
		newDecoder("int64", DecodeInt[int64], kinds(wire.Int)),
		newDecoder("uint8", DecodeUint[uint8], natural),
		newDecoder("uint64", DecodeUint[uint64], natural),
		newDecoder("float32", DecodeFloat32[float32], kinds(wire.Float32)),
		newDecoder("float64", DecodeFloat64[float64], kinds(wire.Float32, wire.Float64)),
		newDecoder("string", DecodeString[string], kinds(wire.Str)),
		newDecoder("bytes", DecodeBytes[[]byte], kinds(wire.Bin, wire.Nil)),
		newDecoder("[0]byte", func(d *Decoder) (v [0]byte) { DecodeByteArray(d, v[:]); return v }, kinds(wire.Bin)),
		newDecoder("time", DecodeTime, kinds()),
		newDecoder("slice", func(d *Decoder) []int { return DecodeSlice[[]int](d, DecodeInt[int]) }, kinds(wire.Array, wire.Nil)),
		newDecoder("wide slice", func(d *Decoder) []wide { return DecodeSlice[[]wide](d, decodeWide) },
			func(code byte) bool { return code == 0x90 || code == 0xdc || code == 0xdd || code == 0xc0 }),
		newDecoder("[3]int", func(d *Decoder) (v [3]int) { DecodeArray(d, v[:], DecodeInt[int]); return v },
			func(code byte) bool { return code == 0x93 }),
		newDecoder("map", func(d *Decoder) map[int]int { return DecodeMap[map[int]int](d, DecodeInt[int], DecodeInt[int]) }, nilOr(short)),
		newDecoder("wide map", func(d *Decoder) map[int]wide { return DecodeMap[map[int]wide](d, DecodeInt[int], decodeWide) },
			func(code byte) bool { return code == 0x80 || code == 0xde || code == 0xdf || code == 0xc0 }),
		newDecoder("pointer", func(d *Decoder) *int { return DecodePointer(d, DecodeInt[int]) }, kinds(wire.Int, wire.Nil)),
		newDecoder("custom", DecodeCustom[rawCustom], anything),
		newDecoder("msgpack", DecodeMsgpack[raw], anything),
		newDecoder("binary", DecodeBinary[blob], kinds(wire.Bin, wire.Nil)),
		newDecoder("text", DecodeText[text], kinds(wire.Bin, wire.Nil)),
		newDecoder("any", DecodeAny, func(code byte) bool {
			k := wire.KindOf(code)
			return code != 0xc1 && k != wire.Ext && (k != wire.Map || code == 0x80 || code == 0xde || code == 0xdf)
		}),
		newDecoder("node", decodeNode, func(code byte) bool { return code == 0x80 || code == 0xde || code == 0xdf }),
		newDecoder("MapLen and Skip", func(d *Decoder) int {
			n := d.MapLen()
			for range 2 * n {
				d.Skip()
			}
			return n
		}, kinds(wire.Map)),
		newDecoder("ArrayLen", func(d *Decoder) int {
			d.ArrayLen(1)
			d.Skip()
			return 0
		}, func(code byte) bool { return code == 0x91 }),
		newDecoder("Skip", func(d *Decoder) int { d.Skip(); return 0 }, anything),
		newDecoder("Key", func(d *Decoder) int { return len(d.Key()) }, kinds(wire.Str)),
	}
}

// sample returns a value with the code: all lengths, numbers, elements and bytes that
// are not in the code are 0.
func sample(code byte) []byte {
	b := append([]byte{code}, make([]byte, 64)...)
	n, err := wire.Skip(b)
	if err != nil {
		n = 1
	}
	return b[:n]
}

// Each decoder takes values of its own kinds and refuses all others.
func TestCodes(t *testing.T) {
	for _, d := range allDecoders() {
		for i := range 256 {
			b := sample(byte(i))
			want := d.takes(byte(i))
			for _, decode := range []func([]byte) error{d.checked, d.unchecked} {
				if err := decode(b); (err == nil) != want {
					t.Errorf("%s: %x: got error %v, want success %v", d.name, b, err, want)
				}
				if err := decode(append(b, 0xc0)); err == nil {
					t.Errorf("%s: %x with another value is accepted", d.name, b)
				}
				if err := decode(b[:len(b)-1]); err == nil {
					t.Errorf("%s: %x without its last byte is accepted", d.name, b)
				}
			}
		}
	}
}

// integers are the numbers around each power of two, as all of the forms that can hold them.
func integers(f func(v int64, big uint64, b []byte)) {
	for shift := range 65 {
		for _, u := range []uint64{1<<shift - 1, 1 << shift, 1<<shift + 1} {
			for _, form := range []struct {
				code byte
				bits int
			}{{0xcc, 8}, {0xcd, 16}, {0xce, 32}, {0xcf, 64}, {0xd0, 8}, {0xd1, 16}, {0xd2, 32}, {0xd3, 64}} {
				b := []byte{form.code}
				for i := form.bits - 8; i >= 0; i -= 8 {
					b = append(b, byte(u>>i))
				}
				v := int64(u << (64 - form.bits))
				if form.code >= 0xd0 {
					f(v>>(64-form.bits), 0, b)
				} else if n := u << (64 - form.bits) >> (64 - form.bits); n > math.MaxInt64 {
					f(0, n, b)
				} else {
					f(int64(n), 0, b)
				}
			}
		}
	}
	for c := range 256 {
		if b := []byte{byte(c)}; c < 0x80 || c >= 0xe0 {
			f(int64(int8(c)), 0, b)
		}
	}
}

func testInt[T signed](t *testing.T, least, most T) {
	integers(func(v int64, big uint64, b []byte) {
		got, err := Decode(b, DecodeInt[T])
		if big == 0 && v >= int64(least) && v <= int64(most) {
			if err != nil || int64(got) != v {
				t.Errorf("%x as %T: got %d, %v, want %d", b, got, got, err, v)
			}
		} else if err == nil {
			t.Errorf("%x as %T: got %d, want an error", b, got, got)
		}
	})
}

func testUint[T unsigned](t *testing.T, most T) {
	integers(func(v int64, big uint64, b []byte) {
		got, err := Decode(b, DecodeUint[T])
		if want := max(big, uint64(v)); v >= 0 && want <= uint64(most) {
			if err != nil || uint64(got) != want {
				t.Errorf("%x as %T: got %d, %v, want %d", b, got, got, err, want)
			}
		} else if err == nil {
			t.Errorf("%x as %T: got %d, want an error", b, got, got)
		}
	})
}

// Integers of all forms are taken if they fit, and never wrapped.
func TestIntegerRanges(t *testing.T) {
	testInt[int](t, math.MinInt, math.MaxInt)
	testInt[int8](t, math.MinInt8, math.MaxInt8)
	testInt[int16](t, math.MinInt16, math.MaxInt16)
	testInt[int32](t, math.MinInt32, math.MaxInt32)
	testInt[int64](t, math.MinInt64, math.MaxInt64)
	testUint[uint](t, math.MaxUint)
	testUint[uint8](t, math.MaxUint8)
	testUint[uint16](t, math.MaxUint16)
	testUint[uint32](t, math.MaxUint32)
	testUint[uint64](t, math.MaxUint64)
}

// Only the format's own timestamps are times: v5 takes strings, pairs and another extension too.
func TestTimeForms(t *testing.T) {
	for in, ok := range map[string]bool{
		"\xd6\xff\x00\x00\x00\x01":                                         true,
		"\xd6\x0d\x00\x00\x00\x01":                                         false,
		"\xd6\x00\x00\x00\x00\x01":                                         false,
		"\xd5\xff\x00\x00":                                                 false,
		"\xc7\x03\xff\x00\x00\x01":                                         false,
		"\xc7\x04\xff\x00\x00\x00\x01":                                     false,
		"\xd7\xff\xee\x6b\x27\xfc\x00\x00\x00\x01":                         true,  // 999,999,999 ns
		"\xd7\xff\xee\x6b\x28\x00\x00\x00\x00\x01":                         false, // 1,000,000,000 ns
		"\xc7\x0c\xff\x3b\x9a\xc9\xff\x00\x00\x00\x00\x00\x00\x00\x01":     true,
		"\xc7\x0c\xff\x3b\x9a\xca\x00\x00\x00\x00\x00\x00\x00\x00\x01":     false,
		"\xc7\x0c\x0d\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01":     false,
		"\xc8\x00\x0c\xff\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01": false,
		"\x92\x01\x02":             false,
		"\xb42000-01-02T03:04:05Z": false,
		"\x01":                     false,
		"\xc0":                     false,
	} {
		if _, err := Decode([]byte(in), DecodeTime); (err == nil) != ok {
			t.Errorf("%x: got error %v, want success %v", in, err, ok)
		}
		v, err := Decode([]byte(in), DecodeAny)
		if (wire.KindOf(in[0]) == wire.Ext) && (err == nil) != ok {
			t.Errorf("%x as any: got %v, %v", in, v, err)
		}
	}
}

// A byte array takes exactly as many bytes as it has, and an array as many elements.
func TestArrayLengths(t *testing.T) {
	for n, ok := range map[int]bool{0: false, 3: false, 4: true, 5: false} {
		content := make([]byte, n)
		_, err := Decode(wire.AppendBytes(nil, content), func(d *Decoder) (v [4]byte) {
			DecodeByteArray(d, v[:])
			return v
		})
		if (err == nil) != ok {
			t.Errorf("%d bytes: got error %v, want success %v", n, err, ok)
		}
		b := append(wire.AppendArrayHeader(nil, n), content...)
		_, err = Decode(b, func(d *Decoder) (v [4]int) {
			DecodeArray(d, v[:], DecodeInt[int])
			return v
		})
		if (err == nil) != ok {
			t.Errorf("%d elements: got error %v, want success %v", n, err, ok)
		}
	}
}
