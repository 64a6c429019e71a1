package codec

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The fast path of a type writes and reads the same as its codec.
func agrees[T comparable](t *rapid.T, values *rapid.Generator[T], raw []byte, encode func(*Encoder, T), decode func(*Decoder) T) {
	v := values.Draw(t, "value")
	want, err := Append([]byte("before"), v, encode)
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := quickAppend([]byte("before"), &v); ok && !bytes.Equal(got, want) {
		t.Errorf("%v is encoded as %x, want %x", v, got, want)
	}
	for _, b := range [][]byte{want[len("before"):], raw} {
		var got T
		if !quickDecode(b, &got) {
			continue
		}
		if want, err := Decode(b, decode); err != nil || got != want {
			t.Errorf("%x decodes as %v, want %v, %v", b, got, want, err)
		}
	}
}

func TestQuickAgrees(t *testing.T) {
	heads := []byte{0, 1, 0x7f, 0x80, 0xa0, 0xa3, 0xbf, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xcc, 0xcd, 0xce, 0xcf, 0xd0, 0xd1, 0xd2, 0xd3, 0xd9, 0xda, 0xdb, 0xe0, 0xff}
	edges := []int64{0, 127, 128, 255, 256, 65535, 65536, math.MaxInt32, math.MaxInt32 + 1, math.MaxUint32, math.MaxUint32 + 1, math.MaxInt64, -1, -32, -33, math.MinInt64}
	rapid.Check(t, func(t *rapid.T) {
		raw := append([]byte{rapid.SampledFrom(heads).Draw(t, "head")}, rapid.SliceOfN(rapid.Byte(), 0, 10).Draw(t, "rest")...)
		integers := rapid.OneOf(rapid.Int64(), rapid.SampledFrom(edges))
		agrees(t, rapid.String(), raw, EncodeString[string], DecodeString[string])
		agrees(t, integers, raw, EncodeInt[int64], DecodeInt[int64])
		agrees(t, rapid.Map(integers, func(v int64) int { return int(v) }), raw, EncodeInt[int], DecodeInt[int])
		agrees(t, rapid.Bool(), raw, EncodeBool[bool], DecodeBool[bool])
	})
}

// The short way is taken for what it is there for, and for nothing else.
func TestQuickIsTaken(t *testing.T) {
	type name string
	quick := func(ok bool, want bool, what string) {
		t.Helper()
		if ok != want {
			t.Errorf("%s: the fast path is taken: got %v, want %v", what, ok, want)
		}
	}
	var (
		s  string
		n  int
		m  int64
		b  bool
		i8 int8
		nm name
	)
	quick(quickDecode([]byte("\xa1x"), &s), true, "a string")
	quick(quickDecode([]byte("\x01"), &n), true, "an int")
	quick(quickDecode([]byte("\xcd\x01\x00"), &m), true, "an int64")
	quick(quickDecode([]byte("\xc3"), &b), true, "a bool")
	quick(quickDecode([]byte("\xc2"), &b), true, "a bool")
	quick(quickDecode([]byte("\x01"), &i8), false, "an int8")
	quick(quickDecode([]byte("\xa1x"), &nm), false, "a named string")
	quick(quickDecode([]byte("\xa1xy"), &s), false, "a string and more")
	quick(quickDecode([]byte("\xa2x"), &s), false, "half a string")
	quick(quickDecode(nil, &n), false, "nothing")
	quick(quickDecode([]byte("\xc0"), &b), false, "nil")
	s = strings.Repeat("x", 70_000)
	_, ok := quickAppend(nil, &s)
	quick(ok, true, "a long string")
	n = -1
	_, ok = quickAppend(nil, &n)
	quick(ok, false, "a negative int")
}
