//go:build !race

package runtime_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
)

// A read of a bound session allocates nothing more than one of a session that is not.
func TestDeviceAllocations(t *testing.T) {
	inDeviceHomes(t, func(t *testing.T, w *deviceWorld) {
		w.logIn()
		w.visit("/") // which has nothing left to save
		reads := func(m *runtime.Manager[visitor], cookies []string) float64 {
			h := m.Handler(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { fieldVisits.Get(from(r).Session) }))
			r := httptest.NewRequest("GET", "/", nil)
			r.Header["Cookie"] = cookies
			out := &discard{header: make(http.Header)}
			return testing.AllocsPerRun(100, func() {
				clear(out.header)
				h.ServeHTTP(out, r)
			})
		}
		cfg := w.cfg
		cfg.DeviceBound = 0
		off := newManager(t, cfg)
		bound, plain := reads(w.m, w.steal()), reads(off, w.steal())
		if bound > plain {
			t.Errorf("got %v allocations with a bound session, and %v without", bound, plain)
		}
	})
}
