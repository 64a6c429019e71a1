package payload

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sessiongen/sessiongen/runtime/internal/wire"
)

// threeFields is a schema that knows one of its fields by an older key too.
func threeFields(tb testing.TB) *Schema {
	schema, err := NewSchema([]Field{{Key: "a"}, {Key: "b"}, {Key: "c", Was: []string{"old"}}})
	if err != nil {
		tb.Fatal(err)
	}
	return schema
}

// FuzzParse: arbitrary bytes do not make parse panic, and what it takes is written
// again as something that says the same, in a form that stays.
func FuzzParse(f *testing.F) {
	const meta = "\xc4\x100123456789abcdef\xce\x60\x00\x00\x00\x05\x06\x01"
	for _, seed := range []string{
		"", "\x92", "\x92\x95" + meta + "\x80", "\x92\x95" + meta + "\x82\xa1a\x01\xa1b\xa1x",
		"\x92\x96" + meta + "\x81\xa1a\x10\x81\xa1a\x01", "\x92\x97" + meta + "\x80\xa5later\x81\xa1u\xc0",
		"\x92\x98" + meta + "\x83\xa1a\x10\xa1u\x20\xa3old\x30\x93\x01\x02\x03\xc0\x83\xa1a\x01\xa1u\x02\xa3old\x03",
		"\x92\x95" + meta + "\x83\xa3old\x01\xa1c\x02\xa1z\x91\x91\xc0", "\x92\x95" + meta + "\x82\xa1a\x01\xa1a\x01",
		"\x92\x97" + meta + "\x80\xc4\x19m123456789abcdefghijklmno\x80", "\x92\x98" + meta + "\x80\xc4\x19m123456789abcdefghijklmno\x07\x80",
		"\x92\x97" + meta + "\x80\xc4\x19n123456789abcdefghijklmno\x80", "\x92\x97" + meta + "\x80\xc4\x18m123456789abcdefghijklmn\x80",
		"\x92\x97" + meta + "\x80\xc4\x19m\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80",
		"\x92\x97" + meta + "\x80\xc4\x11f123456789abcdef\x80", "\x92\x97\xc4\x100123456789abcdef\xce\x00\x00\x00\x64\xcd\x00\x05\x06\x01\x80\xc4\x11f123456789abcdef\x80",
		"\x92\x95" + meta + "\xdf\xff\xff\xff\xff", "\xdc\x00\x02\xdc\x00\x05" + meta + "\xde\x00\x00",
	} {
		f.Add([]byte(seed))
	}
	schema := threeFields(f)
	f.Fuzz(func(t *testing.T, plaintext []byte) {
		c := New(schema)
		if c.Parse(append(c.Room(), plaintext...)) != nil {
			return
		}
		checkContents(t, c)
		again := New(schema)
		text := c.Append(again.Room())
		canonical := bytes.Clone(text)
		if err := again.Parse(text); err != nil {
			t.Fatalf("%x is written as %x, which does not parse: %v", plaintext, canonical, err)
		}
		checkContents(t, again)
		for i := range schema.fields {
			if !bytes.Equal(c.Value(i), again.Value(i)) || c.Value(i) != nil && c.Expiry(i) != again.Expiry(i) {
				t.Errorf("field %d: got %x until %d, then %x until %d", i, c.Value(i), c.Expiry(i), again.Value(i), again.Expiry(i))
			}
		}
		if !slices.EqualFunc(c.unknown(), again.unknown(), func(a, b unknownField) bool {
			return bytes.Equal(a.key, b.key) && bytes.Equal(a.raw, b.raw) && a.expires == b.expires
		}) {
			t.Errorf("got unknown fields %v, then %v", c.unknown(), again.unknown())
		}
		if got, want := said(again), said(c); !reflect.DeepEqual(got, want) {
			t.Errorf("got metadata %[2]v, want %[1]v", want, got)
		}
		if a, b := c.rarely(), again.rarely(); a.laterCount != b.laterCount || !bytes.Equal(a.later, b.later) {
			t.Errorf("got later metadata %x, then %x", a.later, b.later)
		}
		if got := again.Append(nil); !bytes.Equal(got, canonical) {
			t.Errorf("got plaintext %x, then %x", canonical, got)
		}

		// A change leaves the rest alone.
		value := slices.Repeat([]byte{0xc0}, len(plaintext)%300+1)
		again.Set(1, value)
		again.Remove(0)
		if again.Value(0) != nil || !bytes.Equal(again.Value(1), value) || !bytes.Equal(again.Value(2), c.Value(2)) {
			t.Errorf("after a change: got %x, %x, %x", again.Value(0), again.Value(1), again.Value(2))
		}
	})
}

// metadata is what the metadata of a session says.
type metadata struct {
	Metadata
	former ID // the zero one for none
}

// said returns what the metadata says, without where in the text it says so.
func said(c *Contents) metadata {
	former, _ := c.FormerID()
	m := metadata{c.Metadata, former}
	m.formerAt = 0
	return m
}

// checkContents checks that every value is one well-formed value.
func checkContents(t *testing.T, c *Contents) {
	t.Helper()
	for i := range c.schema.fields {
		if raw := c.Value(i); raw != nil && wire.Check(raw) != nil {
			t.Errorf("field %d has %x, which is not a value", i, raw)
		}
	}
	for _, u := range c.unknown() {
		if _, known := c.schema.lookup(u.key); known || wire.Check(u.raw) != nil {
			t.Errorf("the unknown field %q has %x, or is known", u.key, u.raw)
		}
	}
}

func TestSchemaRefuses(t *testing.T) {
	long := strings.Repeat("k", maxKeyLen)
	var many []string
	for i := range maxRank + 1 {
		many = append(many, fmt.Sprint("old", i))
	}
	for _, c := range []struct {
		name   string
		fields []Field
		want   string // a part of the error; "" for none
	}{
		{"none", nil, ""},
		{"the longest key", []Field{{Key: long[:len(long)-3]}}, ""},
		{"a longer key", []Field{{Key: long}}, "more than 65535 bytes"},
		{"as many older keys as there can be", []Field{{Key: "a", Was: many[1:]}}, ""},
		{"one more", []Field{{Key: "a", Was: many}}, "more than 255 older ones"},
		{"a key twice", []Field{{Key: "a"}, {Key: "a"}}, `key "a" twice`},
		{"an older key that another field has", []Field{{Key: "a"}, {Key: "b", Was: []string{"a"}}}, `key "a" twice`},
		{"an older key twice", []Field{{Key: "a", Was: []string{"b", "b"}}}, `key "b" twice`},
	} {
		_, err := NewSchema(c.fields)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got error %.100v, want %q", c.name, err, c.want)
		}
	}
}
