package codec

import (
	"bytes"
	"errors"
	"io"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/vmihailenco/msgpack/v5"
)

// For nil, v5 calls methods on pointers and writes nil for methods on values.
func TestNilMarshalers(t *testing.T) {
	type nils struct {
		A set
		B list
		C blob
		D text
	}
	var field nils
	theirs, err := msgpack.Marshal(&field)
	if err != nil {
		t.Fatal(err)
	}
	ours, err := Append(nil, field, func(e *Encoder, v nils) {
		e.MapLen(4)
		e.Key("A")
		EncodeCustom(e, v.A)
		e.Key("B")
		EncodeMsgpack(e, v.B)
		e.Key("C")
		EncodeBinary(e, v.C)
		e.Key("D")
		EncodeText(e, v.D)
	})
	if err != nil || !bytes.Equal(ours, theirs) {
		t.Errorf("got %q, %v; v5 writes %q", ours, err, theirs)
	}
}

// A method that does not write exactly one well-formed value fails, also where what it
// does would come right in the end.
func TestMethodsThatWriteWrong(t *testing.T) {
	for _, wrong := range []string{"", "\x01\x02", "\xc1", "\xa5abc", "\x92\x01", "\x91", "\xdf\xff\xff\xff\xff", "\xc0\xc0"} {
		for name, encode := range map[string]func(e *Encoder, s string){
			"EncodeMsgpack":  func(e *Encoder, s string) { EncodeCustom(e, rawCustom{s}) },
			"MarshalMsgpack": func(e *Encoder, s string) { EncodeMsgpack(e, raw{s}) },
		} {
			_, err := Append(nil, wrong, encode)
			if err == nil || !strings.HasSuffix(err.Error(), name+" does not write exactly one value") {
				t.Errorf("%x by %s: got error %v", wrong, name, err)
			}
			both := []string{wrong, "\x01"} // two values, if wrong is none or a header
			if _, err := Append(nil, both, func(e *Encoder, v []string) { EncodeSlice(e, v, encode) }); err == nil {
				t.Errorf("%x by %s in a slice is accepted", wrong, name)
			}
		}
	}
	twoForNone := []rawCustom{{"\x01\x02"}, {""}}
	if b, err := Append(nil, twoForNone, func(e *Encoder, v []rawCustom) { EncodeSlice(e, v, EncodeCustom) }); err == nil {
		t.Errorf("two elements written as none are accepted: %x", b)
	}
}

// The depth of what a method wrote counts in the whole.
func TestMethodsThatNest(t *testing.T) {
	encode := func(e *Encoder, v []raw) { EncodeSlice(e, v, EncodeMsgpack) }
	for depth, ok := range map[int]bool{31: true, 32: false} {
		if _, err := Append(nil, []raw{{strings.Repeat("\x91", depth) + "\x01"}}, encode); (err == nil) != ok {
			t.Errorf("depth %d: got error %v, want success %v", depth, err, ok)
		}
	}
}

// A reads is a DecodeMsgpack method.
type reads struct{}

var how func(*msgpack.Decoder) error

func (reads) DecodeMsgpack(d *msgpack.Decoder) error { return how(d) }

// A method that does not read exactly its own value fails.
func TestMethodsThatReadWrong(t *testing.T) {
	for name, f := range map[string]func(d *msgpack.Decoder) error{
		"nothing": func(d *msgpack.Decoder) error { return nil },
		"a part":  func(d *msgpack.Decoder) error { _, err := d.DecodeArrayLen(); return err },
		"more":    func(d *msgpack.Decoder) error { return errors.Join(d.Skip(), d.Skip()) },
		"others":  func(d *msgpack.Decoder) error { d.Reset(bytes.NewReader([]byte{1})); return d.Skip() },
	} {
		how = f
		_, err := Decode([]byte("\x92\x91\x01\x02"), func(d *Decoder) int {
			d.ArrayLen(2)
			DecodeCustom[reads](d)
			return DecodeInt[int](d)
		})
		if err == nil {
			t.Errorf("%s: the value is accepted", name)
		}
	}
}

// A meddler changes whatever it can.
type meddler struct{}

var keptEncoder *msgpack.Encoder

