//go:build !race

package runtime_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
)

// The bounds that the issues and the documentation promise. Under the race detector,
// a sync.Pool drops what it is given, so that counts say nothing there.
func TestAllocations(t *testing.T) {
	m := newManager(t, runtime.Config{})
	cookie := sealed(t, m, func(s *visitor) {
		fieldUser.Set(s.Session, "hubo")
		fieldVisits.Set(s.Session, 1_000_000)
	})
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Cookie", cookie)
	w := &discard{header: make(http.Header)}
	request := func(h http.Handler) func() {
		return func() {
			clear(w.header)
			h.ServeHTTP(w, r)
		}
	}
	bare := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "body")
	})
	looks := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from(r)
		io.WriteString(w, "body")
	})
	reads := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fieldVisits.Get(from(r).Session)
		io.WriteString(w, "body")
	})
	floor := testing.AllocsPerRun(100, request(bare))

	s := m.Open(t.Context(), []string{cookie})
	fieldUser.Get(s.Session)
	for _, c := range []struct {
		name string
		f    func()
		max  float64
	}{
		{"an untouched request", request(m.Handler(bare)), floor + 2},
		{"a request for the session that does not use it", request(m.Handler(looks)), floor + 2},
		{"a request that reads an int", request(m.Handler(reads)), floor + 3},
		{"Get of an int", func() { fieldVisits.Get(s.Session) }, 0},
		{"Get of a string", func() { fieldUser.Get(s.Session) }, 1},
		{"Has", func() { fieldVisits.Has(s.Session) }, 0},
		{"Get of an absent field", func() { fieldTheme.Get(s.Session) }, 0},
		{"Set to the same int", func() { fieldVisits.Set(s.Session, 1_000_000) }, 0},
		{"Set to the same string", func() { fieldUser.Set(s.Session, "hubo") }, 0},
	} {
		c.f()
		if got := testing.AllocsPerRun(100, c.f); got > c.max {
			t.Errorf("%s allocates %v times, want at most %v", c.name, got, c.max)
		}
	}
	n := 0
	if got := testing.AllocsPerRun(1000, func() { n++; fieldVisits.Set(s.Session, n) }); got > 1 {
		t.Errorf("Set to another int allocates %v times, want at most 1", got)
	}
}

type discard struct{ header http.Header }

func (d *discard) Header() http.Header               { return d.header }
func (d *discard) WriteHeader(int)                   {}
func (d *discard) Write(b []byte) (int, error)       { return len(b), nil }
func (d *discard) WriteString(s string) (int, error) { return len(s), nil }
