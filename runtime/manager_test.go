package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// Get and Save, for programs without the middleware.
func TestGetAndSave(t *testing.T) {
	m := newManager(t, runtime.Config{})
	b := newBrowser(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := m.Get(r)
		if other := m.Get(r); other == s {
			t.Error("Get returns one session for two requests")
		}
		switch r.URL.Path {
		case "/count":
			fieldVisits.Update(s.Session, func(n int) int { return n + 1 })
		case "/clear":
			s.Clear()
		}
		visits := fieldVisits.Get(s.Session)
		if err := m.Save(w, r, s); err != nil {
			t.Error(err)
		}
		fmt.Fprint(w, visits)
	}))
	for i := 1; i <= 3; i++ {
		resp, body := b.get("/count")
		if body != fmt.Sprint(i) || resp.Header.Get("Vary") != "Cookie" || resp.Header.Get("Cache-Control") != "private" {
			t.Errorf("request %d: got body %s, header %v", i, body, resp.Header)
		}
	}
	if resp, body := b.get("/"); body != "3" || len(resp.Header["Set-Cookie"]) != 0 || resp.Header.Get("Vary") != "Cookie" {
		t.Errorf("after three requests: got body %s, header %v", body, resp.Header)
	}
	b.get("/clear")
	if got := b.cookies(); len(got) != 0 {
		t.Errorf("after the deletion, the jar has %q", got)
	}
}

func TestSaveErrors(t *testing.T) {
	m := newManager(t, runtime.Config{})
	r := httptest.NewRequest("GET", "/", nil)
	s := m.Get(r)
	fieldUser.Set(s.Session, "hubo")
	fieldUser.Set(s.Session, "longer than ten bytes")
	w := httptest.NewRecorder()
	w.Header().Set("Vary", "Accept")
	if err := m.Save(w, r, s); !errors.Is(err, runtime.ErrMax) {
		t.Error(err)
	}
	if got := fmt.Sprint(w.Header()); got != "map[Vary:[Accept Cookie]]" {
		t.Errorf("got header %s", got)
	}
}

// A Save that fails takes back the cookie of an earlier Save.
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
		t.Errorf("got cookies %q, want the theme alone", got)
	}
	// A value that did not fit can be removed again.
	fieldBlob.Clear(s.Session)
	if err := m.Save(w, r, s); err != nil || len(w.Header()["Set-Cookie"]) != 2 {
		t.Error(err, w.Header())
	}
}

// Saving twice sends one cookie, the last.
func TestSaveTwice(t *testing.T) {
	m := newManager(t, runtime.Config{})
	r := httptest.NewRequest("GET", "/", nil)
	s, w := m.Get(r), httptest.NewRecorder()
	for i := range 3 {
		fieldVisits.Set(s.Session, i)
		if err := m.Save(w, r, s); err != nil {
			t.Fatal(err)
		}
	}
	lines := w.Header()["Set-Cookie"]
	if len(lines) != 1 || fieldVisits.Get(m.Open(t.Context(), []string{pair(t, lines[0])}).Session) != 2 {
		t.Errorf("got cookies %q, want one with the second save", lines)
	}
	// Values that were sent before must not come back if the session is emptied.
	s.Clear()
	if err := m.Save(w, r, s); err != nil {
		t.Fatal(err)
	}
	if lines := w.Header()["Set-Cookie"]; len(lines) != 1 || parseCookie(t, lines[0]).Value != "" {
		t.Errorf("after Clear, got cookies %q, want a deletion", lines)
	}
}

// Saving again within a response says the same again, in place of what was there.
func TestRepeatedSaves(t *testing.T) {
	clock := newClock()
	m := newManager(t, runtime.Config{Name: "s", IdleTimeout: time.Hour, MaxChunks: 4, Time: clock.now})
	blob := make([]byte, 8000)
	for _, c := range []struct {
		name string
		uses []func(*visitor)
		want string // after each save
	}{
		{"read", []func(*visitor){read, read}, "s-seen,s-seen"},
		{"read, change", []func(*visitor){read, func(s *visitor) { fieldUser.Set(s.Session, "eve") }}, "s-seen,s"},
		{"change, read", []func(*visitor){func(s *visitor) { fieldUser.Set(s.Session, "eve") }, read}, "s,s"},
		{"grow, shrink", []func(*visitor){
			func(s *visitor) { fieldBlob.Set(s.Session, blob) },
			func(s *visitor) { fieldBlob.Clear(s.Session) },
		}, "s s-2 s-3,s -s-2 -s-3"},
		{"grow, clear", []func(*visitor){
			func(s *visitor) { fieldBlob.Set(s.Session, blob) },
			func(s *visitor) { s.Clear() },
		}, "s s-2 s-3,-s -s-2 -s-3"},
		{"read, destroy", []func(*visitor){read, func(s *visitor) { s.Destroy() }}, "s-seen,-s -s-seen"},
		{"destroy, set, grow", []func(*visitor){
			func(s *visitor) { s.Destroy() },
			func(s *visitor) { fieldUser.Set(s.Session, "eve") },
			func(s *visitor) { fieldBlob.Set(s.Session, blob) },
		}, "-s,s,s s-2 s-3"},
	} {
		j := newJar(clock.now)
		j.visit(t, m, func(s *visitor) { fieldUser.Set(s.Session, "hubo") })
		clock.advance(10 * time.Minute)
		s := m.Open(t.Context(), j.header())
		var got string
		for i, use := range c.uses {
			use(s)
			lines, err := setCookieLines(m.Seal(s))
			if err != nil {
				t.Fatal(err)
			}
			if i > 0 {
				got += ","
			}
			got += summary(t, lines)
			j.receive(t, lines) // also if each save had its own response
		}
		if got != c.want {
			t.Errorf("%s: got cookies %q, want %q", c.name, got, c.want)
		}
		want := fmt.Sprint(s)
		j.visit(t, m, func(s *visitor) {
			if got := fmt.Sprint(s); got != want {
				t.Errorf("%s: got session %.100s, want %.100s", c.name, got, want)
			}
		})
	}
}

