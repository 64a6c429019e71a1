package runtime

import (
	"fmt"
	"net/http"
	"time"
)

// shortestRetake is the least maxAge. A browser that proved its key takes a moment to send its
// request again.
const shortestRetake = 10 * time.Second

// RequireProof returns a handler for requests that need a newer proof of the device's key than
// Config.DeviceBound does, such as a payment. If the key was proved at most maxAge ago, or the
// session is not bound to a device, next answers. Otherwise the browser is redirected to the same
// URL, with the same method and body, and proves its key first. A bound session without a valid
// proof never reaches next.
//
// Use RequireProof inside the manager's Handler. It panics if maxAge is less than 10 seconds.
// Chromium proves a key at most six times in nine minutes. EXPERIMENTAL, like Config.DeviceBound.
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
			w.WriteHeader(http.StatusServiceUnavailable) // unless Config.ErrorHandler answers otherwise
		}
	})
}

// A retake says whether a device must prove its key again.
type retake uint8

const (
	retakeNot retake = iota
	retakeNow
	retakeNever // nothing is known of the session
)

// retake reports whether the last proof is more than so many seconds old. If so, it notes that the
// device must prove its key again.
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

// sameURL returns the request's URL as a reference relative to itself. It contains no path, because
// the path may be different before a proxy.
func sameURL(r *http.Request) string { return "?" + r.URL.RawQuery }
