package codec

import (
	"bytes"
	"runtime"
	"slices"
	"testing"

	"github.com/sessiongen/sessiongen/runtime/internal/wire"
)

// bombs are headers that promise as much as their form can: alone, with a part of what they promise,
// nested in themselves, and within maps and arrays to depth 64.
func bombs() (out [][]byte) {
	lengths := map[byte]int{
		0x8f: 0, 0x9f: 0, 0xbf: 0, 0xd8: 0, // in the code
		0xc4: 1, 0xc5: 2, 0xc6: 4, 0xc7: 1, 0xc8: 2, 0xc9: 4,
		0xd9: 1, 0xda: 2, 0xdb: 4, 0xdc: 2, 0xdd: 4, 0xde: 2, 0xdf: 4,
	}
	for code, width := range lengths {
		head := append([]byte{code}, bytes.Repeat([]byte{0xff}, width)...)
		out = append(out, head,
			append(head[:len(head):len(head)], make([]byte, 1000)...),
			bytes.Repeat(head, 64),
			append(bytes.Repeat([]byte{0x91}, 64), head...),
			append(bytes.Repeat([]byte("\x81\xa4Next"), 64), head...))
	}
	// Lengths that hold, for elements that do not.
	const n = 60000
	out = append(out,
		append(wire.AppendArrayHeader(nil, n), make([]byte, n)...),
		append(wire.AppendMapHeader(nil, n), make([]byte, 2*n)...))
	return out
}

// allocated returns how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// No decoder allocates for what a header merely promises, even without the check of the
// whole value that Decode does first.
func TestBombs(t *testing.T) {
	const most = 64 << 10
	for _, d := range allDecoders() {
		takesAll := slices.Contains([]string{"any", "slice", "custom", "msgpack"}, d.name)
		for _, b := range bombs() {
			for _, decode := range []func([]byte) error{d.checked, d.unchecked} {
				if got := allocated(func() { decode(b) }); got > most && !(takesAll && wire.Check(b) == nil) {
					t.Errorf("%s: decoding %[3]x allocates %[2]d bytes", d.name, got, b[:min(len(b), 9)])
				}
			}
		}
	}
}
