package runtime_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/codec"
)

// A change of the principal is a log-in or log-out: a new id, and a new time.
func TestPrincipal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log eventLog
		m := newManager(t, runtime.Config{OnEvent: log.record})
		s := m.Open(t.Context(), nil)
		if !s.AuthenticatedAt().IsZero() {
			t.Error("a session without a log-in is authenticated")
		}
		fieldUser.Set(s.Session, "hubo")
		s = reopen(t, m, s)
		anonymous := s.ID()

		time.Sleep(time.Hour)
		login := time.Now()
		fieldAccount.Set(s.Session, 7)
		if s.ID() == anonymous || !s.AuthenticatedAt().Equal(login) {
			t.Error("a log-in does not renew the session")
		}
		known := s.ID()
		log.take()
		s = reopen(t, m, s)
		log.expect(t, runtime.Event{Kind: runtime.EventRenewed})
		if s.ID() != known || !s.AuthenticatedAt().Equal(login) || fieldUser.Get(s.Session) != "hubo" {
			t.Error("the log-in is not saved")
		}

		time.Sleep(time.Hour)
		fieldAccount.Set(s.Session, 7)
		fieldUser.Set(s.Session, "eve")
		if s.ID() != known || !s.AuthenticatedAt().Equal(login) {
			t.Error("setting the same principal renews the session")
		}
		fieldAccount.Set(s.Session, 8)
		if s.ID() == known || !s.AuthenticatedAt().Equal(time.Now()) {
			t.Error("setting another principal does not renew the session")
		}
		known = s.ID()
		fieldAccount.Update(s.Session, func(n int64) int64 { return n + 1 })
		if s.ID() == known {
			t.Error("Update of the principal does not renew the session")
		}

		for name, remove := range map[string]func(*visitor){
			"Clear": func(s *visitor) { fieldAccount.Clear(s.Session) },
			"Pop":   func(s *visitor) { fieldAccount.Pop(s.Session) },
			"all":   func(s *visitor) { s.Clear() },
		} {
			s := reopen(t, m, s)
			known := s.ID()
			remove(s)
			if s.ID() == known || !s.AuthenticatedAt().IsZero() {
				t.Errorf("%s: a log-out does not renew the session", name)
			}
		}
	})
}

// The time of the log-in ends with the principal, also when a ttl ends that.
func TestPrincipalExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		account := fieldAccount
		account.Index, account.TTL = 0, time.Hour
		m := newManagerOf(t, runtime.Config{}, &account)
		s := m.Open(t.Context(), nil)
		account.Set(s.Session, 7)
		cookie := pair(t, seal(t, m, s))
		time.Sleep(time.Hour)
		if s = m.Open(t.Context(), []string{cookie}); !s.AuthenticatedAt().IsZero() {
			t.Error("a session without a principal is authenticated")
		}
	})
}

// While builds with different keys of the principal run side by side, one does not see a
// log-in at the other. A session in which both set a principal has no known owner.
func TestContestedPrincipal(t *testing.T) {
	field := func(key string, was ...string) *runtime.Field[int64] {
		return &runtime.Field[int64]{Name: "UserID", Key: key, Was: was, Principal: true,
			Encode: codec.EncodeInt[int64], Decode: codec.DecodeInt[int64]}
	}
	older, newer := field("user_id"), field("uid", "user_id")
	var log eventLog
	cfg := runtime.Config{OnEvent: log.record}
	oldNode, newNode := newManagerOf(t, cfg, older), newManagerOf(t, cfg, newer)

	s := newNode.Open(t.Context(), nil)
	newer.Set(s.Session, 5)
	s = oldNode.Open(t.Context(), []string{pair(t, seal(t, newNode, s))})
	older.Set(s.Session, 7)
	cookie := pair(t, seal(t, oldNode, s))
	log.take()
	s = newNode.Open(t.Context(), []string{cookie})
	if newer.Has(s.Session) || newer.Get(s.Session) != 0 || !s.AuthenticatedAt().IsZero() {
		t.Errorf("after log-ins as 5 and as 7, the principal is %d, authenticated at %v, want none", newer.Get(s.Session), s.AuthenticatedAt())
	}
	log.expect(t, runtime.Event{Kind: runtime.EventFieldDropped, Field: "UserID", Reason: "two builds disagree about the principal"})
	newer.Set(s.Session, 8)
	if s = reopen(t, newNode, s); newer.Get(s.Session) != 8 {
		t.Errorf("after another log-in, the principal is %d, want 8", newer.Get(s.Session))
	}

	// Both may say the same.
	s = newNode.Open(t.Context(), nil)
	newer.Set(s.Session, 5)
	s = oldNode.Open(t.Context(), []string{pair(t, seal(t, newNode, s))})
	older.Set(s.Session, 5)
	if s = newNode.Open(t.Context(), []string{pair(t, seal(t, oldNode, s))}); newer.Get(s.Session) != 5 {
		t.Errorf("after two log-ins as 5, the principal is %d", newer.Get(s.Session))
	}
}
