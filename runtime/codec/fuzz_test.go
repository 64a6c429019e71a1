package codec

import (
	"bytes"
	"testing"
)

// FuzzDecodeAny decodes anything as any: it never panics, and what it takes comes back
// the same from its own encoding.
func FuzzDecodeAny(f *testing.F) {
	for _, b := range bombs() {
		if len(b) < 2000 {
			f.Add(b)
		}
	}
	for i := range 256 {
		f.Add(sample(byte(i)))
	}
	f.Add([]byte("\x82\xa1a\x93\x01\xcb\x00\x00\x00\x00\x00\x00\x00\x00\xc0\xa1b\xd6\xff\x00\x00\x00\x01"))
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := Decode(b, DecodeAny)
		if err != nil {
			return
		}
		first, err := Append(nil, v, EncodeAny)
		if err != nil {
			t.Fatal(err)
		}
		v, err = Decode(first, DecodeAny)
		if err != nil {
			t.Fatal(err)
		}
		second, err := Append(nil, v, EncodeAny)
		if err != nil || !bytes.Equal(first, second) {
			t.Fatalf("the second encoding is %x, %v; want %x", second, err, first)
		}
	})
}

// FuzzDecode runs all decoders on anything, and even on what Decode would have refused.
func FuzzDecode(f *testing.F) {
	all := allDecoders()
	for i := range all {
		for _, b := range bombs() {
			if len(b) < 2000 {
				f.Add(i, b)
			}
		}
	}
	f.Fuzz(func(t *testing.T, i int, b []byte) {
		if len(b) > 4096 {
			return // without the check, the depth has no bound
		}
		d := all[uint(i)%uint(len(all))]
		errChecked, errUnchecked := d.checked(b), d.unchecked(b)
		if errChecked == nil && errUnchecked != nil {
			t.Fatalf("%s: the value decodes only with the check: %v", d.name, errUnchecked)
		}
	})
}
