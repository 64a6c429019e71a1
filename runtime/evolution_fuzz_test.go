package runtime_test

import (
	"bytes"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// at returns the field at another index, as another schema has it.
func at[T any](f runtime.Field[T]) func(index int) runtime.AnyField {
	return func(index int) runtime.AnyField {
		f := f
		f.Index = index
		return &f
	}
}

// otherBuild returns the fields of another build: one of its own, and those that picks
// say, in their order.
func otherBuild(picks []byte) []runtime.AnyField {
	some := []runtime.AnyField{&extraField}
	left := []func(int) runtime.AnyField{at(fieldUser), at(fieldVisits), at(fieldRoles), at(fieldToken), at(fieldTheme), at(fieldCart),
		at(fieldScores), at(fieldAccount), at(fieldCode), at(fieldBlob), at(fieldSince)}
	for _, pick := range picks {
		if len(left) > 0 {
			i := int(pick) % len(left)
			some = append(some, left[i](len(some)))
			left = append(left[:i], left[i+1:]...)
		}
	}
	return some
}

// FuzzEvolution: a session that one build writes, and another with any other list of
// its fields changes and saves, loses nothing.
func FuzzEvolution(f *testing.F) {
	f.Add([]byte{0, 0, 0}, []byte("hubo"), uint16(0xffff), true)
	f.Add([]byte{}, []byte("\x00\xff text"), uint16(0x5555), false)
	f.Add([]byte{10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0}, bytes.Repeat([]byte("x"), 300), uint16(0xaaaa), false)
	f.Add([]byte{8, 200, 3}, []byte("0123456789abcdef"), uint16(1<<8|1<<2|1<<5), true)
	f.Add([]byte{7}, []byte{}, uint16(1<<7), true)
	f.Fuzz(func(t *testing.T, picks, data []byte, filled uint16, twice bool) {
		data = data[:min(len(data), 1000)]
		clock := newClock()
		cfg := runtime.Config{Name: "s", MaxChunks: 4, Time: clock.now}
		newer, other := newManager(t, cfg), newManagerOf(t, cfg, otherBuild(picks)...)
		j := newJar(clock.now)
		j.visit(t, newer, func(s *visitor) {
			fillFrom(s, data, filled)
			s.SetPermanent(len(data)%2 == 0)
		})
		if j.header() == nil {
			return // nothing was set
		}
		var want string
		j.visit(t, newer, func(s *visitor) { want = everythingOf(s) })

		rounds := 1
		if twice {
			rounds = 2
		}
		for i := range rounds {
			clock.advance(time.Minute)
			j.visit(t, other, func(s *visitor) {
				if s.IsNew() {
					t.Fatal("the other build cannot read the session")
				}
				extraField.Set(s.Session, i+1)
			})
			j.visit(t, newer, func(s *visitor) {
				if got := everythingOf(s); got != want {
					t.Fatalf("got session %s\nwant %s", got, want)
				}
			})
		}
		// Back again: the first build's changes keep what only the other knows.
		j.visit(t, newer, func(s *visitor) { fieldVisits.Set(s.Session, 77) })
		j.visit(t, other, func(s *visitor) {
			if got := extraField.Get(s.Session); got != rounds {
				t.Fatalf("the other build's own field is %d, want %d", got, rounds)
			}
		})
		// When the time of a field is up, it is for both.
		clock.advance(time.Hour)
		j.visit(t, other, func(s *visitor) { extraField.Set(s.Session, 99) })
		j.visit(t, newer, func(s *visitor) {
			if fieldCode.Has(s.Session) {
				t.Fatal("the other build lost the expiry of a field")
			}
		})
	})
}

// extraField is one that the newer build does not know.
var extraField = func() runtime.Field[int] {
	f := fieldVisits
	f.Index, f.Name, f.Key = 0, "Extra", "extra"
	return f
}()

func fillFrom(s *visitor, data []byte, filled uint16) {
	text := string(data)
	for i, fill := range []func(){
		func() { fieldUser.Set(s.Session, text[:min(10, len(text))]) },
		func() { fieldVisits.Set(s.Session, len(data)-5) },
		func() { fieldRoles.Set(s.Session, []string{text, ""}) },
		func() { fieldToken.Set(s.Session, text) },
		func() { fieldTheme.Set(s.Session, text) },
		func() { fieldCart.Set(s.Session, []item{{text, len(text)}, {}}) },
		func() { fieldScores.Set(s.Session, map[string]int{text: -1, "x" + text: min(1<<40, math.MaxInt)}) },
		func() { fieldAccount.Set(s.Session, int64(len(data))<<50) },
		func() { fieldCode.Set(s.Session, text) },
		func() { fieldBlob.Set(s.Session, data) },
		func() { fieldSince.Set(s.Session, time.Unix(int64(len(data)), int64(filled)).UTC()) },
	} {
		if filled>>i&1 != 0 {
			fill()
		}
	}
}

// everythingOf is all that a session holds.
func everythingOf(s *visitor) string {
	return fmt.Sprintf("%q %q %v %v %v %v", fmt.Sprint(s), fieldToken.Get(s.Session), s.ID(), s.CreatedAt(), s.AuthenticatedAt(), s.Permanent())
}
