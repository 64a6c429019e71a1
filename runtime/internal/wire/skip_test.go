package wire

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/vmihailenco/msgpack/v5"
	"pgregory.net/rapid"
)

// nested returns depth arrays of one element each, and inner in the innermost.
func nested(depth int, inner string) []byte {
	return []byte(strings.Repeat("\x91", depth) + inner)
}

func TestSkip(t *testing.T) {
	for _, c := range []struct {
		in  string
		n   int
		err error
	}{
		{"", 0, errShort},
		{"\x00", 1, nil},
		{"\xff", 1, nil},
		{"\xc0rest", 1, nil},
		{"\xc1", 0, errCode},
		{"\xcc\x01", 2, nil},
		{"\xcf\x01\x02\x03\x04\x05\x06\x07\x08", 9, nil},
		{"\xcf\x01\x02\x03\x04\x05\x06\x07", 0, errShort},
		{"\xa3abc", 4, nil},
		{"\xa3ab", 0, errShort},
		{"\xd9\x02abc", 4, nil},
		{"\xd9", 0, errShort},
		{"\xc5\x00\x01a", 4, nil},
		{"\xd4\x01a", 3, nil},
		{"\xd8\x01" + strings.Repeat("a", 16), 18, nil},
		{"\xc7\x00\x01", 3, nil},
		{"\xc7\x01\x01", 0, errShort},
		{"\xc9\x00\x00\x00\x01\x05x", 7, nil},
		{"\x90", 1, nil},
		{"\x92\x01", 0, errShort},
		{"\x92\x01\xc1", 0, errCode},
		{"\x92\x91\x91\x01\x02!", 5, nil},
		{"\x92\x80\x90!", 3, nil},
		{"\x81\x01\x82\xa1a\x01\xa1b\x92\x01\x02", 11, nil},
		{"\x81\x01", 0, errShort},
		{"\xde\x00\x01\x01\x02", 5, nil},
		{string(nested(MaxDepth, "\x01")), MaxDepth + 1, nil},
		{string(nested(MaxDepth-1, "\x80")), MaxDepth, nil},
		{string(nested(MaxDepth, "\x90")), 0, errDepth},
		{string(nested(MaxDepth, "\x80")), 0, errDepth},
		{"\x92" + string(nested(MaxDepth-1, "\x01")) + string(nested(MaxDepth-1, "\x02")), 1 + 2*MaxDepth, nil},
	} {
		n, err := Skip([]byte(c.in))
		if n != c.n || !errors.Is(err, c.err) {
			t.Errorf("Skip(%q) = %d, %v; want %d, %v", c.in, n, err, c.n, c.err)
		}
	}
}

func TestCheck(t *testing.T) {
	for in, want := range map[string]error{
		"\x01":     nil,
		"\x91\x01": nil,
		"\x01\x02": errTrailing,
		"\x91":     errShort,
		"":         errShort,
	} {
		if err := Check([]byte(in)); err != want {
			t.Errorf("Check(%q) = %v, want %v", in, err, want)
		}
	}
}

// No prefix of a value is a value.
func TestSkipTruncated(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, err := msgpack.Marshal(tree(3).Draw(t, "value"))
		if err != nil {
			t.Fatal(err)
		}
		for n := range b {
			if _, err := Skip(b[:n]); err != errShort {
				t.Fatalf("the first %d bytes of %x: got error %v, want errShort", n, b, err)
			}
		}
		if n, err := Skip(append(b, 0xc1)); n != len(b) || err != nil {
			t.Fatalf("Skip of %x returns %d, %v, want its length", b, n, err)
		}
	})
}

// tree generates values of all kinds, in arrays and maps up to depth.
func tree(depth int) *rapid.Generator[any] {
	kinds := []*rapid.Generator[any]{
		rapid.Just[any](nil),
		rapid.Bool().AsAny(),
		rapid.Int().AsAny(),
		rapid.Uint64().AsAny(),
		rapid.Float32().AsAny(),
		rapid.Float64().AsAny(),
		rapid.StringN(0, 40, -1).AsAny(),
		rapid.SliceOfN(rapid.Byte(), 0, 300).AsAny(),
	}
	if depth > 0 {
		kinds = append(kinds,
			rapid.SliceOfN(tree(depth-1), 0, 20).AsAny(),
			rapid.MapOfN(rapid.String(), tree(depth-1), 0, 20).AsAny())
	}
	return rapid.OneOf(kinds...)
}

// bombs are headers that promise as much as their form can: alone, with some of what they
// promise, nested in themselves, and within more arrays than are allowed.
func bombs() (alone, filled, stacked, deep [][]byte) {
	for _, code := range []byte{
		0x8f, 0x9f, 0xbf, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9,
		0xd8, 0xd9, 0xda, 0xdb, 0xdc, 0xdd, 0xde, 0xdf,
	} {
		head := append([]byte{code}, bytes.Repeat([]byte{0xff}, int(codes[code].width))...)
		alone = append(alone, head)
		filled = append(filled, append(head[:len(head):len(head)], make([]byte, 1000)...))
		stacked = append(stacked, bytes.Repeat(head, 64))
		deep = append(deep, append(nested(64, ""), head...))
	}
	return alone, filled, stacked, deep
}

func TestBombs(t *testing.T) {
	alone, filled, stacked, deep := bombs()
	for _, b := range alone {
		if _, err := Skip(b); err != errShort {
			t.Errorf("%x: got error %v, want errShort", b, err)
		}
	}
	for _, b := range deep {
		if _, err := Skip(b); err != errDepth {
			t.Errorf("%x: got error %v, want errDepth", b, err)
		}
	}
	for _, b := range slices.Concat(alone, filled, stacked, deep) {
		allocs := testing.AllocsPerRun(1, func() {
			Check(b)
			Len(b)
			Uint(b)
			String(b)
			Bytes(b)
			MapHeader(b)
			ArrayHeader(b)
		})
		if allocs != 0 {
			t.Errorf("%x: got %v allocations, want 0", b[:min(len(b), 9)], allocs)
		}
	}
}
