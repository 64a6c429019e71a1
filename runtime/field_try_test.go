package runtime_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/codec"
)

// The handler answers a refused value with a 400, and the session is saved all the same.
func TestTrySetAnswers400(t *testing.T) {
	name := runtime.Field[string]{Index: 0, Name: "Username", Key: "username", Max: 64,
		Encode: codec.EncodeString[string], Decode: codec.DecodeString[string]}
	visits := runtime.Field[int]{Index: 1, Name: "Visits", Key: "visits",
		Encode: codec.EncodeInt[int], Decode: codec.DecodeInt[int]}
	var log eventLog
	m := newManagerOf(t, runtime.Config{OnEvent: log.record}, &name, &visits)
	h := m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := from(r).Session
		visits.Update(s, func(n int) int { return n + 1 })
		err := name.TrySet(s, r.FormValue("name"))
		switch {
		case errors.Is(err, runtime.ErrMax):
			http.Error(w, "at most 64 bytes, please", http.StatusBadRequest)
		case err != nil:
			http.Error(w, err.Error(), http.StatusTeapot)
		}
		if s.Err() != nil {
			t.Errorf("a refused value leaves Err %v", s.Err())
		}
	}))
	var cookies []string
	for _, c := range []struct{ bytes, status, visits int }{{64, 200, 1}, {65, 400, 2}, {1, 200, 3}, {10000, 400, 4}} {
		rec := serveFrom(h, "/?name="+strings.Repeat("x", c.bytes), cookies)
		if rec.Code != c.status {
			t.Errorf("%d bytes: got %d %s, want %d", c.bytes, rec.Code, rec.Body, c.status)
		}
		cookies = []string{pair(t, rec.Header().Get("Set-Cookie"))}
		s := m.Open(t.Context(), cookies)
		if got := visits.Get(s.Session); got != c.visits {
			t.Errorf("%d bytes: got %d visits, want %d", c.bytes, got, c.visits)
		}
		if got := len(name.Get(s.Session)); c.status == 200 && got != c.bytes || c.status == 400 && got > 64 {
			t.Errorf("%d bytes: the saved name has %d", c.bytes, got)
		}
	}
	log.expect(t, runtime.Event{Kind: runtime.EventCreated})
}

// A refused value leaves nothing behind, whatever the reason.
func TestTrySticksNot(t *testing.T) {
	cart := runtime.Field[[]item]{Index: 0, Name: "Cart", Key: "cart", Max: 3, Each: 16, Encode: fieldCart.Encode, Decode: fieldCart.Decode}
	scores := runtime.Field[map[string]int]{Index: 1, Name: "Scores", Key: "scores", Each: 8, Encode: fieldScores.Encode, Decode: fieldScores.Decode}
	mood := moodyField(false)
	mood.Index = 2
	secret := moodyField(true)
	secret.Index, secret.Name, secret.Key = 3, "Secret", "x"
	for name, c := range map[string]struct {
		try  func(runtime.Session) error
		is   error
		text string
	}{
		"Set":    {func(s runtime.Session) error { return cart.TrySet(s, make([]item, 4)) }, runtime.ErrMax, "session: value above the field's max: field Cart holds at most 3, got 4"},
		"Append": {func(s runtime.Session) error { return runtime.TryAppend(s, &cart, make([]item, 3)...) }, runtime.ErrMax, "session: value above the field's max: field Cart holds at most 3, got 4"},
		"an element, set": {func(s runtime.Session) error { return cart.TrySet(s, []item{{}, {SKU: "12345678", N: 1}}) },
			runtime.ErrMax, "session: value above the field's max: field Cart holds elements of at most 16 bytes, got one of 17"},
		"an element, appended": {func(s runtime.Session) error { return runtime.TryAppend(s, &cart, item{SKU: "12345678"}) },
			runtime.ErrMax, "session: value above the field's max: field Cart holds elements of at most 16 bytes, got one of 17"},
		"a pair": {func(s runtime.Session) error { return scores.TrySet(s, map[string]int{"a": 1, "123456": 500}) },
			runtime.ErrMax, "session: value above the field's max: field Scores holds elements of at most 8 bytes, got one of 10"},
		"a method":          {func(s runtime.Session) error { return mood.TrySet(s, "fail") }, runtime.ErrEncode, "field Moody"},
		"a method's secret": {func(s runtime.Session) error { return secret.TrySet(s, "fail") }, runtime.ErrEncode, "field Secret"},
	} {
		m := newManagerOf(t, runtime.Config{}, &cart, &scores, &mood, &secret)
		s := m.Open(t.Context(), []string{sealed(t, m, func(s *visitor) {
			cart.Set(s.Session, []item{{SKU: "1234567", N: 1}}) // an element of 16 bytes
			scores.Set(s.Session, map[string]int{"123456": 1})  // a pair of 8
		})})
		before := s.String()
		err := c.try(s.Session)
		if !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.text) || strings.Contains(err.Error(), "s3cret") && name == "a method's secret" {
			t.Errorf("%s: got error %v, want %v with %q", name, err, c.is, c.text)
		}
		if s.Err() != nil || s.Modified() || s.String() != before {
			t.Errorf("%s: after the refusal: got %v, Err %v, modified %v", name, s, s.Err(), s.Modified())
		}
	}
}

// Values that are not refused are set as with Set and Append.
func TestTryAccepts(t *testing.T) {
	m := newManager(t, runtime.Config{})
	s := m.Open(t.Context(), nil)
	for _, err := range []error{
		fieldRoles.TrySet(s.Session, []string{"a"}),
		runtime.TryAppend(s.Session, &fieldRoles, "b", "c"),
		runtime.TryAppend(s.Session, &fieldRoles),
		fieldUser.TrySet(s.Session, "hubo"),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	s = reopen(t, m, s)
	if got := fieldRoles.Get(s.Session); !slices.Equal(got, []string{"a", "b", "c"}) || fieldUser.Get(s.Session) != "hubo" {
		t.Errorf("got session %v", s)
	}
}

// Elements are held to each by every accessor that sets the field.
func TestEach(t *testing.T) {
	roles := runtime.Field[[]string]{Index: 0, Name: "Roles", Key: "roles", Each: 5, Encode: encodeStrings, Decode: decodeStrings}
	m := newManagerOf(t, runtime.Config{}, &roles)
	for name, change := range map[string]func(runtime.Session, string){
		"Set":    func(s runtime.Session, v string) { roles.Set(s, []string{"a", v}) },
		"Append": func(s runtime.Session, v string) { runtime.Append(s, &roles, v) },
		"Update": func(s runtime.Session, v string) {
			roles.Update(s, func(old []string) []string { return append([]string{v}, old...) })
		},
	} {
		for v, refused := range map[string]bool{"four": false, "fives": true, "": false} {
			s := m.Open(t.Context(), nil)
			change(s.Session, v)
			if got := errors.Is(s.Err(), runtime.ErrMax); got != refused || roles.Has(s.Session) == refused {
				t.Errorf("%s %q: got Err %v in %v, want refused %v", name, v, s.Err(), s, refused)
			}
		}
		s := m.Open(t.Context(), nil)
		roles.Set(s.Session, nil)
		if s.Err() != nil {
			t.Error(s.Err())
		}
	}
}
