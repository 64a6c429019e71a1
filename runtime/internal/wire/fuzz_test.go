package wire

import (
	"bytes"
	"math/bits"
	"slices"
	"testing"

	"github.com/vmihailenco/msgpack/v5"
)

// Skip never panics, stays within its input, and takes the same values as v5 for whole, as
// far as they are nested no deeper than is allowed.
func FuzzSkip(f *testing.F) {
	alone, filled, stacked, deep := bombs()
	for _, b := range slices.Concat(alone, filled, stacked, deep) {
		f.Add(b)
	}
	f.Add([]byte("\x82\xa1a\x93\x01\xcb\x00\x00\x00\x00\x00\x00\x00\x00\xc0\xa1b\xd6\xff\x00\x00\x00\x01"))
	f.Add(nested(MaxDepth, "\x01"))
	f.Add(nested(MaxDepth+1, "\x01"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 4096 {
			return // v5 recurses
		}
		n, err := Skip(b)
		if n < 0 || n > len(b) || (n == 0) != (err != nil) {
			t.Fatalf("Skip returns %d, %v", n, err)
		}
		if err == errDepth {
			return
		}
		r := bytes.NewReader(b)
		errV5 := msgpack.NewDecoder(r).Skip()
		if err != nil && bits.UintSize == 32 {
			return // to v5, a length of 1<<31 and more is a negative number then
		}
		if (err == nil) != (errV5 == nil) {
			t.Fatalf("Skip returns %v, v5 %v", err, errV5)
		}
		if read := len(b) - r.Len(); err == nil && n != read {
			t.Fatalf("Skip returns %d, but v5 reads %d", n, read)
		}
	})
}
