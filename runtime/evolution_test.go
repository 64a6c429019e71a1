package runtime_test

import (
	"bytes"
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/codec"
	"github.com/sessiongen/sessiongen/runtime/internal/wire"
)

// During a rolling deploy, an older build changes sessions of a newer one.
func TestUnknownFieldsAreCarried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		newer, older := newManager(t, runtime.Config{}), newManagerOf(t, runtime.Config{}, &fieldUser)
		s := newer.Open(t.Context(), nil)
		fieldUser.Set(s.Session, "hubo")
		fieldCart.Set(s.Session, []item{{"x", 1}})
		fieldCode.Set(s.Session, "123")
		fieldAccount.Set(s.Session, 7)
		id, created := s.ID(), s.CreatedAt()
		cookie := pair(t, seal(t, newer, s))

		for i := range 3 {
			time.Sleep(3 * time.Minute)
			s = older.Open(t.Context(), []string{cookie})
			fieldUser.Set(s.Session, string(rune('a'+i)))
			cookie = pair(t, seal(t, older, s))
		}
		s = newer.Open(t.Context(), []string{cookie})
		if fieldUser.Get(s.Session) != "c" || !slices.Equal(fieldCart.Get(s.Session), []item{{"x", 1}}) ||
			fieldCode.Get(s.Session) != "123" || fieldAccount.Get(s.Session) != 7 ||
			s.ID() != id || !s.CreatedAt().Equal(created) || !s.AuthenticatedAt().Equal(created) {
			t.Errorf("the older build changed the session: %v", s)
		}

		// The expiry went along: at ten minutes both builds let the field go.
		time.Sleep(time.Minute - time.Second)
		if s = newer.Open(t.Context(), []string{cookie}); !fieldCode.Has(s.Session) {
			t.Error("the unknown field expired early")
		}
		time.Sleep(time.Second)
		if s = newer.Open(t.Context(), []string{cookie}); fieldCode.Has(s.Session) {
			t.Error("the unknown field's expiry is lost")
		}
		s = older.Open(t.Context(), []string{cookie})
		fieldUser.Set(s.Session, "d")
		if got := plaintextOf(t, pair(t, seal(t, older, s))); bytes.Contains(got, []byte("code")) || !bytes.Contains(got, []byte("cart")) {
			t.Errorf("the older build saves %q", got)
		}
	})
}

func TestUnknownFieldsAlone(t *testing.T) {
	older := newManagerOf(t, runtime.Config{}, &fieldUser)
	cookie := sealed(t, newManager(t, runtime.Config{}), func(s *visitor) {
		fieldUser.Set(s.Session, "hubo")
		fieldVisits.Set(s.Session, 1)
	})
	s := older.Open(t.Context(), []string{cookie})
	fieldUser.Clear(s.Session)
	if c := parseCookie(t, seal(t, older, s)); c.Value == "" {
		t.Error("a session with only another build's fields was deleted")
	}
	s = older.Open(t.Context(), []string{cookie})
	s.Clear()
	if c := parseCookie(t, seal(t, older, s)); c.Value != "" {
		t.Error("Clear left fields of another build")
	}
}

func TestLaterMetadataIsCarried(t *testing.T) {
	m := newManager(t, runtime.Config{})
	later := [][]byte{wire.AppendString(nil, "of a later version"), mapping("x", 1, "y", []byte{0xc0}), wire.AppendUint(nil, 7)}
	for name, expiries := range map[string][]byte{"no expiries": mapping(), "expiries": mapping("code", 600, "later", 600)} {
		meta := metadata(time.Now(), append([][]byte{expiries}, later...)...)
		s := m.Open(t.Context(), []string{craft(t, payload(meta, "user", "hubo", "later", "?", "code", "123"))})
		if fieldUser.Get(s.Session) != "hubo" || fieldCode.Get(s.Session) != "123" {
			t.Errorf("%s: the session does not open: %v", name, s)
		}
		fieldUser.Set(s.Session, "eve")
		got := plaintextOf(t, pair(t, seal(t, m, s)))
		want := bytes.Join(later, nil)
		if rest := payload(nil, "user", "eve", "code", "123", "later", "?")[1:]; !bytes.HasSuffix(got, append(want, rest...)) {
			t.Errorf("%s: saved as %x, which does not end in the later elements", name, got)
		}
		if got[1] != byte(0x90+6+len(later)) {
			t.Errorf("%s: the metadata has the header %x, want all elements", name, got[1])
		}
	}
}

func TestOlderKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		renamed := fieldCode
		renamed.Index, renamed.Key, renamed.Was = 0, "c", []string{"code", "kode"}
		m := newManagerOf(t, runtime.Config{}, &renamed)
		for _, c := range []struct {
			name  string
			pairs []any
			want  string
		}{
			{"own key", []any{"c", "new"}, "new"},
			{"older key", []any{"code", "old"}, "old"},
			{"oldest key", []any{"kode", "oldest"}, "oldest"},
			{"own key first", []any{"c", "new", "code", "old"}, "new"},
			{"own key last", []any{"kode", "oldest", "code", "old", "c", "new"}, "new"},
		} {
			s := m.Open(t.Context(), []string{craft(t, payload(metadata(time.Now()), c.pairs...))})
			if got := renamed.Get(s.Session); got != c.want || s.Modified() {
				t.Errorf("%s: got %q, modified %v, want %q, unmodified", c.name, got, s.Modified(), c.want)
			}
		}

		// The expiry of the older value is not the newer one's.
		s := m.Open(t.Context(), []string{craft(t, payload(metadata(time.Now(), mapping("code", 0)), "c", "new", "code", "old"))})
		if got := renamed.Get(s.Session); got != "new" {
			t.Errorf("after the older key's expiry: got %q, want new", got)
		}

		// A save moves it to its own key, with its expiry.
		cookie := craft(t, payload(metadata(time.Now(), mapping("code", 600)), "code", "old"))
		s = m.Open(t.Context(), []string{cookie})
		s.SetPermanent(true)
		cookie = pair(t, seal(t, m, s))
		got := plaintextOf(t, cookie)
		if bytes.Contains(got, []byte("code")) || !bytes.HasSuffix(got, payload(nil, "c", "old")[1:]) {
			t.Errorf("the session is saved as %q, want only the new key", got)
		}
		time.Sleep(600*time.Second - 1)
		if s := m.Open(t.Context(), []string{cookie}); !renamed.Has(s.Session) {
			t.Error("the field expired early")
		}
		time.Sleep(time.Nanosecond)
		if s := m.Open(t.Context(), []string{cookie}); renamed.Has(s.Session) {
			t.Error("the field lost its expiry")
		}
	})
}

// A field whose bytes are of another type is absent; the rest of the session lives.
func TestMismatchedField(t *testing.T) {
	cookie := craft(t, payload(metadata(time.Now()), "user", 7, "visits", 3, "roles", "no list"))
	reasons := map[string]string{"User": "user: integer where string is expected", "Roles": "roles: string where array is expected"}
	dropped := func(field string) runtime.Event {
		return runtime.Event{Kind: runtime.EventFieldDropped, Field: field, Reason: reasons[field]}
	}
	for name, use := range map[string]func(*testing.T, *visitor){
		"Get": func(t *testing.T, s *visitor) {
			if fieldUser.Get(s.Session) != "" || fieldRoles.Get(s.Session) != nil {
				t.Error("Get returns a value of another type")
			}
		},
		"Has": func(t *testing.T, s *visitor) {
			if fieldUser.Has(s.Session) || fieldRoles.Has(s.Session) {
				t.Error("Has reports a value of another type")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			var log eventLog
			m := newManager(t, runtime.Config{OnEvent: log.record})
			s := m.Open(t.Context(), []string{cookie})
			for range 3 { // one event for each field, however often it is used
				use(t, s)
			}
			log.expect(t, dropped("User"), dropped("Roles"))
			if fieldVisits.Get(s.Session) != 3 || s.IsNew() {
				t.Error("the rest of the session is lost")
			}
			if s.Modified() || seal(t, m, s) != "" || s.Err() != nil {
				t.Errorf("dropping a field counts as a change; Err is %v", s.Err())
			}
			fieldVisits.Set(s.Session, 4)
			got := plaintextOf(t, pair(t, seal(t, m, s)))
			if !bytes.HasSuffix(got, payload(nil, "visits", 4)[1:]) {
				t.Errorf("the session is saved as %q, want visits alone", got)
			}
		})
	}
	t.Run("Update", func(t *testing.T) {
		var log eventLog
		s := newManager(t, runtime.Config{OnEvent: log.record}).Open(t.Context(), []string{cookie})
		fieldUser.Update(s.Session, func(v string) string { return v + "x" })
		if got := fieldUser.Get(s.Session); got != "x" {
			t.Errorf("after Set: got %q, want x", got)
		}
		log.expect(t, dropped("User"))
	})
	// Removing it is a change all the same: the browser, and so a build that can read
	// it, holds the value until then.
	for name, remove := range map[string]func(*visitor){
		"Pop": func(s *visitor) {
			if v, ok := fieldUser.Pop(s.Session); ok || v != "" {
				t.Errorf("Pop returns %q, want nothing", v)
			}
		},
		"Clear":             func(s *visitor) { fieldUser.Clear(s.Session) },
		"Get, then Clear":   func(s *visitor) { fieldUser.Get(s.Session); fieldUser.Clear(s.Session) },
		"Get, then Pop":     func(s *visitor) { fieldUser.Get(s.Session); fieldUser.Pop(s.Session) },
		"Get, then all":     func(s *visitor) { fieldUser.Get(s.Session); s.Clear() },
		"Get, then Destroy": func(s *visitor) { fieldUser.Get(s.Session); s.Destroy() },
	} {
		t.Run(name, func(t *testing.T) {
			m := newManager(t, runtime.Config{OnEvent: func(context.Context, runtime.Event) {}})
			s := m.Open(t.Context(), []string{craft(t, payload(metadata(time.Now()), "user", 7))})
			remove(s)
			if line := seal(t, m, s); !s.Modified() || parseCookie(t, line).MaxAge >= 0 {
				t.Errorf("got modified %v, saved as %q, want a deletion", s.Modified(), line)
			}
		})
	}
	t.Run("untouched", func(t *testing.T) { // and so not decoded: it may be a newer build's
		m := newManager(t, runtime.Config{})
		s := m.Open(t.Context(), []string{cookie})
		fieldVisits.Set(s.Session, 4)
		got := plaintextOf(t, pair(t, seal(t, m, s)))
		if !bytes.HasSuffix(got, payload(nil, "user", 7, "visits", 4, "roles", "no list")[1:]) {
			t.Errorf("the session is saved as %q, want the dropped fields unchanged", got)
		}
	})
}

