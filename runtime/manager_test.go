package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
)

// Get and Save, for programs without the middleware.
func TestGetAndSave(t *testing.T) {
	m := newManager(t, runtime.Config{})
	b := newBrowser(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := m.Get(r)
		if other := m.Get(r); other == s {
			t.Error("one session for two readings")
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
			t.Errorf("%d: %s, %v", i, body, resp.Header)
		}
	}
	if resp, body := b.get("/"); body != "3" || len(resp.Header["Set-Cookie"]) != 0 || resp.Header.Get("Vary") != "Cookie" {
		t.Errorf("%s, %v", body, resp.Header)
	}
	b.get("/clear")
	if got := b.cookies(); len(got) != 0 {
		t.Errorf("the jar keeps %q", got)
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
		t.Errorf("the header is %s", got)
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
	if len(lines) != 1 || fieldVisits.Get(m.Open([]string{pair(t, lines[0])}).Session) != 2 {
		t.Errorf("sent %q", lines)
	}
	// What was sent before must not come back if the session is emptied.
	s.Clear()
	if err := m.Save(w, r, s); err != nil {
		t.Fatal(err)
	}
	if lines := w.Header()["Set-Cookie"]; len(lines) != 1 || parseCookie(t, lines[0]).Value != "" {
		t.Errorf("after Clear, sent %q", lines)
	}
}

// Within Handler, Get returns the handler's session, and Save may come early.
func TestGetWithinHandler(t *testing.T) {
	m := newManager(t, runtime.Config{})
	w := serve(m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := m.Get(r)
		if s != from(r) {
			t.Error("another session")
		}
		fieldVisits.Set(s.Session, 1)
		if err := m.Save(w, r, s); err != nil {
			t.Error(err)
		}
		fieldVisits.Set(s.Session, 2)
	})))
	lines := setCookies(w)
	if len(lines) != 1 || fieldVisits.Get(m.Open([]string{pair(t, lines[0])}).Session) != 2 {
		t.Errorf("sent %q", lines)
	}
}

func TestOpenAndSeal(t *testing.T) {
	m := newManager(t, runtime.Config{})
	for _, headers := range [][]string{nil, {}, {""}, {"a=b"}} {
		s := m.Open(headers)
		if lines, err := m.Seal(s); lines != nil || err != nil || !s.IsNew() {
			t.Errorf("%q: %q, %v", headers, lines, err)
		}
	}
	s := m.Open(nil)
	fieldUser.Set(s.Session, "hubo")
	one, two := seal(t, m, s), seal(t, m, s)
	if one == two {
		t.Error("two seals are the same: is the nonce fresh?")
	}
	if a, b := m.Open([]string{pair(t, one)}), m.Open([]string{pair(t, two)}); a.ID() != b.ID() {
		t.Error("two seals of one session have two ids")
	}
}

func TestOutsideTheMiddleware(t *testing.T) {
	const want = "session: the request did not pass the session middleware: wrap the program's handler " +
		"in Manager.Handler, outside the handler that asks for the session"
	if got := mustPanic(t, func() { runtime.FromContext[visitor](context.Background()) }); got != want {
		t.Errorf("%q", got)
	}
	type stranger struct{ runtime.Session }
	m := newManager(t, runtime.Config{})
	serve(m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if got := mustPanic(t, func() { runtime.FromContext[stranger](r.Context()) }); got != want {
			t.Errorf("another type: %q", got)
		}
		if from(r.WithContext(context.WithValue(r.Context(), new(int), "v"))) != from(r) {
			t.Error("a derived context has another session")
		}
	})))
}

func TestSessionOfAnotherManager(t *testing.T) {
	one, two := newManager(t, runtime.Config{}), newManager(t, runtime.Config{})
	s := one.Open(nil)
	r := httptest.NewRequest("GET", "/", nil)
	for name, f := range map[string]func(){
		"Seal": func() { two.Seal(s) },
		"Save": func() { two.Save(httptest.NewRecorder(), r, s) },
	} {
		if got := mustPanic(t, f); got != "session: a session of another manager" {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// Two managers with two cookies, one within the other.
func TestNestedManagers(t *testing.T) {
	type admin struct{ runtime.Session }
	outer := newManager(t, runtime.Config{})
	inner, err := runtime.NewManager(runtime.Config{Keys: parseKeys(t, keyA), Name: "__Host-admin"},
		func(s runtime.Session) admin { return admin{s} }, fields...)
	if err != nil {
		t.Fatal(err)
	}
	same := newManager(t, runtime.Config{Name: "__Host-same"}) // of the outer one's type
	h := outer.Handler(same.Handler(inner.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, s, v := runtime.FromContext[admin](r.Context()), from(r), outer.Get(r)
		if s != same.Get(r) || v == s || a != inner.Get(r) {
			t.Error("sessions are mixed up")
		}
		var counts []int
		for i, s := range []runtime.Session{a.Session, s.Session, v.Session} {
			fieldVisits.Update(s, func(n int) int { return n + 1 + i })
			counts = append(counts, fieldVisits.Get(s))
		}
		fmt.Fprint(w, counts)
	}))))
	b := newBrowser(t, h)
	for i := 1; i <= 3; i++ {
		resp, body := b.get("/")
		if want := fmt.Sprint([]int{i, 2 * i, 3 * i}); body != want {
			t.Errorf("counts %s, want %s", body, want)
		}
		if len(resp.Header["Vary"]) != 1 || len(resp.Header["Cache-Control"]) != 1 {
			t.Errorf("%v", resp.Header)
		}
	}
	var names []string
	for _, c := range b.cookies() {
		name, _, _ := strings.Cut(c, "=")
		names = append(names, name)
	}
	slices.Sort(names)
	if want := []string{"__Host-admin", "__Host-same", "__Host-session"}; !slices.Equal(names, want) {
		t.Errorf("the jar has %q", names)
	}
}
