package codec

import (
	"net/netip"
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

// BenchmarkReadable tells what it costs that values are read back: nothing, unless a type encodes itself.
func BenchmarkReadable(b *testing.B) {
	dst := make([]byte, 0, 4096)
	readable := func(b *testing.B, name string, once, proved func() error) {
		for how, encode := range map[string]func() error{"written": once, "read back": proved} {
			b.Run(name+"/"+how, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := encode(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
	list := []string{"a", "b", "c"}
	encodeList := func(e *Encoder, v []string) { EncodeSlice(e, v, EncodeString) }
	decodeList := func(d *Decoder) []string { return DecodeSlice[[]string](d, DecodeString) }
	readable(b, "list",
		func() error { _, err := Append(dst, list, encodeList); return err },
		func() error { _, err := AppendReadable(dst, list, encodeList, decodeList); return err })
	addr := netip.MustParseAddr("192.0.2.1")
	readable(b, "address",
		func() error { _, err := Append(dst, addr, EncodeBinary); return err },
		func() error { _, err := AppendReadable(dst, addr, EncodeBinary, DecodeBinary); return err })
	addrs := []netip.Addr{addr, addr, addr, addr, addr, addr, addr, addr}
	encodeAddrs := func(e *Encoder, v []netip.Addr) { EncodeSlice(e, v, EncodeBinary) }
	decodeAddrs := func(d *Decoder) []netip.Addr { return DecodeSlice[[]netip.Addr](d, DecodeBinary) }
	readable(b, "eight addresses",
		func() error { _, err := Append(dst, addrs, encodeAddrs); return err },
		func() error { _, err := AppendReadable(dst, addrs, encodeAddrs, decodeAddrs); return err })
	at := day{time.Unix(1<<30, 0)}
	readable(b, "JSON",
		func() error { _, err := Append(dst, at, EncodeJSON); return err },
		func() error { _, err := AppendReadable(dst, at, EncodeJSON, DecodeJSON); return err })
}