// Each session that a request begins is announced, once, and each change after a save.
func TestEventsOfRepeatedSaves(t *testing.T) {
	var log eventLog
	m := newManager(t, runtime.Config{OnEvent: log.record})
	s := m.Open(t.Context(), nil)
	for i := range 2 {
		fieldVisits.Set(s.Session, i+1)
		seal(t, m, s)
	}
	s.Destroy()
	fieldVisits.Set(s.Session, 9)
	seal(t, m, s)
	created, late := runtime.Event{Kind: runtime.EventCreated}, func(what string) runtime.Event {
		return runtime.Event{Kind: runtime.EventTooLate, Field: what}
	}
	log.expect(t, created, late("Visits"), late("Destroy"), late("Visits"), created)
}

// Get returns the handler's session inside Handler, and Save may come early.
func TestGetWithinHandler(t *testing.T) {
	m := newManager(t, runtime.Config{})
	w := serve(m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := m.Get(r)
		if s != from(r) {
			t.Error("Get within Handler returns another session")
		}
		fieldVisits.Set(s.Session, 1)
		if err := m.Save(w, r, s); err != nil {
			t.Error(err)
		}
		fieldVisits.Set(s.Session, 2)
	})))
	lines := setCookies(w)
	if len(lines) != 1 || fieldVisits.Get(m.Open(t.Context(), []string{pair(t, lines[0])}).Session) != 2 {
		t.Errorf("got cookies %q, want one", lines)
	}
}

func TestOpenAndSeal(t *testing.T) {
	m := newManager(t, runtime.Config{})
	for _, headers := range [][]string{nil, {}, {""}, {"a=b"}} {
		s := m.Open(t.Context(), headers)
		if lines, err := setCookieLines(m.Seal(s)); lines != nil || err != nil || !s.IsNew() {
			t.Errorf("%q: Seal returns %q, %v, want nothing", headers, lines, err)
		}
	}
	s := m.Open(t.Context(), nil)
	fieldUser.Set(s.Session, "hubo")
	one, two := seal(t, m, s), seal(t, m, s)
	if one == two {
		t.Error("two seals are equal: is the nonce fresh?")
	}
	if a, b := m.Open(t.Context(), []string{pair(t, one)}), m.Open(t.Context(), []string{pair(t, two)}); a.ID() != b.ID() {
		t.Error("two seals of one session have different ids")
	}
}

func TestOutsideTheMiddleware(t *testing.T) {
	const want = "session: the request did not pass the session middleware: wrap the program's handler " +
		"in Manager.Handler, outside the handler that asks for the session"
	if got := mustPanic(t, func() { runtime.FromContext[visitor](context.Background()) }); got != want {
		t.Errorf("got panic %q, want %q", got, want)
	}
	type stranger struct{ runtime.Session }
	m := newManager(t, runtime.Config{})
	serve(m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if got := mustPanic(t, func() { runtime.FromContext[stranger](r.Context()) }); got != want {
			t.Errorf("for another type: got panic %q", got)
		}
		if from(r.WithContext(context.WithValue(r.Context(), new(int), "v"))) != from(r) {
			t.Error("a derived context has another session")
		}
	})))
}

func TestSessionOfAnotherManager(t *testing.T) {
	one, two := newManager(t, runtime.Config{}), newManager(t, runtime.Config{})
	s := one.Open(t.Context(), nil)
	r := httptest.NewRequest("GET", "/", nil)
	for name, f := range map[string]func(){
		"Seal": func() { two.Seal(s) },
		"Save": func() { two.Save(httptest.NewRecorder(), r, s) },
	} {
		if got := mustPanic(t, f); got != "session: a session of another manager" {
			t.Errorf("%s: got panic %q", name, got)
		}
	}
}
