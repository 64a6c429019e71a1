package runtime_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

func TestClear(t *testing.T) {
	var log eventLog
	m := newManager(t, runtime.Config{OnEvent: log.record})
	s := m.Open(t.Context(), nil)
	s.Clear()
	if s.Modified() || seal(t, m, s) != "" {
		t.Error("clearing an empty session is a change")
	}
	cookie := sealed(t, m, func(s *visitor) {
		fieldUser.Set(s.Session, "hubo")
		fieldAccount.Set(s.Session, 7)
		s.SetPermanent(true)
	})
	s = m.Open(t.Context(), []string{cookie})
	id := s.ID()
	log.take()
	s.Clear()
	if fieldUser.Has(s.Session) || fieldAccount.Has(s.Session) || s.Permanent() || !s.Modified() ||
		s.ID() == id || !s.AuthenticatedAt().IsZero() || s.Size() != 0 {
		t.Errorf("Clear leaves %v", s)
	}
	if c := parseCookie(t, seal(t, m, s)); c.Value != "" || c.MaxAge != -1 {
		t.Errorf("the cookie is not deleted: %s", c.Raw)
	}
	log.expect(t) // an empty session is neither created nor renewed

	fieldUser.Set(s.Session, "eve")
	if got := fieldUser.Get(reopen(t, m, s).Session); got != "eve" {
		t.Errorf("after Set after Clear: got %q, want eve", got)
	}
}

// Clear keeps the id and the age of a session without a principal.
func TestClearKeepsTheSession(t *testing.T) {
	m := newManager(t, runtime.Config{})
	s := m.Open(t.Context(), []string{sealed(t, m, func(s *visitor) { fieldUser.Set(s.Session, "hubo") })})
	id, created := s.ID(), s.CreatedAt()
	s.Clear()
	fieldUser.Set(s.Session, "hubo")
	s = reopen(t, m, s)
	if s.ID() != id || !s.CreatedAt().Equal(created) {
		t.Error("Clear begins another session")
	}
}

func TestDestroy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log eventLog
		m := newManager(t, runtime.Config{OnEvent: log.record})
		s := m.Open(t.Context(), nil)
		s.Destroy()
		if seal(t, m, s) != "" {
			t.Error("Destroy of an empty session sends a cookie")
		}
		log.expect(t)
		cookie := sealed(t, m, func(s *visitor) {
			fieldUser.Set(s.Session, "hubo")
			fieldAccount.Set(s.Session, 7)
			s.SetPermanent(true)
		})
		log.expect(t, runtime.Event{Kind: runtime.EventCreated})
		time.Sleep(time.Hour)

		s = m.Open(t.Context(), []string{cookie})
		s.Destroy()
		if c := parseCookie(t, seal(t, m, s)); c.Value != "" || c.MaxAge != -1 {
			t.Errorf("the cookie is not deleted: %s", c.Raw)
		}
		log.expect(t, runtime.Event{Kind: runtime.EventDestroyed})

		s = m.Open(t.Context(), []string{cookie})
		id := s.ID()
		s.Destroy()
		fieldVisits.Set(s.Session, 1)
		line := seal(t, m, s)
		log.expect(t, runtime.Event{Kind: runtime.EventDestroyed}, runtime.Event{Kind: runtime.EventCreated})
		s = m.Open(t.Context(), []string{pair(t, line)})
		if s.ID() == id || !s.CreatedAt().Equal(time.Now()) || s.Permanent() || !s.AuthenticatedAt().IsZero() ||
			fieldUser.Has(s.Session) || fieldVisits.Get(s.Session) != 1 {
			t.Errorf("after Destroy, the session is %v, want a new one", s)
		}
		// A log-out must also remove a cookie that this server cannot read, but that
		// was no session.
		s = m.Open(t.Context(), []string{"__Host-session=garbage"})
		s.Destroy()
		if c := parseCookie(t, seal(t, m, s)); c.MaxAge != -1 {
			t.Errorf("the cookie is not deleted: %s", c.Raw)
		}
		log.expect(t, runtime.Event{Kind: runtime.EventRefused, Reason: runtime.RefusedMalformed})
	})
}

func TestRenew(t *testing.T) {
	var log eventLog
	m := newManager(t, runtime.Config{OnEvent: log.record})
	s := m.Open(t.Context(), []string{sealed(t, m, func(s *visitor) { fieldUser.Set(s.Session, "hubo") })})
	id, created := s.ID(), s.CreatedAt()
	log.take()
	s.Renew()
	if s.ID() == id || !s.Modified() {
		t.Error("Renew keeps the id")
	}
	renewed := s.ID()
	s = reopen(t, m, s)
	if s.ID() != renewed || !s.CreatedAt().Equal(created) || fieldUser.Get(s.Session) != "hubo" {
		t.Errorf("after Renew, the session is %v", s)
	}
	log.expect(t, runtime.Event{Kind: runtime.EventRenewed})

	s = m.Open(t.Context(), nil)
	s.Renew()
	if seal(t, m, s) != "" {
		t.Error("Renew of an empty session sends a cookie")
	}
}

func TestID(t *testing.T) {
	m := newManager(t, runtime.Config{})
	seen := make(map[string]bool)
	for range 100 {
		s := m.Open(t.Context(), nil)
		fieldUser.Set(s.Session, "hubo")
		id := s.ID()
		if raw, err := base64.RawURLEncoding.DecodeString(id); len(raw) != 16 || err != nil || seen[id] {
			t.Fatalf("got id %q of %d bytes, seen before: %v", id, len(raw), seen[id])
		}
		seen[id] = true
		if got := reopen(t, m, s).ID(); got != id || s.ID() != id {
			t.Fatalf("the id %q became %q", id, got)
		}
	}
}

