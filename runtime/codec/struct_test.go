package codec

import (
	"errors"
	"reflect"
	"testing"
)

func TestUnknownKeys(t *testing.T) {
	b := "\x84\xa3New\x92\x01\xc0\xa4Name\xa3bob\xa0\x81\x01\x02\xa4Kids\x91\x81\xa5Other\xcb\x00\x00\x00\x00\x00\x00\x00\x00"
	want := node{Name: "bob", Kids: []node{{}}}
	if got, err := Decode([]byte(b), decodeNode); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

// Values that v5 would take for a struct: nil, an array, a key that is not a string.
func TestOtherStructs(t *testing.T) {
	for _, b := range []string{"\xc0", "\x90", "\x94\xc0\xc0\xc0\xc0", "\x81\xc0\xc0", "\x81\xc4\x04Name\xa0", "\x81\x01\x01"} {
		if got, err := Decode([]byte(b), decodeNode); err == nil {
			t.Errorf("%x decodes as %+v, want an error", b, got)
		}
	}
	for _, b := range []string{"\xc0", "\x90", "\x91\x01", "\x93\x01\xa0\x01", "\x80", "\x92\xa0\x01"} {
		if got, err := Decode([]byte(b), decodePair); err == nil {
			t.Errorf("%x decodes as %+v, want an error", b, got)
		}
	}
}

func TestDuplicateKeys(t *testing.T) {
	decode := func(d *Decoder) map[string]int {
		return DecodeMap[map[string]int](d, DecodeString[string], DecodeInt[int])
	}
	if got, err := Decode([]byte("\x82\xa1a\x01\xd9\x01a\x01"), decode); err != errDuplicate || got != nil {
		t.Errorf("a duplicate key: got %v, %v, want errDuplicate", got, err)
	}
	if got, err := Decode([]byte("\x82\xa1a\x01\xd9\x01b\x01"), decode); err != nil || len(got) != 2 {
		t.Errorf("two keys: got %v, %v", got, err)
	}
}

func TestIsNil(t *testing.T) {
	_, err := Decode([]byte("\x92\xc0\x01"), func(d *Decoder) (none struct{}) {
		d.ArrayLen(2)
		for _, want := range []bool{true, false} {
			for range 2 { // it consumes nothing
				if d.IsNil() != want {
					t.Errorf("IsNil returns %v, want %v", !want, want)
				}
			}
			d.Skip()
		}
		if d.IsNil() {
			t.Error("IsNil returns true at the end")
		}
		return none
	})
	if err != nil {
		t.Error(err)
	}
}

// The first error sticks, and nothing is written or read after it.
func TestFail(t *testing.T) {
	first, second := errors.New("first"), errors.New("second")
	b, err := Append([]byte("dst"), 1, func(e *Encoder, v int) {
		e.Fail(nil)
		EncodeInt(e, v)
		e.Fail(first)
		e.Fail(second)
		size := len(e.out.buf)
		e.MapLen(1)
		e.ArrayLen(1)
		e.Key("key")
		e.Nil()
		encodeEverything(e)
		if len(e.out.buf) != size {
			t.Errorf("the encoder writes %x after an error", e.out.buf[size:])
		}
	})
	if err != first || string(b) != "dst" {
		t.Errorf("got %q, %v, want dst and the first error", b, err)
	}

	v, err := Decode([]byte("\x92\x01\x01"), func(d *Decoder) int {
		d.Fail(nil)
		d.ArrayLen(2)
		v := DecodeInt[int](d)
		d.Fail(first)
		d.Fail(second)
		if n := d.MapLen(); n != 0 {
			t.Errorf("MapLen returns %d after an error", n)
		}
		if k := d.Key(); k != nil {
			t.Errorf("Key returns %q after an error", k)
		}
		d.ArrayLen(1)
		d.Skip()
		if d.IsNil() {
			t.Error("IsNil returns true after an error")
		}
		if n := DecodeInt[int](d); n != 0 {
			t.Errorf("DecodeInt returns %d after an error", n)
		}
		if p := DecodePointer(d, DecodeInt[int]); p != nil {
			t.Errorf("DecodePointer returns %d after an error", *p)
		}
		if d.in.pos != 2 {
			t.Errorf("the decoder reads %d bytes after an error", d.in.pos-2)
		}
		if d.err != first {
			t.Errorf("got error %v, want the first", d.err)
		}
		return v
	})
	if located, ok := errors.AsType[*PathError](err); !ok || located.Err != first || located.Path != "[0]" || v != 0 {
		t.Errorf("got %d, %v, want the first error at [0]", v, err)
	}
}

// encodeEverything calls all functions EncodeX.
func encodeEverything(e *Encoder) {
	EncodeBool(e, true)
	EncodeInt(e, 1)
	EncodeUint(e, uint(1))
	EncodeFloat32(e, float32(1))
	EncodeFloat64(e, 1.0)
	EncodeString(e, "x")
	EncodeBytes(e, []byte("x"))
	EncodeBytes(e, []byte(nil))
	EncodeByteArray(e, []byte("x"))
	EncodeTime(e, times().Example())
	EncodeSlice(e, []int{1}, EncodeInt)
	EncodeSlice(e, []int(nil), EncodeInt)
	EncodeArray(e, []int{1}, EncodeInt)
	EncodeMap(e, map[int]int{1: 1}, EncodeInt, EncodeInt)
	EncodeMap(e, map[int]int(nil), EncodeInt, EncodeInt)
	EncodePointer(e, new(int), EncodeInt)
	EncodePointer(e, nil, EncodeInt[int])
	EncodeCustom(e, point{1, 2})
	EncodeCustom(e, set(nil))
	EncodeMsgpack(e, raw{"\x01"})
	EncodeBinary(e, blob("x"))
	EncodeText(e, text("x"))
	EncodeText(e, text(nil))
	EncodeAny(e, "x")
	EncodeAny(e, []string{"x"})
	EncodeJSON(e, "x")
	EncodeVia(e, "x", func(s string) ([]byte, error) { return []byte(s), nil })
}
