package runtime_test

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// testField takes one field through its life, in one request and over the next ones.
func testField[T any](t *testing.T, f *runtime.Field[T], one, two T, equal func(a, b T) bool) {
	t.Run(f.Name, func(t *testing.T) {
		m := newManager(t, runtime.Config{})
		s := m.Open(t.Context(), nil)
		expect := func(want T, set bool) {
			t.Helper()
			if got := f.Get(s.Session); !equal(got, want) {
				t.Errorf("Get returns %v, want %v", got, want)
			}
			if got := f.Has(s.Session); got != set {
				t.Errorf("Has returns %v, want %v", got, set)
			}
		}
		var zero T
		expect(f.Default, false)
		if v, ok := f.Pop(s.Session); ok || !equal(v, zero) {
			t.Errorf("Pop of an absent field returns %v, %v", v, ok)
		}
		f.Clear(s.Session)
		if s.Modified() {
			t.Error("removing an absent field is a change")
		}

		f.Set(s.Session, one)
		expect(one, true)
		s = reopen(t, m, s)
		expect(one, true)
		f.Set(s.Session, one)
		f.Update(s.Session, func(v T) T { return v })
		if s.Modified() || seal(t, m, s) != "" {
			t.Error("setting the present value is a change")
		}
		f.Set(s.Session, two)
		expect(two, true)
		if !s.Modified() {
			t.Error("setting another value is not a change")
		}
		s = reopen(t, m, s)
		f.Update(s.Session, func(v T) T {
			if !equal(v, two) {
				t.Errorf("Update gets %v, want %v", v, two)
			}
			return one
		})
		s = reopen(t, m, s)
		if v, ok := f.Pop(s.Session); !ok || !equal(v, one) {
			t.Errorf("Pop returns %v, %v, want %v, true", v, ok, one)
		}
		expect(f.Default, false)
		f.Update(s.Session, func(v T) T {
			if !equal(v, f.Default) {
				t.Errorf("Update of an absent field gets %v, want %v", v, f.Default)
			}
			return two
		})
		expect(two, true)
		f.Clear(s.Session)
		expect(f.Default, false)

		// The zero value is a value.
		f.Set(s.Session, zero)
		expect(zero, true)
		s = reopen(t, m, s)
		expect(zero, true)
		if err := s.Err(); err != nil {
			t.Error(err)
		}
	})
}

func same[T comparable](a, b T) bool { return a == b }

func TestFields(t *testing.T) {
	testField(t, &fieldUser, "hubo", "grüße", same[string])
	testField(t, &fieldVisits, 1, math.MinInt, same[int])
	testField(t, &fieldRoles, []string{"a", ""}, []string{"b"}, slices.Equal)
	testField(t, &fieldToken, "t0ken", strings.Repeat("t", 1000), same[string])
	testField(t, &fieldTheme, "dark", "", same[string])
	testField(t, &fieldCart, []item{{"x", 1}, {"y", 2}}, []item{}, slices.Equal)
	testField(t, &fieldScores, map[string]int{"a": 1, "b": 2}, map[string]int{"a": 2}, maps.Equal)
	testField(t, &fieldAccount, 1, 1<<40, same[int64])
	testField(t, &fieldCode, "123", "456", same[string])
	testField(t, &fieldBlob, []byte{0, 1, 2}, make([]byte, 2000), slices.Equal)
	testField(t, &fieldSince, time.Unix(1e9, 7), time.Unix(-5, 0), time.Time.Equal)
}