func TestPermanent(t *testing.T) {
	m := newManager(t, runtime.Config{Lifetime: 7 * day})
	s := m.Open(t.Context(), nil)
	s.SetPermanent(false)
	if s.Modified() || s.Permanent() {
		t.Error("a new session is permanent, or modified")
	}
	s.SetPermanent(true)
	if seal(t, m, s) != "" {
		t.Error("SetPermanent of an empty session sends a cookie")
	}
	fieldUser.Set(s.Session, "hubo")
	line := seal(t, m, s)
	if c := parseCookie(t, line); c.MaxAge != 7*24*3600 || c.Expires.IsZero() {
		t.Errorf("the cookie is not permanent: %s", line)
	}
	s = m.Open(t.Context(), []string{pair(t, line)})
	s.SetPermanent(true)
	if !s.Permanent() || s.Modified() {
		t.Error("the session is not permanent after it was saved")
	}
	s.SetPermanent(false)
	line = seal(t, m, s)
	if c := parseCookie(t, line); c.MaxAge != 0 || !c.Expires.IsZero() {
		t.Errorf("the cookie is still permanent: %s", line)
	}
}

func TestIsNew(t *testing.T) {
	m := newManager(t, runtime.Config{})
	cookie := sealed(t, m, func(s *visitor) { fieldUser.Set(s.Session, "hubo") })
	for header, want := range map[string]bool{
		"": true, "__Host-session=x": true, "other=1": true, cookie: false, "a=b; " + cookie: false, cookie[:len(cookie)-1]: true,
	} {
		if got := m.Open(t.Context(), []string{header}).IsNew(); got != want {
			t.Errorf("%q: got new %v, want %v", header, got, want)
		}
	}
}

func TestTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newManager(t, runtime.Config{Lifetime: time.Hour})
		start := time.Now()
		s := m.Open(t.Context(), nil)
		if !s.CreatedAt().Equal(start) || !s.ExpiresAt().Equal(start.Add(time.Hour)) {
			t.Errorf("new: got created %v, expires %v", s.CreatedAt(), s.ExpiresAt())
		}
		fieldUser.Set(s.Session, "hubo")
		cookie := pair(t, seal(t, m, s))
		time.Sleep(10 * time.Minute)
		s = m.Open(t.Context(), []string{cookie})
		if !s.CreatedAt().Equal(start) || !s.ExpiresAt().Equal(start.Add(time.Hour)) {
			t.Errorf("unchanged: got created %v, expires %v", s.CreatedAt(), s.ExpiresAt())
		}
		fieldUser.Set(s.Session, "eve")
		if !s.CreatedAt().Equal(start) || !s.ExpiresAt().Equal(start.Add(70*time.Minute)) {
			t.Errorf("changed: got created %v, expires %v", s.CreatedAt(), s.ExpiresAt())
		}
	})
}

func TestPrinting(t *testing.T) {
	m := newManager(t, runtime.Config{})
	s := m.Open(t.Context(), nil)
	fieldUser.Set(s.Session, "hubo")
	fieldToken.Set(s.Session, "s3cret")
	fieldVisits.Set(s.Session, 3)
	fieldRoles.Set(s.Session, []string{"a", "b"})
	const want = "Session{user: hubo, visits: 3, roles: [a b], token: REDACTED}"
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		if got := fmt.Sprintf(verb, *s); got != want {
			t.Errorf("%s prints %s, want %s", verb, got, want)
		}
		if got := fmt.Sprintf(verb, s); got != want {
			t.Errorf("%s prints a pointer as %s, want %s", verb, got, want)
		}
	}
	if s.String() != want || s.GoString() != want {
		t.Errorf("got String %s, GoString %s, want %s", s, s.GoString(), want)
	}
	log := captureLog(t)
	slog.Info("x", "session", s)
	var line struct{ Session map[string]any }
	if err := json.Unmarshal(log.Bytes(), &line); err != nil || line.Session["user"] != "hubo" || line.Session["visits"] != 3.0 ||
		line.Session["token"] != "REDACTED" || len(line.Session) != 4 {
		t.Errorf("slog writes %s, %v", log, err)
	}
	if got := fmt.Sprint(m.Open(t.Context(), nil)); got != "Session{}" {
		t.Errorf("an empty session prints as %s", got)
	}
	if got := fmt.Sprintf("%v %+v %s", visitor{}, runtime.Session{}, runtime.Session{}.LogValue()); got != "Session{} Session{} []" {
		t.Errorf("a zero session prints as %s", got)
	}
}

func TestZeroSession(t *testing.T) {
	const want = "session: use of a session that no manager made: " +
		"take it from the request with the generated From function, or from Manager.Get"
	var s visitor
	m := newManager(t, runtime.Config{})
	for name, f := range map[string]func(){
		"Get":       func() { fieldUser.Get(s.Session) },
		"Has":       func() { fieldUser.Has(s.Session) },
		"Set":       func() { fieldUser.Set(s.Session, "") },
		"Pop":       func() { fieldUser.Pop(s.Session) },
		"Clear":     func() { fieldUser.Clear(s.Session) },
		"Update":    func() { fieldUser.Update(s.Session, strings.ToUpper) },
		"Append":    func() { runtime.Append(s.Session, &fieldRoles, "a") },
		"all":       func() { s.Clear() },
		"Permanent": func() { s.SetPermanent(true) },
		"ID":        func() { s.ID() },
		"Err":       func() { s.Err() },
		"Size":      func() { s.Size() },
		"Seal":      func() { m.Seal(&s) },
	} {
		if got := mustPanic(t, f); got != want {
			t.Errorf("%s: got panic %q, want %q", name, got, want)
		}
	}
}
