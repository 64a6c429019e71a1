package runtime_test

import (
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/codec"
)

// While builds that know different keys of the principal run side by side, a log-in at one
// is not seen by the other. Whose the session is, when both said something, nobody knows.
func TestContestedPrincipal(t *testing.T) {
	field := func(key string, was ...string) *runtime.Field[int64] {
		return &runtime.Field[int64]{Name: "UserID", Key: key, Was: was, Principal: true,
			Encode: codec.EncodeInt[int64], Decode: codec.DecodeInt[int64]}
	}
	older, newer := field("user_id"), field("uid", "user_id")
	var log eventLog
	cfg := runtime.Config{OnEvent: log.record}
	oldNode, newNode := newManagerOf(t, cfg, older), newManagerOf(t, cfg, newer)

	s := newNode.Open(nil)
	newer.Set(s.Session, 5)
	s = oldNode.Open([]string{pair(t, seal(t, newNode, s))})
	older.Set(s.Session, 7)
	cookie := pair(t, seal(t, oldNode, s))
	log.take()
	s = newNode.Open([]string{cookie})
	if newer.Has(s.Session) || newer.Get(s.Session) != 0 || !s.AuthenticatedAt().IsZero() {
		t.Errorf("after log-ins as 5 and as 7, it is %d, authenticated at %v", newer.Get(s.Session), s.AuthenticatedAt())
	}
	log.expect(t, runtime.Event{Kind: runtime.EventFieldDropped, Field: "UserID", Reason: "two builds disagree about the principal"})
	newer.Set(s.Session, 8)
	if s = reopen(t, newNode, s); newer.Get(s.Session) != 8 {
		t.Errorf("after another log-in, it is %d", newer.Get(s.Session))
	}

	// Both may say the same.
	s = newNode.Open(nil)
	newer.Set(s.Session, 5)
	s = oldNode.Open([]string{pair(t, seal(t, newNode, s))})
	older.Set(s.Session, 5)
	if s = newNode.Open([]string{pair(t, seal(t, oldNode, s))}); newer.Get(s.Session) != 5 {
		t.Errorf("after two log-ins as 5, it is %d", newer.Get(s.Session))
	}
}
