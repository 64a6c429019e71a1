package codec

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/vmihailenco/msgpack/v5"
)

var errUnreadable = errors.New("hunter2")

// The types below write what they cannot read, by each kind of method.
type (
	badText    struct{ S string }
	badBinary  struct{ S string }
	badCustom  struct{ S string }
	badMsgpack struct{ S string }
)

func (v badText) MarshalText() ([]byte, error)             { return []byte(v.S), nil }
func (v *badText) UnmarshalText(b []byte) error            { return unread(b) }
func (v badBinary) MarshalBinary() ([]byte, error)         { return []byte(v.S), nil }
func (v *badBinary) UnmarshalBinary(b []byte) error        { return unread(b) }
func (v badCustom) EncodeMsgpack(e *msgpack.Encoder) error { return e.EncodeString(v.S) }
func (v *badCustom) DecodeMsgpack(d *msgpack.Decoder) error {
	s, err := d.DecodeString()
	if err != nil {
		return err
	}
	return unread([]byte(s))
}
func (v badMsgpack) MarshalMsgpack() ([]byte, error)  { return msgpack.Marshal(v.S) }
func (v *badMsgpack) UnmarshalMsgpack(b []byte) error { return unread(b[1:]) }

func unread(b []byte) error {
	if strings.Contains(string(b), "bad") {
		return errUnreadable
	}
	return nil
}

// A value whose own methods cannot read what they wrote is an error when it is written.
func TestAppendReadable(t *testing.T) {
	readable(t, "codec.badText.UnmarshalText", EncodeText, DecodeText, func(s string) badText { return badText{s} })
	readable(t, "codec.badBinary.UnmarshalBinary", EncodeBinary, DecodeBinary, func(s string) badBinary { return badBinary{s} })
	readable(t, "codec.badCustom.DecodeMsgpack", EncodeCustom, DecodeCustom, func(s string) badCustom { return badCustom{s} })
	readable(t, "codec.badMsgpack.UnmarshalMsgpack", EncodeMsgpack, DecodeMsgpack, func(s string) badMsgpack { return badMsgpack{s} })
	readable(t, "json.Unmarshal of codec.badText", EncodeJSON, DecodeJSON, func(s string) badText { return badText{s} })
	readable(t, "the function that decodes string",
		func(e *Encoder, v string) { EncodeVia(e, v, func(v string) ([]byte, error) { return []byte(v), nil }) },
		func(d *Decoder) string {
			return DecodeVia(d, func(b []byte) (string, error) { return string(b), unread(b) })
		}, func(s string) string { return s })
}

func readable[T any](t *testing.T, name string, encode func(*Encoder, T), decode func(*Decoder) T, make func(string) T) {
	encodeList := func(e *Encoder, v []T) { EncodeSlice(e, v, encode) }
	decodeList := func(d *Decoder) []T { return DecodeSlice[[]T](d, decode) }
	for _, c := range []struct {
		path string
		v    []T
	}{
		{"", []T{make("good"), make("")}},
		{"[1]", []T{make("good"), make("bad"), make("bad")}},
	} {
		b, err := AppendReadable([]byte("dst"), c.v, encodeList, decodeList)
		if c.path == "" {
			if err != nil || !strings.HasPrefix(string(b), "dst") || len(b) < 6 {
				t.Errorf("%s: got %q, %v", name, b, err)
			}
			continue
		}
		want := c.path + ": what was written cannot be read back: " + name + " failed"
		if err == nil || err.Error() != want || !errors.Is(err, errUnreadable) && !strings.Contains(name, "JSON") {
			t.Errorf("%s: got error %v, want %s", name, err, want)
		}
		if got := Reason("list", err); got != "list"+want {
			t.Errorf("%s: got reason %s", name, got)
		}
		if string(b) != "dst" || strings.Contains(fmt.Sprint(string(b[:cap(b)])), "bad") {
			t.Errorf("%s: the refused value left %q, of %q", name, b, b[:cap(b)])
		}
	}
}

