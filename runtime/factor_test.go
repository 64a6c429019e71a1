package runtime_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/codec"
)

var (
	factorAccount = accountOf(0, true)
	factorTOTP    = &runtime.Field[time.Time]{Index: 1, Name: "TOTP", Key: "totp", Factor: true, Encode: codec.EncodeTime, Decode: codec.DecodeTime}
)

func proved(s *visitor, d time.Duration) bool { return runtime.Within(s.Session, factorTOTP, d) }

// A proof is a change of rights: the session gets a new id, and no copy of the old cookie works. The proof
// keeps its age and its owner.
func TestFactor(t *testing.T) {
	bothModes(t, func(t *testing.T, _ func(testing.TB) *rig) {
		inStore := t.Name() == "TestFactor/store"
		synctest.Test(t, func(t *testing.T) {
			r := newRigOf(t, factorAccount, factorTOTP)
			if !inStore {
				r = &rig{t: t, store: newSpyStore()}
				r.startOf(runtime.Config{Revocations: r.store}, factorAccount, factorTOTP)
			}
			c := r.client()
			c.visit(func(s *visitor) {
				factorAccount.Set(s.Session, 7)
				if proved(s, time.Hour) {
					t.Error("a log-in proves the factor")
				}
			})
			stolen := c.clone()
			var before, after string
			c.visit(func(s *visitor) { before = s.ID(); runtime.Prove(s.Session, factorTOTP); after = s.ID() })
			if before == after {
				t.Error("the proof does not change the id")
			}
			stolen.visit(func(s *visitor) {
				if factorAccount.Has(s.Session) || proved(s, time.Hour) {
					t.Error("the copy of the old cookie still works")
				}
			})
			time.Sleep(10 * time.Minute)
			c.visit(func(s *visitor) {
				if !proved(s, 10*time.Minute) || proved(s, 10*time.Minute-time.Second) {
					t.Error("the proof has another age after the round trip")
				}
			})
			for name, become := range map[string]func(*visitor){
				"another":  func(s *visitor) { factorAccount.Set(s.Session, 8) },
				"nobody":   func(s *visitor) { factorAccount.Clear(s.Session) },
				"LogOut":   func(s *visitor) { s.LogOut() },
				"somebody": func(s *visitor) { s.LogOut(); runtime.Prove(s.Session, factorTOTP); factorAccount.Set(s.Session, 7) },
			} {
				c := r.client()
				c.visit(func(s *visitor) { factorAccount.Set(s.Session, 7); runtime.Prove(s.Session, factorTOTP) })
				c.visit(become)
				c.visit(func(s *visitor) {
					if proved(s, time.Hour) {
						t.Errorf("%s: the factor is still proved", name)
					}
				})
			}
		})
	})
}

// Routes for those who are logged in, and for those who have just proved more.
func TestRequire(t *testing.T) {
	r := newRigOf(t, factorAccount, factorTOTP)
	c := r.client()
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	loggedIn := runtime.Require(func(s *visitor) bool { return factorAccount.Has(s.Session) }, http.RedirectHandler("/login", http.StatusSeeOther))
	fresh := runtime.Require(func(s *visitor) bool { return proved(s, time.Minute) }, nil)
	h := r.m.Handler(loggedIn(fresh(page)))
	for _, step := range []struct {
		do   func(*visitor)
		want int
	}{
		{func(*visitor) {}, http.StatusSeeOther},
		{func(s *visitor) { factorAccount.Set(s.Session, 7) }, http.StatusForbidden},
		{func(s *visitor) { runtime.Prove(s.Session, factorTOTP) }, http.StatusOK},
	} {
		c.visit(step.do)
		req := httptest.NewRequest("GET", "/", nil)
		for name, value := range c.cookies {
			req.AddCookie(&http.Cookie{Name: name, Value: value})
		}
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, req); w.Code != step.want {
			t.Errorf("got status %d, want %d", w.Code, step.want)
		}
	}
}