func TestMalformedPayload(t *testing.T) {
	meta := metadata(time.Now())
	good := payload(meta, "user", "hubo")
	var deep []byte
	for range 33 {
		deep = append(deep, 0x91)
	}
	deep = append(deep, 0xc0)
	badID := slices.Concat(meta[:2], []byte{15}, meta[3:18], meta[19:])
	for name, plaintext := range map[string][]byte{
		"nothing":               {},
		"not an array":          mapping("user", "hubo"),
		"one element":           append([]byte{0x91}, good[1:]...),
		"three elements":        append(append([]byte{0x93}, good[1:]...), 0xc0),
		"trailing byte":         append(bytes.Clone(good), 0xc0),
		"cut short":             good[:len(good)-1],
		"value missing":         good[:len(good)-5],
		"short id":              payload(badID, "user", "hubo"),
		"metadata too short":    payload(append([]byte{0x94}, meta[1:len(meta)-1]...)),
		"negative time":         payload(append(bytes.Clone(meta[:len(meta)-3]), 0xff, 0, 0)),
		"huge time":             payload(slices.Concat(meta[:19], []byte{0xcf, 0x80, 0, 0, 0, 0, 0, 0, 0}, meta[24:])),
		"fields not a map":      append(append([]byte{0x92}, meta...), 0x90),
		"key not a string":      append(append([]byte{0x92}, meta...), 0x81, 1, 1),
		"key twice":             payload(meta, "user", "a", "user", "b"),
		"unknown key twice":     payload(meta, "x", 1, "user", "b", "x", 2),
		"length beyond the end": payload(meta, "user", []byte{0xdb, 0xff, 0xff, 0xff, 0xff}),
		"map beyond the end":    append(append([]byte{0x92}, meta...), 0xdf, 0xff, 0xff, 0xff, 0xff),
		"nested too deep":       payload(meta, "x", deep),
		"expiries not a map":    payload(metadata(time.Now(), []byte{0xc0}), "user", "hubo"),
		"expiry not a time":     payload(metadata(time.Now(), mapping("user", "x")), "user", "hubo"),
		"expiry's key":          payload(metadata(time.Now(), []byte{0x81, 1, 1}), "user", "hubo"),
	} {
		var log eventLog
		m := newManager(t, runtime.Config{OnEvent: log.record})
		if s := m.Open(t.Context(), []string{craft(t, plaintext)}); !s.IsNew() || fieldUser.Has(s.Session) {
			t.Errorf("%s: the payload is accepted", name)
		}
		log.expect(t, runtime.Event{Kind: runtime.EventRefused, Reason: runtime.RefusedMalformed})
	}
	if s := newManager(t, runtime.Config{}).Open(t.Context(), []string{craft(t, good)}); fieldUser.Get(s.Session) != "hubo" {
		t.Error("the well-formed payload is refused")
	}
}

// A session that has no room under a field's newer key stays as the browser has it.
func TestResealTooLarge(t *testing.T) {
	manager := func(keys, key string, was ...string) (*runtime.Manager[visitor], *runtime.Field[[]byte]) {
		field := &runtime.Field[[]byte]{Name: "Blob", Key: key, Was: was,
			Encode: codec.EncodeBytes[[]byte], Decode: codec.DecodeBytes[[]byte]}
		m, err := runtime.NewManager(runtime.Config{Keys: parseKeys(t, keys), OnEvent: func(context.Context, runtime.Event) {}},
			func(s runtime.Session) visitor { return visitor{s} }, field)
		if err != nil {
			t.Fatal(err)
		}
		return m, field
	}
	old, blob := manager(keyA, "b")
	s := old.Open(t.Context(), nil)
	for n := 2900; s.Size() < 4095; n++ {
		blob.Set(s.Session, make([]byte, n))
	}
	cookie := pair(t, seal(t, old, s))

	m, blob := manager(keyC+","+keyA, "renamed", "b")
	s = m.Open(t.Context(), []string{cookie})
	if len(blob.Get(s.Session)) == 0 {
		t.Fatal("the session does not open")
	}
	if lines, err := setCookieLines(m.Seal(s)); lines != nil || err != nil {
		t.Errorf("after a read: got cookies %q, %v, want none", lines, err)
	}
	blob.Set(s.Session, make([]byte, 3))
	if lines, err := setCookieLines(m.Seal(s)); len(lines) != 1 || err != nil {
		t.Errorf("after a change: got cookies %q, %v, want one", lines, err)
	}
}