// Only values that methods or functions of the program write are read back.
func TestReadBackOnce(t *testing.T) {
	count := 0
	counting := func(d *Decoder) any { count++; return DecodeAny(d) }
	for _, v := range []any{1, "x", []any{1, "x"}, []string{"x"}, map[string]any{"k": nil}} {
		if _, err := AppendReadable(nil, v, EncodeAny, counting); err != nil || count != 0 {
			t.Errorf("%T: read back %d times, %v, want 0", v, count, err)
		}
	}
	if _, err := AppendReadable(nil, text("x"), EncodeText, func(d *Decoder) text { count++; return DecodeText[text](d) }); err != nil || count != 1 {
		t.Errorf("text: read back %d times, %v, want 1", count, err)
	}
	if _, err := AppendReadable(nil, text(nil), EncodeText, func(d *Decoder) text { count++; return DecodeText[text](d) }); err != nil || count != 1 {
		t.Errorf("nil: read back %d times, %v, want 1", count, err)
	}
}

// Paths name the part at fault, keys of maps in errors alone.
func TestPaths(t *testing.T) {
	type item struct {
		Tags map[string][]badText
		ByID map[int8]map[level]*badText
	}
	encodeItem := func(e *Encoder, v item) {
		e.MapLen(2)
		e.Key("Tags")
		EncodeMap(e, v.Tags, EncodeString, func(e *Encoder, v []badText) { EncodeSlice(e, v, EncodeText) })
		e.Key("ByID")
		EncodeMap(e, v.ByID, EncodeInt, func(e *Encoder, v map[level]*badText) {
			EncodeMap(e, v, EncodeInt, func(e *Encoder, v *badText) { EncodePointer(e, v, EncodeText) })
		})
	}
	decodeItem := func(d *Decoder) (v item) {
		for n := d.MapLen(); n > 0; n-- {
			switch string(d.Key()) {
			case "Tags":
				v.Tags = DecodeMap[map[string][]badText](d, DecodeString, func(d *Decoder) []badText {
					return DecodeSlice[[]badText](d, DecodeText)
				})
			case "ByID":
				v.ByID = DecodeMap[map[int8]map[level]*badText](d, DecodeInt, func(d *Decoder) map[level]*badText {
					return DecodeMap[map[level]*badText](d, DecodeInt, func(d *Decoder) *badText { return DecodePointer(d, DecodeText[badText]) })
				})
			default:
				d.Skip()
			}
		}
		return v
	}
	good, bad := badText{"good"}, badText{"bad"}
	long := strings.Repeat("é", 50)
	for _, c := range []struct {
		v             []item
		shown, hidden string
	}{
		{[]item{{}, {Tags: map[string][]badText{"a": {good}, "b \"q\"": {good, good, bad}}}}, `[1].Tags["b \"q\""][2]`, `[1].Tags[...][2]`},
		{[]item{{ByID: map[int8]map[level]*badText{-3: {7: &good}, 100: {5: nil, 6: &bad}}}}, `[0].ByID[100][6]`, `[0].ByID[...][...]`},
		{[]item{{Tags: map[string][]badText{long: {bad}}}}, `[0].Tags["` + strings.Repeat("é", 20) + `"...][0]`, `[0].Tags[...][0]`},
	} {
		_, err := AppendReadable([]byte("before"), c.v,
			func(e *Encoder, v []item) { EncodeSlice(e, v, encodeItem) },
			func(d *Decoder) []item { return DecodeSlice[[]item](d, decodeItem) })
		located, ok := errors.AsType[*PathError](Within("items", err))
		if !ok || located.Path != "items"+c.shown {
			t.Errorf("got error %v, want the path %s", err, c.shown)
			continue
		}
		if got := Reason("items", err); !strings.HasPrefix(got, "items"+c.hidden+": ") {
			t.Errorf("got reason %s, want the path %s", got, c.hidden)
		}
	}
}

// The path is found in whatever a decoding stopped at.
func FuzzPaths(f *testing.F) {
	f.Add([]byte("\x82\xa1a\x01\xa1b\x92\x01\xc1"), 5)
	f.Add([]byte("\xdd\xff\xff\xff\xff\x81\x81"), 6)
	f.Add([]byte("\xdf\xff\xff\xff\xff\x81\x81\xde"), 9)
	f.Fuzz(func(t *testing.T, b []byte, at int) {
		pathTo(b, at, []int{0, 1})
	})
}
