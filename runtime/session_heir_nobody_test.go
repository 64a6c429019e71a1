package runtime_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// Nobody inherits through a session of nobody: an account's fields are removed with it.
func TestHeirByWayOfNobody(t *testing.T) {
	for name, leave := range map[string]func(*visitor){
		"Clear":     func(s *visitor) { fieldAccount.Clear(s.Session) },
		"Pop":       func(s *visitor) { fieldAccount.Pop(s.Session) },
		"LogOutAll": func(s *visitor) { s.Destroy() },
	} {
		bothModes(t, func(t *testing.T, newRig func(testing.TB) *rig) {
			r := newRig(t)
			for _, requests := range []int{1, 2} {
				c := r.login()
				c.visit(func(s *visitor) { fieldTheme.Set(s.Session, "theirs") })
				if requests == 2 {
					c.visit(leave)
				}
				c.visit(func(s *visitor) {
					if requests == 1 {
						leave(s)
					}
					fieldAccount.Set(s.Session, 8)
				})
				c.visit(func(s *visitor) {
					if fieldUser.Has(s.Session) || fieldTheme.Has(s.Session) || fieldAccount.Get(s.Session) != 8 {
						t.Errorf("%s, in %d requests: got session %v", name, requests, s)
					}
				})
			}
		})
	}
}

// A principal that expires takes the account's other fields along.
func TestHeirOfEndedPrincipal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		account := fieldAccount
		account.Index, account.TTL = 0, time.Minute
		user := fieldUser
		user.Index = 1
		m := newManagerOf(t, runtime.Config{}, &account, &user)
		s := m.Open(t.Context(), nil)
		account.Set(s.Session, 7)
		user.Set(s.Session, "hubo")
		cookie := pair(t, seal(t, m, s))
		if s = m.Open(t.Context(), []string{cookie}); user.Get(s.Session) != "hubo" {
			t.Fatalf("the session is lost: %v", s)
		}
		time.Sleep(time.Minute)
		if s = m.Open(t.Context(), []string{cookie}); user.Has(s.Session) {
			t.Errorf("without a principal, the session has %v", s)
		}
	})
}
