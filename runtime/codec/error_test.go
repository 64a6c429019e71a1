package codec

import (
	"fmt"
	"strings"
	"testing"
)

// Errors say what is wrong with the form of a value, and show nothing of it.
func TestErrorTexts(t *testing.T) {
	const secret = "hunter2"
	integer := []byte{0xcd, 0x30, 0x39} // 12345
	text := []byte("\xa7" + secret)
	for _, c := range []struct {
		err  func() error
		want string
	}{
		{func() error { _, err := Decode(text, DecodeInt[int]); return err }, "string where integer is expected"},
		{func() error { _, err := Decode(text, DecodeBytes[[]byte]); return err }, "string where binary is expected"},
		{func() error { _, err := Decode(integer, DecodeString[string]); return err }, "integer where string is expected"},
		{func() error { _, err := Decode([]byte{0xc0}, DecodeBool[bool]); return err }, "nil where bool is expected"},
		{func() error { _, err := Decode(integer, DecodeInt[level]); return err }, "integer out of range of codec.level"},
		{func() error { _, err := Decode(integer, DecodeUint[uint8]); return err }, "integer out of range of uint8"},
		{func() error { _, err := Decode(integer, decodeNode); return err }, "integer where map is expected"},
		{func() error { _, err := Decode([]byte{0x90}, decodePair); return err }, "array of 0 where 2 are expected"},
		{func() error { _, err := Decode([]byte("\xd4\x05\x05"), DecodeAny); return err }, "extension is not a valid timestamp"},
		{func() error {
			_, err := Decode([]byte("\x82\xa7"+secret+"\x01\xa7"+secret+"\x01"), DecodeAny)
			return err
		}, "map has a key twice"},
		{func() error {
			_, err := Decode([]byte("\x90"), func(d *Decoder) string { d.ArrayLen(0); return DecodeString[string](d) })
			return err
		}, "nothing is left where string is expected"},
	} {
		err := c.err()
		if err == nil || err.Error() != c.want {
			t.Errorf("got error %v, want %s", err, c.want)
			continue
		}
		if s := fmt.Sprintf("%+v %#v", err, err); strings.Contains(s, secret) || strings.Contains(s, "12345") {
			t.Errorf("the error shows the value: %s", s)
		}
	}
}
