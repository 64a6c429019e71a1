//go:build !race

package codec

// The race detector makes sync.Pool forget at random, so it has no part in this file.

import (
	"strings"
	"testing"
	"time"
)

func allocs[T any](t *testing.T, name string, v T, encode func(*Encoder, T), decode func(*Decoder) T, encoding, decoding float64) {
	dst := make([]byte, 0, 4096)
	b, err := Append(dst, v, encode)
	if err != nil {
		t.Fatal(err)
	}
	if got := testing.AllocsPerRun(1000, func() { Append(dst, v, encode) }); got > encoding {
		t.Errorf("%s: encoding allocates %v times, want %v", name, got, encoding)
	}
	if got := testing.AllocsPerRun(1000, func() { AppendReadable(dst, v, encode, decode) }); got > encoding {
		t.Errorf("%s: encoding with a check allocates %v times, want %v", name, got, encoding)
	}
	if got := testing.AllocsPerRun(1000, func() { Decode(b, decode) }); got > decoding {
		t.Errorf("%s: decoding allocates %v times, want %v", name, got, decoding)
	}
}

func TestAllocations(t *testing.T) {
	allocs(t, "bool", true, EncodeBool, DecodeBool, 0, 0)
	allocs(t, "int", int64(-1<<40), EncodeInt, DecodeInt, 0, 0)
	allocs(t, "uint64", uint64(1<<63), EncodeUint, DecodeUint, 0, 0)
	allocs(t, "float32", float32(1.5), EncodeFloat32, DecodeFloat32, 0, 0)
	allocs(t, "float64", 1.5, EncodeFloat64, DecodeFloat64, 0, 0)
	allocs(t, "time", time.Unix(1<<40, 1), EncodeTime, DecodeTime, 0, 0)
	allocs(t, "string", strings.Repeat("x", 300), EncodeString, DecodeString, 0, 1)
	allocs(t, "bytes", []byte("12345678"), EncodeBytes, DecodeBytes[[]byte], 0, 1)
	allocs(t, "byte array", [16]byte{1}, func(e *Encoder, v [16]byte) { EncodeByteArray(e, v[:]) },
		func(d *Decoder) (v [16]byte) { DecodeByteArray(d, v[:]); return v }, 0, 0)
	allocs(t, "slice", []string{"a1", "b2", "c3"}, func(e *Encoder, v []string) { EncodeSlice(e, v, EncodeString) },
		func(d *Decoder) []string { return DecodeSlice[[]string](d, DecodeString) }, 0, 4)
	allocs(t, "pointer", new(int), func(e *Encoder, v *int) { EncodePointer(e, v, EncodeInt) },
		func(d *Decoder) *int { return DecodePointer(d, DecodeInt[int]) }, 0, 1)
	allocs(t, "struct", node{Name: "name", Next: &node{Name: "next"}}, encodeNode, decodeNode, 0, 3)
	allocs(t, "map", map[int]bool{1: true, 2: false}, func(e *Encoder, v map[int]bool) { EncodeMap(e, v, EncodeInt, EncodeBool) },
		func(d *Decoder) map[int]bool { return DecodeMap[map[int]bool](d, DecodeInt[int], DecodeBool) }, 1, 2)
}