func TestFieldsDoNotMix(t *testing.T) {
	m := newManager(t, runtime.Config{})
	s := m.Open(t.Context(), nil)
	for i := range 20 { // values of many sizes take one another's places
		fieldUser.Set(s.Session, strings.Repeat("u", i%10))
		fieldBlob.Set(s.Session, make([]byte, i*37%100))
		fieldRoles.Set(s.Session, []string{fmt.Sprint(i)})
		fieldVisits.Set(s.Session, i)
		fieldToken.Set(s.Session, strings.Repeat("t", i))
		if i%3 == 0 {
			fieldScores.Set(s.Session, map[string]int{"i": i})
		} else {
			fieldScores.Clear(s.Session)
		}
		if i%4 == 0 {
			s = reopen(t, m, s)
		}
		score, scored := fieldScores.Get(s.Session)["i"]
		if fieldUser.Get(s.Session) != strings.Repeat("u", i%10) || len(fieldBlob.Get(s.Session)) != i*37%100 ||
			fieldRoles.Get(s.Session)[0] != fmt.Sprint(i) || fieldVisits.Get(s.Session) != i ||
			fieldToken.Get(s.Session) != strings.Repeat("t", i) || scored != (i%3 == 0) || scored && score != i {
			t.Fatalf("after step %d, the fields are mixed up: %v", i, s)
		}
	}
}

func TestAppend(t *testing.T) {
	m := newManager(t, runtime.Config{})
	s := m.Open(t.Context(), nil)
	runtime.Append(s.Session, &fieldRoles)
	if s.Modified() || fieldRoles.Has(s.Session) {
		t.Error("appending nothing is a change")
	}
	runtime.Append(s.Session, &fieldRoles, "a")
	s = reopen(t, m, s)
	runtime.Append(s.Session, &fieldRoles)
	if s.Modified() {
		t.Error("appending nothing is a change")
	}
	runtime.Append(s.Session, &fieldRoles, "b", "c")
	if got := fieldRoles.Get(s.Session); !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("got %q, want a, b, c", got)
	}
	runtime.Append(s.Session, &fieldRoles, "d")
	if got := fieldRoles.Get(s.Session); len(got) != 3 || !errors.Is(s.Err(), runtime.ErrMax) {
		t.Errorf("Append past max: got %q, %v, want ErrMax", got, s.Err())
	}
}

// The session shares no memory with values that are set or returned.
func TestValuesAreCopies(t *testing.T) {
	m := newManager(t, runtime.Config{})
	s := m.Open(t.Context(), nil)
	roles, scores, blob := []string{"a"}, map[string]int{"a": 1}, []byte("blob")
	fieldRoles.Set(s.Session, roles)
	fieldScores.Set(s.Session, scores)
	fieldBlob.Set(s.Session, blob)
	spoil := func() { roles[0], scores["a"], blob[0] = "X", 666, 'X' }
	check := func() {
		t.Helper()
		if fieldRoles.Get(s.Session)[0] != "a" || fieldScores.Get(s.Session)["a"] != 1 ||
			string(fieldBlob.Get(s.Session)) != "blob" {
			t.Errorf("a change of the caller's value changes the session: %v", s)
		}
	}
	spoil()
	check()
	for sealed := range 2 {
		roles, scores, blob = fieldRoles.Get(s.Session), fieldScores.Get(s.Session), fieldBlob.Get(s.Session)
		spoil()
		check()
		if sealed == 0 {
			s = reopen(t, m, s)
		}
	}
	fieldBlob.Update(s.Session, func(b []byte) []byte { blob = b; return b })
	fieldRoles.Update(s.Session, func(v []string) []string { roles = v; return v })
	spoil()
	check()
	if s.Modified() {
		t.Error("a change of a returned value is a change of the session")
	}
	// Returned values outlive the session's own memory.
	got := fieldBlob.Get(s.Session)
	popped, _ := fieldBlob.Pop(s.Session)
	for range 100 {
		fieldBlob.Set(s.Session, make([]byte, 4))
	}
	if string(got) != "blob" || string(popped) != "blob" {
		t.Errorf("later changes of the session change the returned values: %q, %q", got, popped)
	}
}

