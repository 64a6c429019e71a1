package runtime_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
)

func TestConcurrentUpdates(t *testing.T) {
	m := newManager(t, runtime.Config{})
	s := m.Open(t.Context(), nil)
	together(20, func(i int) {
		for range 50 {
			fieldVisits.Update(s.Session, func(n int) int { return n + 1 })
		}
		runtime.Append(s.Session, &fieldCart, item{N: i})
	})
	if got := fieldVisits.Get(s.Session); got != 1000 {
		t.Errorf("1000 increments count %d", got)
	}
	if got := len(fieldCart.Get(s.Session)); got != 20 {
		t.Errorf("20 appends make %d elements", got)
	}
}

func TestConcurrentPops(t *testing.T) {
	m := newManager(t, runtime.Config{})
	cookie := sealed(t, m, func(s *visitor) { fieldCode.Set(s.Session, "123") })
	for range 20 {
		s := m.Open(t.Context(), []string{cookie})
		var winners atomic.Int32
		together(100, func(int) {
			switch v, ok := fieldCode.Pop(s.Session); {
			case ok && v == "123":
				winners.Add(1)
			case ok || v != "":
				t.Errorf("Pop of a popped value returns %q, %v", v, ok)
			}
		})
		if got := winners.Load(); got != 1 {
			t.Fatalf("%d goroutines popped the value, want 1", got)
		}
	}
}

// Every method, on the same and on different fields, from many goroutines: the race
// detector has the last word.
func TestConcurrentUse(t *testing.T) {
	m := newManager(t, runtime.Config{})
	s := m.Open(t.Context(), []string{sealed(t, m, func(s *visitor) {
		fieldUser.Set(s.Session, "hubo")
		fieldRoles.Set(s.Session, []string{"a"})
	})})
	calls := []func(i int){
		func(i int) { fieldUser.Set(s.Session, fmt.Sprint(i)) },
		func(i int) { fieldToken.Set(s.Session, fmt.Sprint("token", i)) },
		func(i int) { fieldBlob.Set(s.Session, make([]byte, i%10*100)) },
		func(int) { fieldUser.Get(s.Session) },
		func(int) { fieldToken.Pop(s.Session) },
		func(int) { fieldRoles.Has(s.Session) },
		func(int) { fieldRoles.Get(s.Session) },
		func(int) { fieldRoles.Clear(s.Session) },
		func(i int) { fieldAccount.Set(s.Session, int64(i)) },
		func(int) { fieldVisits.Update(s.Session, func(n int) int { return n + 1 }) },
		func(int) { s.ID() },
		func(int) { s.Renew() },
		func(i int) { s.SetPermanent(i%2 == 0) },
		func(int) { _ = s.String() },
		func(int) { s.Size() },
		func(int) { _, _, _, _ = s.Err(), s.IsNew(), s.Modified(), s.Permanent() },
		func(int) { _, _, _ = s.CreatedAt(), s.ExpiresAt(), s.AuthenticatedAt() },
		func(int) { m.Seal(s) },
		func(i int) {
			if i%10 == 0 {
				s.Clear()
			}
		},
		func(i int) {
			if i%10 == 0 {
				s.Destroy()
			}
		},
		func(i int) { m.SetKeys(parseKeys(t, []string{keyA, keyB + " " + keyA}[i%2])) },
	}
	together(4*len(calls), func(i int) {
		for j := range 10 {
			calls[i%len(calls)](i + j)
		}
	})
	// Changes after a Seal are saved by the next one.
	if _, err := m.Seal(s); err != nil || s.Err() != nil {
		t.Error(err, s.Err())
	}
}

// A value read by one goroutine is whole, whatever another writes meanwhile.
func TestConcurrentValuesAreWhole(t *testing.T) {
	s := newManager(t, runtime.Config{}).Open(t.Context(), nil)
	var values [][]byte
	for i := range 8 {
		values = append(values, slices.Repeat([]byte{byte('a' + i)}, 1+i*60))
	}
	fieldBlob.Set(s.Session, values[0])
	together(16, func(i int) {
		for range 100 {
			if i%2 == 0 {
				fieldBlob.Set(s.Session, values[i/2])
			} else if got := fieldBlob.Get(s.Session); !slices.Equal(got, values[got[0]-'a']) {
				t.Errorf("got %q, a mix of values", got)
				return
			}
		}
	})
}

func TestConcurrentRequests(t *testing.T) {
	m := newManager(t, runtime.Config{})
	h := m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := from(r)
		fieldVisits.Update(s.Session, func(n int) int { return n + 1 })
		fmt.Fprint(w, fieldUser.Get(s.Session), fieldVisits.Get(s.Session))
	}))
	together(16, func(i int) {
		user := fmt.Sprint("user", i)
		s := m.Open(t.Context(), nil)
		fieldUser.Set(s.Session, user)
		lines, _ := setCookieLines(m.Seal(s))
		for n := 1; n <= 50; n++ {
			r := httptest.NewRequest("GET", "/", nil)
			r.Header.Set("Cookie", pair(t, lines[0]))
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if want := fmt.Sprint(user, n); w.Body.String() != want {
				t.Errorf("got %s, want %s", w.Body, want)
				return
			}
			lines = w.Result().Header["Set-Cookie"]
		}
	})
}
