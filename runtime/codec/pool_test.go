package codec

import (
	"bytes"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime/internal/wire"
)

// memoryOf returns the whole of a private slice of one of v5's structs.
func memoryOf(coder any, field string) []byte {
	b := reflect.ValueOf(coder).Elem().FieldByName(field).Bytes()
	return b[:cap(b)]
}

// The memory that v5 keeps holds nothing of a value once the value is encoded or decoded.
func TestWiped(t *testing.T) {
	v := []any{int64(math.MaxInt64), uint64(math.MaxUint64), math.Pi, strings.Repeat("x", 300), bytes.Repeat([]byte("x"), 300),
		time.Unix(math.MaxInt32, 999_999_999), time.Unix(1<<40, 999_999_999), make([]any, 20), math.E}

	var e *Encoder
	b, err := Append(nil, any(v), func(used *Encoder, v any) {
		e = used
		EncodeAny(e, v)
		if len(bytes.Trim(memoryOf(e.enc, "buf"), "\x00")) == 0 || len(bytes.Trim(memoryOf(e.enc, "timeBuf"), "\x00")) == 0 {
			t.Error("the encoder of v5 keeps no values, so the test has nothing to check")
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{"buf", "timeBuf"} {
		if left := memoryOf(e.enc, field); len(bytes.Trim(left, "\x00")) != 0 {
			t.Errorf("the encoder's %s still has %x", field, left)
		}
	}
	if e.out.buf != nil || e.user != nil || e.err != nil || e.nest != 0 {
		t.Errorf("the encoder keeps %+v", e)
	}

	var d *Decoder
	if _, err := Decode(b, func(used *Decoder) any {
		d = used
		v := DecodeAny(d)
		if len(bytes.Trim(memoryOf(d.dec, "buf"), "\x00")) == 0 {
			t.Error("the decoder of v5 keeps no values, so the test has nothing to check")
		}
		return v
	}); err != nil {
		t.Fatal(err)
	}
	if left := memoryOf(d.dec, "buf"); len(bytes.Trim(left, "\x00")) != 0 {
		t.Errorf("the decoder's buf still has %x", left)
	}
	if d.in.data != nil || d.in.into != nil || d.user != nil || d.err != nil || d.nest != 0 {
		t.Errorf("the decoder still has %+v", d)
	}
}

// The spare part of dst holds nothing of a value that was not encoded.
func TestFailedAppendIsWiped(t *testing.T) {
	dst := make([]byte, 3, 100)
	_, err := Append(dst, "hunter2", func(e *Encoder, v string) {
		EncodeString(e, v)
		EncodeString(e, v)
	})
	if err == nil || len(bytes.Trim(dst[:100], "\x00")) != 0 {
		t.Errorf("the failed Append left %q, %v", dst[:100], err)
	}
}

// Append writes one value, and Decode reads one, to the end.
func TestOneValue(t *testing.T) {
	if b, err := Append(nil, 1, func(*Encoder, int) {}); err == nil {
		t.Errorf("an encoder that writes nothing returns %x", b)
	}
	for _, b := range []string{"", "\x01\x01", "\x91"} {
		if v, err := Decode([]byte(b), DecodeInt[int]); err == nil {
			t.Errorf("%x decodes as %d, want an error", b, v)
		}
	}
	if _, err := Decode([]byte("\x91\x01"), func(d *Decoder) int { d.ArrayLen(1); return 1 }); err != errRest {
		t.Error(err)
	}
	if _, err := Decode([]byte("\x01"), func(d *Decoder) int { d.Skip(); return DecodeInt[int](d) }); err == nil {
		t.Error("a decoder reads past the end")
	}
}

// Append does not touch what dst holds, and uses its room.
func TestAppendInPlace(t *testing.T) {
	dst := append(make([]byte, 0, 100), "head"...)
	b, err := Append(dst, "tail", EncodeString)
	if err != nil || string(b) != "head\xa4tail" || &b[0] != &dst[0] {
		t.Errorf("got %q, %v", b, err)
	}
	if b, err := Append(wire.AppendString(nil, "x"), []byte(nil), EncodeBytes); err != nil || string(b) != "\xa1x\xc0" {
		t.Errorf("got %q, %v", b, err)
	}
}
