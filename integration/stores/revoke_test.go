package stores_test

import (
	"context"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// Renewing a session again and again while it is revoked does not keep it alive.
func TestRevokePrincipalOfRenewing(t *testing.T) {
	each(t, func(t *testing.T, b backend) {
		s, _ := b.open(t)
		m, err := runtime.NewManager(runtime.Config{Keys: runtime.EphemeralKeys(), Store: s, OnEvent: func(context.Context, runtime.Event) {}},
			func(s runtime.Session) visitor { return visitor{s} }, fields...)
		if err != nil {
			t.Fatal(err)
		}
		handler := m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s := runtime.FromContext[visitor](r.Context())
			in := fieldUser.Has(s.Session)
			switch r.URL.Path {
			case "/login":
				fieldUser.Set(s.Session, 7)
			case "/renew":
				if in {
					s.Renew()
				}
			}
			if in {
				w.Write([]byte("in"))
			}
		}))
		survived, moves := 0, 0
		for range *races / 2 {
			cookie := ""
			visit := func(path string) (in bool) {
				r := httptest.NewRequest("GET", path, nil)
				r.Header.Set("Cookie", cookie)
				w := httptest.NewRecorder()
				handler.ServeHTTP(w, r)
				for _, c := range w.Result().Cookies() {
					cookie = c.Name + "=" + c.Value
				}
				return w.Body.String() == "in"
			}
			visit("/login")
			stop, done := make(chan bool), make(chan bool)
			go func() {
				defer close(done)
				for visit("/renew") {
					moves++
					select {
					case <-stop:
						return
					default:
					}
				}
			}()
			time.Sleep(time.Millisecond + rand.N(5*time.Millisecond))
			if err := runtime.RevokeBy(t.Context(), m, &fieldUser, 7); err != nil {
				t.Error(err)
			}
			close(stop)
			<-done
			if visit("/") {
				survived++
				runtime.RevokeBy(t.Context(), m, &fieldUser, 7)
			}
		}
		if survived > 0 {
			t.Errorf("%d of %d sessions survived", survived, *races/2)
		}
		if moves < *races/2 {
			t.Errorf("only %d sessions moved, too few for the test", moves)
		}
		t.Logf("%d rounds, %d moves", *races/2, moves)
	})
}