func (meddler) EncodeMsgpack(e *msgpack.Encoder) error {
	err := e.EncodeInt(1)
	e.UseCompactFloats(true)
	e.UseCompactInts(true)
	e.UseInternedStrings(true)
	e.UseArrayEncodedStructs(true)
	e.SetOmitEmpty(true)
	e.SetCustomStructTag("json")
	e.ResetWriter(new(bytes.Buffer))
	keptEncoder = e
	return err
}

var keptDecoder *msgpack.Decoder

func (*meddler) DecodeMsgpack(d *msgpack.Decoder) error {
	_, err := d.DecodeInt()
	d.UseLooseInterfaceDecoding(true)
	d.UseInternedStrings(true)
	d.DisallowUnknownFields(true)
	d.SetCustomStructTag("json")
	d.SetMapDecoder(func(*msgpack.Decoder) (any, error) { panic("called") })
	d.Reset(strings.NewReader("\x07"))
	keptDecoder = d
	return err
}

// A method may do anything to its encoder or decoder without an effect on other values: those of the same
// encoding and later ones, while it runs and afterwards.
func TestMethodsThatMeddle(t *testing.T) {
	var plain bytes.Buffer
	enc := msgpack.NewEncoder(&plain)
	enc.EncodeArrayLen(6)
	enc.EncodeInt(1)
	enc.EncodeFloat64(2)
	enc.EncodeString("string")
	enc.EncodeString("string")
	enc.EncodeInt(1)
	enc.EncodeInt(1<<8 | 2)

	for range 3 {
		b, err := Append(nil, 0, func(e *Encoder, _ int) {
			e.ArrayLen(6)
			EncodeCustom(e, meddler{})
			EncodeFloat64(e, 2.0)
			EncodeString(e, "string")
			EncodeString(e, "string")
			EncodeCustom(e, meddler{})
			EncodeCustom(e, point{1, 2})
		})
		if err != nil || !bytes.Equal(b, plain.Bytes()) {
			t.Errorf("got %x, %v; want %x", b, err, plain.Bytes())
		}
		_, err = Decode(b, func(d *Decoder) (none struct{}) {
			d.ArrayLen(6)
			DecodeCustom[meddler](d)
			if f := DecodeFloat64[float64](d); f != 2 {
				t.Error(f)
			}
			keptDecoder.Skip()
			for range 2 {
				if s := DecodeString[string](d); s != "string" {
					t.Errorf("got %q, want string", s)
				}
			}
			DecodeCustom[meddler](d)
			if p := DecodeCustom[point](d); p != (point{1, 2}) {
				t.Error(p)
			}
			return none
		})
		if err != nil {
			t.Error(err)
		}
		b, err = Append(nil, "later", func(e *Encoder, v string) {
			keptEncoder.EncodeString("in between")
			EncodeString(e, v)
			keptEncoder.EncodeString("in between")
		})
		if err != nil || string(b) != "\xa5later" {
			t.Errorf("got %x, %v", b, err)
		}
	}
}

// A writerKeeper keeps the writer of its encoder.
type writerKeeper struct{}

var keptWriter interface{ Write([]byte) (int, error) }

func (writerKeeper) EncodeMsgpack(e *msgpack.Encoder) error {
	keptWriter = e.Writer()
	return e.EncodeNil()
}

func TestMethodsThatKeepTheWriter(t *testing.T) {
	b, err := Append(make([]byte, 0, 100), 0, func(e *Encoder, _ int) {
		e.ArrayLen(2)
		EncodeCustom(e, writerKeeper{})
		EncodeString(e, "x")
		keptWriter.Write([]byte{1, 2, 3})
	})
	if err != nil || string(b) != "\x92\xc0\xa1x" {
		t.Errorf("got %x, %v", b, err)
	}
}

// A readerKeeper keeps its decoder.
type readerKeeper struct{}

func (*readerKeeper) DecodeMsgpack(d *msgpack.Decoder) error {
	keptDecoder = d
	return d.Skip()
}