func TestMax(t *testing.T) {
	for _, c := range []struct {
		name string
		set  func(runtime.Session)
		want string
	}{
		{"bytes of a string", func(s runtime.Session) { fieldUser.Set(s, "12345678901") },
			"session: value above the field's max: field User holds at most 10, got 11"},
		{"bytes, not characters", func(s runtime.Session) { fieldUser.Set(s, "üüüüüü") },
			"session: value above the field's max: field User holds at most 10, got 12"},
		{"elements of a slice", func(s runtime.Session) { fieldRoles.Set(s, make([]string, 400)) },
			"session: value above the field's max: field Roles holds at most 3, got 400"},
		{"elements of a map", func(s runtime.Session) { fieldScores.Set(s, map[string]int{"a": 1, "b": 2, "c": 3}) },
			"session: value above the field's max: field Scores holds at most 2, got 3"},
		{"Update", func(s runtime.Session) { fieldUser.Update(s, func(string) string { return "12345678901" }) },
			"session: value above the field's max: field User holds at most 10, got 11"},
	} {
		m := newManager(t, runtime.Config{})
		s := m.Open(t.Context(), nil)
		fieldUser.Set(s.Session, "1234567890") // exactly at it
		fieldRoles.Set(s.Session, []string{"a", "b", "c"})
		fieldScores.Set(s.Session, map[string]int{"a": 1, "b": 2})
		if s.Err() != nil {
			t.Fatal(s.Err())
		}
		c.set(s.Session)
		if err := s.Err(); !errors.Is(err, runtime.ErrMax) || err.Error() != c.want {
			t.Errorf("%s: got %v\nwant %s", c.name, err, c.want)
		}
		if fieldUser.Get(s.Session) != "1234567890" || len(fieldRoles.Get(s.Session)) != 3 || len(fieldScores.Get(s.Session)) != 2 {
			t.Errorf("%s: the old value is lost: %v", c.name, s)
		}
		// The first error stays, and saving returns it.
		fieldUser.Set(s.Session, "short")
		fieldUser.Set(s.Session, strings.Repeat("x", 99))
		if err := s.Err(); err.Error() != c.want {
			t.Errorf("%s: a later error replaces Err: %v", c.name, err)
		}
		if lines, err := setCookieLines(m.Seal(s)); lines != nil || !errors.Is(err, runtime.ErrMax) {
			t.Errorf("%s: Seal returns %q, %v, want ErrMax", c.name, lines, err)
		}
	}
}

// Update runs its function again when the field changed meanwhile, and the function
// may use the session.
func TestUpdateRunsAgain(t *testing.T) {
	m := newManager(t, runtime.Config{})
	for name, meddle := range map[string]func(runtime.Session){
		"Set":     func(s runtime.Session) { fieldVisits.Set(s, 10) },
		"Clear":   func(s runtime.Session) { s.Clear(); fieldVisits.Set(s, 10) },
		"Destroy": func(s runtime.Session) { s.Destroy(); fieldVisits.Set(s, 10) },
	} {
		s := m.Open(t.Context(), []string{sealed(t, m, func(s *visitor) { fieldVisits.Set(s.Session, 1) })})
		var seen []int
		fieldVisits.Update(s.Session, func(n int) int {
			if seen = append(seen, n); len(seen) == 1 {
				meddle(s.Session)
			}
			fieldUser.Set(s.Session, "inner")
			s.SetPermanent(true)
			_, _, _, _ = s.ID(), s.Size(), s.String(), s.Err()
			return n + 1
		})
		if !slices.Equal(seen, []int{1, 10}) || fieldVisits.Get(s.Session) != 11 || fieldUser.Get(s.Session) != "inner" {
			t.Errorf("%s: Update ran on %v, and the session is %v", name, seen, s)
		}
	}
	// Removed meanwhile: Get returns the default.
	s := m.Open(t.Context(), []string{sealed(t, m, func(s *visitor) { fieldTheme.Set(s.Session, "dark") })})
	fieldTheme.Update(s.Session, func(v string) string { fieldTheme.Clear(s.Session); return v + "er" })
	if got := fieldTheme.Get(s.Session); got != "lighter" {
		t.Errorf("after Clear: got %q, want lighter", got)
	}
}

// A default is not set, though Lookup returns it.
func TestLookup(t *testing.T) {
	s := newManager(t, runtime.Config{}).Open(t.Context(), nil)
	if v, ok := fieldTheme.Lookup(s.Session); v != "light" || ok {
		t.Errorf("an unset field: got %q, %v, want light, false", v, ok)
	}
	fieldTheme.Set(s.Session, "")
	if v, ok := fieldTheme.Lookup(s.Session); v != "" || !ok {
		t.Errorf("an empty value: got %q, %v, want an empty text, true", v, ok)
	}
}
