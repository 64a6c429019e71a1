package wire

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/vmihailenco/msgpack/v5"
	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

func TestKindOf(t *testing.T) {
	for i := range 256 {
		c := byte(i)
		want := Invalid
		switch {
		case c == msgpcode.Nil:
			want = Nil
		case c == msgpcode.False, c == msgpcode.True:
			want = Bool
		case c == msgpcode.Float:
			want = Float32
		case c == msgpcode.Double:
			want = Float64
		case msgpcode.IsFixedNum(c), c >= msgpcode.Uint8 && c <= msgpcode.Int64:
			want = Int
		case msgpcode.IsString(c):
			want = Str
		case msgpcode.IsBin(c):
			want = Bin
		case msgpcode.IsExt(c):
			want = Ext
		case msgpcode.IsFixedArray(c), c == msgpcode.Array16, c == msgpcode.Array32:
			want = Array
		case msgpcode.IsFixedMap(c), c == msgpcode.Map16, c == msgpcode.Map32:
			want = Map
		}
		if got := KindOf(c); got != want {
			t.Errorf("KindOf(%#x) = %v, want %v", c, got, want)
		}
	}
}

// sizes are the lengths around which the form of a header changes.
var sizes = []int{0, 1, 15, 16, 31, 32, 127, 128, 255, 256, 65535, 65536}

// Appended values equal what v5 writes, and read back unchanged.
func TestHeaders(t *testing.T) {
	for _, n := range sizes {
		zeros := make([]byte, 2*n)
		check := func(name string, got []byte, write func(*msgpack.Encoder) error, read func([]byte) (int, int, error)) {
			var buf bytes.Buffer
			if err := write(msgpack.NewEncoder(&buf)); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, buf.Bytes()) {
				t.Errorf("%s %d: got %x, v5 writes %x", name, n, got[:min(9, len(got))], buf.Bytes()[:min(9, buf.Len())])
			}
			size := len(got)
			if strings.HasSuffix(name, "header") {
				got = append(got, zeros...)
			}
			if gotN, gotSize, err := read(got); gotN != n || gotSize != size || err != nil {
				t.Errorf("%s %d: read as %d, %d, %v", name, n, gotN, gotSize, err)
			}
			if gotN, ok := Len(got); gotN != n || !ok {
				t.Errorf("%s: Len returns %d, %v", name, gotN, ok)
			}
			if n == 0 {
				return
			}
			short := got[:size-1]
			if strings.HasPrefix(name, "map") {
				short = got[:size+2*n-1]
			} else if strings.HasPrefix(name, "array") {
				short = got[:size+n-1]
			}
			if _, _, err := read(short); err == nil {
				t.Errorf("%s %d: a header without its last byte is accepted", name, n)
			}
		}
		text := strings.Repeat("x", n)
		check("map header", AppendMapHeader(nil, n), func(e *msgpack.Encoder) error { return e.EncodeMapLen(n) }, MapHeader)
		check("array header", AppendArrayHeader(nil, n), func(e *msgpack.Encoder) error { return e.EncodeArrayLen(n) }, ArrayHeader)
		check("string", AppendString(nil, text), func(e *msgpack.Encoder) error { return e.EncodeString(text) },
			func(b []byte) (int, int, error) { s, size, err := String(b); return len(s), size, err })
		check("bytes", AppendBytes(nil, []byte(text)), func(e *msgpack.Encoder) error { return e.EncodeBytes([]byte(text)) },
			func(b []byte) (int, int, error) { s, size, err := Bytes(b); return len(s), size, err })
	}
}

func TestUint(t *testing.T) {
	for shift := range 65 {
		for _, v := range []uint64{1<<shift - 1, 1 << shift, 1<<shift + 1} {
			b := AppendUint(nil, v)
			var buf bytes.Buffer
			if err := msgpack.NewEncoder(&buf).EncodeUint(v); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(b, buf.Bytes()) {
				t.Errorf("%d: got %x, v5 writes %x", v, b, buf.Bytes())
			}
			if got, size, err := Uint(append(b, 0xff)); got != v || size != len(b) || err != nil {
				t.Errorf("%d: read as %d, %d, %v", v, got, size, err)
			}
		}
	}
}

// Integers in the forms for signed numbers are taken if they are not negative.
func TestUintSigned(t *testing.T) {
	for _, v := range []any{
		int8(1), int8(math.MaxInt8), int16(1), int16(math.MaxInt16), int32(1), int64(1), int64(math.MaxInt64),
		int8(-1), int8(math.MinInt8), int16(-1), int16(math.MinInt16), int32(-1), int64(-1), int64(math.MinInt64), -1, -32,
	} {
		b, err := msgpack.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var want int64
		if err := msgpack.Unmarshal(b, &want); err != nil {
			t.Fatal(err)
		}
		got, size, err := Uint(b)
		if want < 0 && err == nil || want >= 0 && (err != nil || got != uint64(want) || size != len(b)) {
			t.Errorf("%x: got %d, %d, %v; want %d", b, got, size, err, want)
		}
	}
}

// Values of all other kinds are refused.
func TestReadOtherKinds(t *testing.T) {
	readers := map[Kind]func([]byte) error{
		Map:   func(b []byte) error { _, _, err := MapHeader(b); return err },
		Array: func(b []byte) error { _, _, err := ArrayHeader(b); return err },
		Str:   func(b []byte) error { _, _, err := String(b); return err },
		Bin:   func(b []byte) error { _, _, err := Bytes(b); return err },
	}
	for i := range 256 {
		b := append([]byte{byte(i)}, make([]byte, 40)...)
		for kind, read := range readers {
			if err := read(b); (err == nil) != (KindOf(b[0]) == kind) {
				t.Errorf("%#x read as %v: got error %v", i, kind, err)
			}
		}
		_, ok := Len(b)
		switch KindOf(b[0]) {
		case Nil, Str, Bin, Array, Map:
			if !ok {
				t.Errorf("%#x has no length", i)
			}
		default:
			if ok {
				t.Errorf("%#x has a length", i)
			}
		}
	}
}

func TestLargest(t *testing.T) {
	for name, c := range map[string]struct {
		value any
		want  int
	}{
		"array":     {[]string{"", "abc", "ab"}, 4},
		"long":      {append(make([]string, 20), strings.Repeat("x", 40)), 42},
		"map":       {map[string]any{"k": []int{1, 2, 3}, "long": nil}, 6},
		"nested":    {[]any{[]int{1, 2}, []any{[]int{1, 2, 3}}}, 5},
		"no parts":  {[]int{}, 0},
		"no list":   {"text", 0},
		"binary":    {[]byte("text"), 0},
		"nil":       {nil, 0},
		"fixed ext": {3.5, 0},
	} {
		b, err := msgpack.Marshal(c.value)
		if err != nil {
			t.Fatal(err)
		}
		if got := Largest(b); got != c.want {
			t.Errorf("%s: got %d, want %d", name, got, c.want)
		}
		if kind := KindOf(b[0]); kind == Array || kind == Map {
			for cut := range len(b) {
				if got := Largest(b[:cut]); got != 0 {
					t.Errorf("%s, truncated to %d: got %d, want 0", name, cut, got)
				}
			}
		}
	}
}
