package runtime

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/sessiongen/sessiongen/runtime/internal/wire"
)

// parseManager knows three fields, one of them by an older key too.
func parseManager() *manager {
	m := &manager{keys: make(map[string]keyIndex)}
	for i, key := range []string{"a", "b", "c"} {
		m.fields = append(m.fields, &descriptor{index: i, name: key, key: key, header: wire.AppendString(nil, key)})
		m.keys[key] = keyIndex{index: i}
	}
	m.keys["old"] = keyIndex{index: 2, age: 1}
	return m
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
		"\x92\x95" + meta + "\xdf\xff\xff\xff\xff", "\xdc\x00\x02\xdc\x00\x05" + meta + "\xde\x00\x00",
	} {
		f.Add([]byte(seed))
	}
	m := parseManager()
	f.Fuzz(func(t *testing.T, plaintext []byte) {
		c := newContents(len(m.fields))
		c.text = append(c.text, plaintext...)
		if m.parse(c) != nil {
			return
		}
		checkContents(t, m, c)
		again := newContents(len(m.fields))
		again.text = m.appendPlaintext(again.text, c)
		canonical := bytes.Clone(again.text)
		if err := m.parse(again); err != nil {
			t.Fatalf("%x is written as %x: %v", plaintext, canonical, err)
		}
		checkContents(t, m, again)
		for i := range m.fields {
			if !bytes.Equal(c.value(i), again.value(i)) || c.value(i) != nil && c.expiry(i) != again.expiry(i) {
				t.Errorf("field %d: %x until %d, then %x until %d", i, c.value(i), c.expiry(i), again.value(i), again.expiry(i))
			}
		}
		if !slices.EqualFunc(c.unknown(), again.unknown(), func(a, b unknownField) bool {
			return bytes.Equal(a.key, b.key) && bytes.Equal(a.raw, b.raw) && a.expires == b.expires
		}) {
			t.Errorf("unknown fields %v, then %v", c.unknown(), again.unknown())
		}
		if c.meta != again.meta {
			t.Errorf("metadata %v, then %v", c.meta, again.meta)
		}
		if a, b := c.rarely(), again.rarely(); a.laterCount != b.laterCount || !bytes.Equal(a.later, b.later) {
			t.Errorf("later metadata %x, then %x", a.later, b.later)
		}
		if got := m.appendPlaintext(nil, again); !bytes.Equal(got, canonical) {
			t.Errorf("written as %x, then as %x", canonical, got)
		}

		// A change leaves the rest alone.
		value := slices.Repeat([]byte{0xc0}, len(plaintext)%300+1)
		again.set(1, m.fields[1].header, value)
		again.remove(0)
		if again.value(0) != nil || !bytes.Equal(again.value(1), value) || !bytes.Equal(again.value(2), c.value(2)) {
			t.Errorf("after a change: %x, %x, %x", again.value(0), again.value(1), again.value(2))
		}
	})
}

// checkContents checks that every value is one well-formed value.
func checkContents(t *testing.T, m *manager, c *contents) {
	t.Helper()
	for i := range m.fields {
		if raw := c.value(i); raw != nil && wire.Check(raw) != nil {
			t.Errorf("field %d holds %x", i, raw)
		}
	}
	for _, u := range c.unknown() {
		if _, known := m.keys[string(u.key)]; known || wire.Check(u.raw) != nil {
			t.Errorf("unknown field %q holds %x", u.key, u.raw)
		}
	}
}

func newContents(fields int) *contents {
	c := new(contents)
	c.init(fields)
	return c
}

func TestFindCookies(t *testing.T) {
	config := newCookieConfig(Config{Name: "s"})
	for _, c := range []struct {
		headers    []string
		candidates string
		any        bool
		siblings   string
	}{
		{nil, "", false, ""},
		{[]string{"s=1"}, "1", true, ""},
		{[]string{"s=1; s=2", "s=3;s=4"}, "1,2,3,4", true, ""},
		{[]string{"s=", "s==", "s=a=b"}, "=,a=b", true, ""},
		{[]string{"s="}, "", true, ""},
		{[]string{"S=1; ss=2; as=3; s2=4; s =5; s", "s"}, "", false, ""},
		{[]string{"  s=1\t;\ts=2  ;"}, "1,2", true, ""},
		{[]string{`s="1"`, "s=1,2"}, `"1",1,2`, true, ""},
		{[]string{";;s=1;;"}, "1", true, ""},
		{[]string{strings.Repeat("s=; ", 3000) + strings.Repeat("s=x; ", 3000)}, "x,x,x,x,x,x,x,x", true, ""},
		{[]string{"s-2=b; s=a; s-seen=n", "s-3=c;s-4=d"}, "a", true, "b,c,d,n"},
		{[]string{"s-2=b; s-2=x; s-5=y; s-1=z; s-seen2=z; s-see=z; s-=z; s-seen", "s-4="}, "", false, "b,,,"},
	} {
		var r received
		config.find(c.headers, &r)
		if got := strings.Join(slices.Collect(r.candidates()), ","); got != c.candidates || r.any != c.any {
			t.Errorf("%.100q: %q, %v, want %q, %v", c.headers, got, r.any, c.candidates, c.any)
		}
		if got := strings.Join(r.siblings[:], ","); got != c.siblings && (got != ",,," || c.siblings != "") {
			t.Errorf("%.100q: siblings %q, want %q", c.headers, got, c.siblings)
		}
	}
}
