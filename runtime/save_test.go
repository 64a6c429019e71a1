package runtime_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/codec"
)

// A Save that fails takes back the cookie of one that did not.
func TestFailedSaveSendsNothing(t *testing.T) {
	m := newManager(t, runtime.Config{})
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
	w.Header().Add("Set-Cookie", "theme=dark")
	s := m.Get(r)
	fieldUser.Set(s.Session, "hubo")
	if err := m.Save(w, r, s); err != nil || len(w.Header()["Set-Cookie"]) != 2 {
		t.Fatal(err, w.Header())
	}
	fieldBlob.Set(s.Session, make([]byte, 5000))
	if err := m.Save(w, r, s); !errors.Is(err, runtime.ErrTooLarge) {
		t.Error(err)
	}
	if got := w.Header()["Set-Cookie"]; len(got) != 1 || got[0] != "theme=dark" {
		t.Errorf("sent %q", got)
	}
	// What did not fit can be removed again.
	fieldBlob.Clear(s.Session)
	if err := m.Save(w, r, s); err != nil || len(w.Header()["Set-Cookie"]) != 2 {
		t.Error(err, w.Header())
	}
}

// A log-out does not fail for a value that was refused before it.
func TestDestroyForgetsErrors(t *testing.T) {
	m := newManager(t, runtime.Config{})
	s := m.Open(nil)
	fieldUser.Set(s.Session, "hubo")
	s = m.Open([]string{pair(t, seal(t, m, s))})
	fieldUser.Set(s.Session, "longer than ten bytes")
	if s.Err() == nil {
		t.Fatal("no error")
	}
	s.Destroy()
	if line := seal(t, m, s); s.Err() != nil || parseCookie(t, line).MaxAge >= 0 {
		t.Errorf("%v, saved as %q", s.Err(), line)
	}
}

// Size counts the session's age, which a save writes into the token.
func TestSizeOfAnOldSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newManager(t, runtime.Config{})
		s := m.Open(nil)
		fieldUser.Set(s.Session, "hubo")
		cookie := pair(t, seal(t, m, s))
		time.Sleep(70_000 * time.Second)
		s = m.Open([]string{cookie})
		fieldUser.Set(s.Session, "hugo")
		size := s.Size()
		if c := parseCookie(t, seal(t, m, s)); size != len(c.Name)+len(c.Value) || size == len(cookie)-1 {
			t.Errorf("Size is %d, but the cookie has %d", size, len(c.Name)+len(c.Value))
		}
	})
}

// A session that has no room under a field's newer key stays as the browser has it.
func TestResealTooLarge(t *testing.T) {
	manager := func(keys, key string, was ...string) (*runtime.Manager[visitor], *runtime.Field[[]byte]) {
		field := &runtime.Field[[]byte]{Name: "Blob", Key: key, Was: was,
			Encode: codec.EncodeBytes[[]byte], Decode: codec.DecodeBytes[[]byte]}
		m, err := runtime.NewManager(runtime.Config{Keys: parseKeys(t, keys), OnEvent: func(context.Context, runtime.Event) {}},
			func(s runtime.Session) visitor { return visitor{s} }, field)
		if err != nil {
			t.Fatal(err)
		}
		return m, field
	}
	old, blob := manager(keyA, "b")
	s := old.Open(nil)
	for n := 2900; s.Size() < 4095; n++ {
		blob.Set(s.Session, make([]byte, n))
	}
	cookie := pair(t, seal(t, old, s))

	m, blob := manager(keyC+","+keyA, "renamed", "b")
	s = m.Open([]string{cookie})
	if len(blob.Get(s.Session)) == 0 {
		t.Fatal("not opened")
	}
	if lines, err := m.Seal(s); lines != nil || err != nil {
		t.Errorf("a read gives %q, %v", lines, err)
	}
	blob.Set(s.Session, make([]byte, 3))
	if lines, err := m.Seal(s); len(lines) != 1 || err != nil {
		t.Errorf("a change gives %q, %v", lines, err)
	}
}

func TestAbsoluteTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newManager(t, runtime.Config{Lifetime: time.Hour, AbsoluteTimeout: 3 * time.Hour})
		s := m.Open(nil)
		fieldVisits.Set(s.Session, 1)
		s.SetPermanent(true)
		for i := 2; i <= 4; i++ { // however often it is saved
			cookie := pair(t, seal(t, m, s))
			time.Sleep(50 * time.Minute)
			s = m.Open([]string{cookie})
			if fieldVisits.Get(s.Session) != i-1 {
				t.Fatalf("ended after %d changes", i)
			}
			fieldVisits.Set(s.Session, i)
		}
		line := seal(t, m, s)
		if got := parseCookie(t, line).MaxAge; got != 30*60 {
			t.Errorf("half an hour before the end, Max-Age is %d", got)
		}
		if left := time.Until(s.ExpiresAt()); left != 30*time.Minute {
			t.Errorf("half an hour before the end, it expires in %v", left)
		}
		time.Sleep(30*time.Minute - time.Second)
		if s := m.Open([]string{pair(t, line)}); s.IsNew() {
			t.Error("ended a second early")
		}
		time.Sleep(time.Second)
		if s := m.Open([]string{pair(t, line)}); !s.IsNew() {
			t.Error("not ended")
		}
	})
	for _, bad := range []time.Duration{-time.Second, time.Millisecond} {
		_, err := runtime.NewManager(runtime.Config{Keys: parseKeys(t, keyA), AbsoluteTimeout: bad},
			func(s runtime.Session) visitor { return visitor{s} }, fields...)
		if err == nil || !strings.Contains(err.Error(), "Config.AbsoluteTimeout is "+bad.String()) {
			t.Errorf("%v: %v", bad, err)
		}
	}
}

// Asked for before the first byte and used after it, the session is in the body.
func TestLateUseVaries(t *testing.T) {
	m := newManager(t, runtime.Config{})
	w := httptest.NewRecorder()
	m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := from(r)
		w.Write([]byte("<html>"))
		w.Write([]byte(fieldUser.Get(s.Session)))
	})).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if got := w.Result().Header.Get("Vary"); got != "Cookie" {
		t.Errorf("Vary: %s", got)
	}
}

// Each session that a request begins is announced, once.
func TestEventsOfRepeatedSaves(t *testing.T) {
	var log eventLog
	m := newManager(t, runtime.Config{OnEvent: log.record})
	s := m.Open(nil)
	for i := range 2 {
		fieldVisits.Set(s.Session, i+1)
		seal(t, m, s)
	}
	s.Destroy()
	fieldVisits.Set(s.Session, 9)
	seal(t, m, s)
	log.expect(t, runtime.Event{Kind: runtime.EventCreated}, runtime.Event{Kind: runtime.EventCreated})
}
