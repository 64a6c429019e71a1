package gobcodec

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"github.com/sessiongen/sessiongen/runtime/codec"
)

type item struct {
	Name  string
	Parts map[string]complex128
	Next  *item
}

func TestGob(t *testing.T) {
	for _, v := range []item{{}, {Name: "x", Parts: map[string]complex128{"a": 1i}}, {Next: &item{Name: "y"}}} {
		b, err := codec.AppendReadable(nil, v, Encode, Decode)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := codec.Decode(b, Decode[item]); err != nil || !reflect.DeepEqual(got, v) {
			t.Errorf("got %+v, %v; want %+v", got, err, v)
		}
	}
	if b, err := codec.Append(nil, nil, Encode[*item]); err != nil || !bytes.Equal(b, []byte{0xc0}) {
		t.Errorf("nil: got %x, %v", b, err)
	}
}

func TestRefused(t *testing.T) {
	if _, err := codec.Append(nil, []any{func() {}}, Encode); err == nil || !strings.HasSuffix(err.Error(), "the function that encodes []interface {} failed") {
		t.Error(err)
	}
	b, err := codec.Append(nil, item{Name: "x"}, Encode)
	if err != nil {
		t.Fatal(err)
	}
	twice := append([]byte{0xc4, 2 * b[1]}, append(bytes.Clone(b[2:]), b[2:]...)...)
	for name, b := range map[string][]byte{"cut off": {0xc4, 1, b[2]}, "two values": twice, "text": []byte("\xa1x")} {
		if v, err := codec.Decode(b, Decode[item]); err == nil || !reflect.DeepEqual(v, item{}) {
			t.Errorf("%s: got %v, %v, want an error", name, v, err)
		}
	}
}
