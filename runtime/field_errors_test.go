package runtime_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/codec"
)

func TestEncodeErrors(t *testing.T) {
	for _, secret := range []bool{false, true} {
		f := moodyField(secret)
		if secret { // an encoder whose error is not even the codec's own
			f.Encode = func(e *codec.Encoder, v moody) {
				_, err := v.MarshalText()
				e.Fail(err)
				codec.EncodeText(e, v)
			}
		}
		var log eventLog
		m := newManagerOf(t, runtime.Config{OnEvent: log.record}, &f)
		s := m.Open(t.Context(), nil)
		f.Set(s.Session, "fine")
		f.Set(s.Session, "fail")
		err := s.Err()
		if !errors.Is(err, runtime.ErrEncode) || !strings.HasPrefix(err.Error(), "session: value cannot be encoded: field Moody") {
			t.Errorf("secret=%v: got error %v, want ErrEncode that names the field", secret, err)
		}
		if got := f.Get(s.Session); got != "fine" {
			t.Errorf("the field has %q, want its old value", got)
		}
		if lines, err := setCookieLines(m.Seal(s)); lines != nil || !errors.Is(err, runtime.ErrEncode) {
			t.Errorf("Seal returns %q, %v, want ErrEncode", lines, err)
		}
		log.expect(t, runtime.Event{Kind: runtime.EventSaveFailed, Reason: "value cannot be encoded", Field: "Moody"})
		if text := fmt.Sprintf("%v %+v %#v", err, err, err); secret && strings.Contains(text, "s3cret") {
			t.Errorf("the error shows a secret: %s", text)
		}
	}
}

// An error names a secret field and says no more: not what its methods say, nor where in the value
// it is.
func TestSecretEncodeErrors(t *testing.T) {
	encode := func(e *codec.Encoder, v map[string]moody) {
		codec.EncodeMap(e, v, codec.EncodeString, codec.EncodeText[moody, *moody])
	}
	decode := func(d *codec.Decoder) map[string]moody {
		return codec.DecodeMap[map[string]moody](d, codec.DecodeString, func(d *codec.Decoder) moody {
			d.Fail(errors.New("no: s3cret-value"))
			return ""
		})
	}
	for _, value := range []moody{"fail", "cannot be read"} {
		for _, secret := range []bool{true, false} {
			f := runtime.Field[map[string]moody]{Name: "Moods", Key: "m", Secret: secret, Encode: encode, Decode: decode}
			s := newManagerOf(t, runtime.Config{}, &f).Open(t.Context(), nil)
			f.Set(s.Session, map[string]moody{"s3cret-key": value})
			err := s.Err()
			_, located := errors.AsType[*codec.PathError](err)
			text := fmt.Sprintf("%v %+v %#v", err, err, err)
			if !errors.Is(err, runtime.ErrEncode) || located == secret || strings.Contains(text, "s3cret") == secret {
				t.Errorf("%s, secret=%v: got %s", value, secret, text)
			}
			if secret && err.Error() != "session: value cannot be encoded: field Moods" {
				t.Errorf("%s: got error %v, want no reason", value, err)
			}
		}
	}
}

// A marshaler's panic passes through, and leaves a session that can be used.
func TestEncodePanic(t *testing.T) {
	f := moodyField(false)
	m := newManagerOf(t, runtime.Config{}, &f)
	s := m.Open(t.Context(), nil)
	f.Set(s.Session, "fine")
	for name, call := range map[string]func(){
		"Set":    func() { f.Set(s.Session, "panic") },
		"Update": func() { f.Update(s.Session, func(moody) moody { return "panic" }) },
		"f":      func() { f.Update(s.Session, func(moody) moody { panic("the program's own") }) },
	} {
		if got := mustPanic(t, call); got != "the program's own" {
			t.Errorf("%s: got panic %q, want the program's own", name, got)
		}
	}
	if got := f.Get(reopen(t, m, s).Session); got != "fine" || s.Err() != nil {
		t.Errorf("after the panic: got %q, Err %v, want fine, nil", got, s.Err())
	}
}

func TestCyclicValue(t *testing.T) {
	type node struct{ next *node }
	var encode func(e *codec.Encoder, v *node)
	encode = func(e *codec.Encoder, v *node) {
		codec.EncodePointer(e, v, func(e *codec.Encoder, v node) {
			e.MapLen(1)
			e.Key("next")
			encode(e, v.next)
		})
	}
	f := runtime.Field[*node]{Name: "Node", Key: "n", Encode: encode,
		Decode: func(d *codec.Decoder) *node { d.Skip(); return nil }}
	s := newManagerOf(t, runtime.Config{}, &f).Open(t.Context(), nil)
	loop := new(node)
	loop.next = loop
	f.Set(s.Session, loop)
	if !errors.Is(s.Err(), runtime.ErrEncode) || f.Has(s.Session) {
		t.Errorf("got Err %v, want ErrEncode and no value", s.Err())
	}
}

// A function given to Update that changes its own field is an error at once, and does not hang the request. The
// field keeps the value of its last Set, and nothing of the function's is saved.
func TestUpdateOfOwnField(t *testing.T) {
	everyHome(t, func(t *testing.T, newRig func(testing.TB) *rig) {
		r := newRig(t)
		c := r.login()
		calls := 0
		w := c.send(func(s *visitor) {
			fieldVisits.Update(s.Session, func(n int) int {
				calls++
				fieldVisits.Set(s.Session, fieldVisits.Get(s.Session)+1)
				return n + 1
			})
			if err := s.Err(); !errors.Is(err, runtime.ErrUpdate) || !strings.Contains(err.Error(), "Visits") {
				t.Errorf("got error %v, want ErrUpdate that names the field", err)
			}
		})
		if w.Code != 500 || calls > 1000 {
			t.Errorf("got status %d after %d calls, want 500 after at most 1000", w.Code, calls)
		}
		c.visit(func(s *visitor) {
			if n := fieldVisits.Get(s.Session); n != 0 {
				t.Errorf("%d visits are saved, want none", n)
			}
		})
	})
}
