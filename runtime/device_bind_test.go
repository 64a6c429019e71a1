package runtime_test

import (
	"crypto/rand"
	"net/http"
	"strconv"
	"testing"
)

// A page that changes nothing is shown though the store cannot be written, and a later one binds the session. A change
// fails, as without devices.
func TestDeviceBindingNotWritten(t *testing.T) {
	for _, home := range []string{"revocations", "store"} {
		t.Run(home, func(t *testing.T) {
			store := newSpyStore()
			w := newDeviceWorld(t, home, store)
			w.expect("/login", "account 42, visits 0, bound false")
			store.fail(errDown, "insert", "replace")
			for range 2 {
				if status, _ := w.visit("/"); status != http.StatusOK {
					t.Errorf("a page: got status %d, want 200", status)
				}
			}
			if status, _ := w.visit("/count"); status != http.StatusServiceUnavailable {
				t.Errorf("a change: got status %d, want 503", status)
			}
			store.set(nil, nil)
			w.expect("/count", "account 42, visits 1, bound true")
			w.clock.advance(devicePeriod)
			w.expect("/", "account 42, visits 1, bound true")
		})
	}
}

// A binding for which the cookie has no room does not begin, or is taken back: the page's changes
// are kept.
func TestDeviceBindingWithoutRoom(t *testing.T) {
	inDeviceHomes(t, func(t *testing.T, w *deviceWorld) {
		blob := make([]byte, 4096)
		rand.Read(blob)
		full := 0
		for full = 3300; full > 0 && w.cfg.Store == nil; full-- { // the most that fits without a binding
			s := w.m.Open(t.Context(), nil)
			fieldAccount.Set(s.Session, 42)
			fieldBlob.Set(s.Session, blob[:full])
			if s.Size() <= 4096 {
				break
			}
		}
		w.h = w.m.Handler(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			s := from(r)
			if r.URL.Query().Has("login") {
				fieldAccount.Set(s.Session, 42)
			}
			if size, err := strconv.Atoi(r.URL.Query().Get("size")); err == nil {
				fieldBlob.Set(s.Session, blob[:size])
			}
			rw.Write([]byte(strconv.Itoa(len(fieldBlob.Get(s.Session)))))
		}))
		grown := "/?size=" + strconv.Itoa(full)
		for _, paths := range [][]string{
			{"/?login", grown, "/"},                        // grows while it is bound
			{"/?login&size=" + grown[7:], "/", "/", grown}, // is full before
		} {
			w.device.jar, w.device.key = newJar(w.clock.now), nil
			for i, path := range paths {
				if status, body := w.visit(path); status != http.StatusOK || i > 0 && body != strconv.Itoa(full) {
					t.Errorf("%q: %s: got %d, %s, want 200, %d", paths, path, status, body, full)
				}
			}
		}
	})
}
