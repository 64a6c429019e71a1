package runtime

import (
	"fmt"
	"net/http"
	"time"
)

// shortestRetake is the least age of a proof that may be asked for: whoever proved a key comes back a moment later.
const shortestRetake = 10 * time.Second

// RequireProof returns a handler for what needs a device's proof that is younger than Config.DeviceBound asks for, such
// as a payment. If the session's device has proved its key at most maxAge ago, or the session is not bound to a device,
// next answers. Otherwise the browser is sent to the same URL again, with the same method and body, and proves the key
// first. A bound session without a valid proof never reaches next.
//
// It belongs within the manager's Handler, and panics if maxAge is less than 10 seconds. Chromium proves a key at most
// six times in nine minutes. EXPERIMENTAL, as Config.DeviceBound is.
func (m *Manager[S]) RequireProof(maxAge time.Duration, next http.Handler) http.Handler {
	if maxAge < shortestRetake {
		panic(fmt.Sprintf("session: RequireProof with %v: it takes at least %v", maxAge, shortestRetake))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, ok := r.Context().Value(managerKey{&m.manager}).(*S)
		if !ok {
			panicWithout(r.Context(), managerKey{&m.manager})
		}
		switch m.state(s).retake(int64(maxAge / time.Second)) {
		case retakeNot:
			next.ServeHTTP(w, r)
		case retakeNow:
			w.Header()["Location"] = []string{sameURL(r)}
			w.WriteHeader(http.StatusTemporaryRedirect)
		case retakeNever:
			w.WriteHeader(http.StatusServiceUnavailable) // or what Config.ErrorHandler says
		}
	})
}

// A retake says whether a device is to prove its key again.
type retake uint8

const (
	retakeNot retake = iota
	retakeNow
	retakeNever // nothing is known of the session
)

// retake says whether the device has to prove its key again, as it last did so more than so many seconds ago, and
// notes that.
func (st *state) retake(most int64) retake {
	st.lock()
	defer st.unlock()
	if st.binding == bindingLost {
		st.fallDown(ErrUnproven)
	}
	switch {
	case st.isDown():
		return retakeNever
	case st.isBound() && st.now()-st.proved > most:
		st.binding = bindingRetake
		return retakeNow
	}
	return retakeNot
}

// sameURL returns the URL of a request, relative to itself. It names no path: a proxy may have another one.
func sameURL(r *http.Request) string { return "?" + r.URL.RawQuery }
