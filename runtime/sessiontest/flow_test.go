package sessiontest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/internal/web"
	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/codec"
	"github.com/sessiongen/sessiongen/runtime/sessiontest"
)

// Request can add a flow that has begun to a request, and Follow takes a flow over from the response that begins it,
// whatever the path of the flow's cookie.
func TestFlows(t *testing.T) {
	for name, path := range map[string]string{"": "", "with a path": "/callback"} {
		t.Run(name, func(t *testing.T) {
			signIn := &runtime.Flow[string]{Name: "SignIn", Key: "sign_in", Max: 5, TTL: time.Minute, Path: path,
				Encode: codec.EncodeString[string], Decode: codec.DecodeString[string]}
			sessions := newManager(t, runtime.Config{})
			h := sessions.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				s := web.SessionFrom(r.Context())
				if r.URL.Path == "/login" {
					fmt.Fprint(w, signIn.Start(s.Session, "begun"))
					return
				}
				v, ok := signIn.Take(s.Session, r.FormValue("state"))
				fmt.Fprint(w, v, ok)
			}))
			get := func(r *http.Request) *httptest.ResponseRecorder {
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				return w
			}

			state := ""
			r := sessiontest.Request(t, sessions, httptest.NewRequest("GET", "/callback", nil), func(s *web.Session) {
				state = signIn.Start(s.Session, "given")
			})
			r.URL.RawQuery = "state=" + state
			if got := get(r).Body.String(); got != "giventrue" {
				t.Errorf("the callback of a given flow answers %q, want giventrue", got)
			}

			begin := httptest.NewRequest("GET", "/login", nil)
			w := get(begin)
			r = sessiontest.Follow(begin, w.Result(), httptest.NewRequest("GET", "/callback?state="+w.Body.String(), nil))
			w = get(r)
			if got := w.Body.String(); got != "beguntrue" {
				t.Errorf("the callback of a begun flow answers %q, want beguntrue", got)
			}
			if again := sessiontest.Follow(r, w.Result(), httptest.NewRequest("GET", r.URL.String(), nil)); len(again.Cookies()) > 0 {
				t.Errorf("the callback leaves the cookies %v, want none", again.Cookies())
			}
		})
	}
}
