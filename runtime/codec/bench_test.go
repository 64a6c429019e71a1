package codec

import (
	"testing"
	"time"
)

func benchmark[T any](b *testing.B, v T, encode func(*Encoder, T), decode func(*Decoder) T) {
	buf, err := Append(nil, v, encode)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("append", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			buf, _ = Append(buf[:0], v, encode)
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			Decode(buf, decode)
		}
	})
}

func BenchmarkInt(b *testing.B) {
	benchmark(b, int64(1<<40), EncodeInt[int64], DecodeInt[int64])
}

func BenchmarkString(b *testing.B) {
	benchmark(b, "nine char", EncodeString[string], DecodeString[string])
}

func BenchmarkTime(b *testing.B) {
	benchmark(b, time.Unix(1700000000, 0), EncodeTime, DecodeTime)
}

func BenchmarkStrings(b *testing.B) {
	benchmark(b, []string{"admin", "editor", "reader"},
		func(e *Encoder, v []string) { EncodeSlice(e, v, EncodeString[string]) },
		func(d *Decoder) []string { return DecodeSlice[[]string](d, DecodeString[string]) })
}