func TestMethodsThatKeepTheDecoder(t *testing.T) {
	_, err := Decode([]byte("\x92\x01\x02"), func(d *Decoder) int {
		d.ArrayLen(2)
		DecodeCustom[readerKeeper](d)
		keptDecoder.Buffered().(io.ByteScanner).UnreadByte()
		if v, err := keptDecoder.DecodeInt(); err == nil {
			t.Errorf("a kept decoder reads %d", v)
		}
		return DecodeInt[int](d)
	})
	if err != nil {
		t.Error(err)
	}
}

// A keeper keeps the bytes that it is given.
type keeper []byte

func (k *keeper) UnmarshalMsgpack(b []byte) error {
	*k = b
	return nil
}

// A method owns the bytes that it gets: it may keep and change them.
func TestMethodsThatKeep(t *testing.T) {
	for name, decode := range map[string]func([]byte) ([]byte, error){
		"binary":  func(b []byte) ([]byte, error) { v, err := Decode(b, DecodeBinary[blob]); return v, err },
		"text":    func(b []byte) ([]byte, error) { v, err := Decode(b, DecodeText[text]); return v, err },
		"msgpack": func(b []byte) ([]byte, error) { v, err := Decode(b, DecodeMsgpack[keeper]); return v, err },
		"bytes":   func(b []byte) ([]byte, error) { return Decode(b, DecodeBytes[[]byte]) },
		"any":     func(b []byte) ([]byte, error) { v, err := Decode(b, DecodeAny); return v.([]byte), err },
	} {
		b := []byte("\xc4\x03abc")
		v, err := decode(b)
		if err != nil || !strings.HasSuffix(string(v), "abc") {
			t.Fatalf("%s: got %q, %v", name, v, err)
		}
		clear(v)
		if string(b) != "\xc4\x03abc" {
			t.Errorf("%s: the method changed the input to %q", name, b)
		}
	}
}

// A panicker panics.
type panicker struct{}

func (panicker) EncodeMsgpack(e *msgpack.Encoder) error  { e.EncodeString("x"); panic("boom") }
func (*panicker) DecodeMsgpack(d *msgpack.Decoder) error { panic("boom") }

// A panic is not swallowed, and leaves nothing behind.
func TestMethodsThatPanic(t *testing.T) {
	caught := func(f func()) (v any) {
		defer func() { v = recover() }()
		f()
		return nil
	}
	for range 3 {
		if v := caught(func() { Append(nil, panicker{}, EncodeCustom) }); v != "boom" {
			t.Error(v)
		}
		if v := caught(func() { Decode([]byte{1}, DecodeCustom[panicker]) }); v != "boom" {
			t.Error(v)
		}
		if b, err := Append(nil, 1, EncodeInt); err != nil || string(b) != "\x01" {
			t.Errorf("a later Append returns %x, %v", b, err)
		}
		if v, err := Decode([]byte{1}, DecodeInt[int]); err != nil || v != 1 {
			t.Errorf("a later Decode returns %d, %v", v, err)
		}
	}
}

// The error of a method can be found, but its text, which may quote the value, is not shown.
func TestMethodsThatFail(t *testing.T) {
	encode := func(f func(*Encoder, broken)) error { _, err := Append(nil, broken{}, f); return err }
	decode := func(f func(*Decoder) broken) error { _, err := Decode([]byte("\xc4\x00"), f); return err }
	for method, err := range map[string]error{
		"EncodeMsgpack":    encode(EncodeCustom),
		"DecodeMsgpack":    decode(DecodeCustom[broken]),
		"MarshalMsgpack":   encode(EncodeMsgpack),
		"UnmarshalMsgpack": decode(DecodeMsgpack[broken]),
		"MarshalBinary":    encode(EncodeBinary),
		"UnmarshalBinary":  decode(DecodeBinary[broken]),
		"MarshalText":      encode(EncodeText),
		"UnmarshalText":    decode(DecodeText[broken]),
	} {
		if !errors.Is(err, errMethod) || err.Error() != "codec.broken."+method+" failed" {
			t.Errorf("%s: got error %v", method, err)
		}
	}
	_, err := Decode([]byte("\xc4\x07hunter2"), DecodeText[netip.Addr])
	if err == nil || err.Error() != "netip.Addr.UnmarshalText failed" {
		t.Error(err)
	}
	_, err = Decode([]byte("\xc4\x07hunter2"), DecodeText[time.Time])
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Error(err)
	}
}
