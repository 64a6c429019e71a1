package runtime_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
)

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
			t.Error("the handlers get each other's sessions")
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
			t.Errorf("got counts %s, want %s", body, want)
		}
		if len(resp.Header["Vary"]) != 1 || len(resp.Header["Cache-Control"]) != 1 {
			t.Errorf("got header %v, want one Vary and one Cache-Control", resp.Header)
		}
	}
	var names []string
	for _, c := range b.cookies() {
		name, _, _ := strings.Cut(c, "=")
		names = append(names, name)
	}
	slices.Sort(names)
	if want := []string{"__Host-admin", "__Host-same", "__Host-session"}; !slices.Equal(names, want) {
		t.Errorf("the jar has %q, want %q", names, want)
	}
}

// Two nested managers with one cookie would overwrite each other's session: the first
// request reports that.
func TestSameCookieTwice(t *testing.T) {
	type admin struct{ runtime.Session }
	for _, c := range []struct {
		cfg    runtime.Config
		panics bool
	}{
		// With different scopes, each would read what the other saved last.
		{runtime.Config{Keys: parseKeys(t, keyA), Partitioned: true}, true},
		{runtime.Config{Keys: parseKeys(t, keyA)}, true},
		{runtime.Config{Keys: parseKeys(t, keyB)}, true},
		{runtime.Config{Keys: parseKeys(t, keyA), Name: "__Host-admin"}, false},
		{runtime.Config{Keys: parseKeys(t, keyA), Name: "__Secure-session", Path: "/admin"}, false},
	} {
		admins, err := runtime.NewManager(c.cfg, func(s runtime.Session) admin { return admin{s} }, fields...)
		if err != nil {
			t.Fatal(err)
		}
		visitors := newManager(t, runtime.Config{})
		ok := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
		for _, h := range []http.Handler{visitors.Handler(admins.Handler(ok)), admins.Handler(visitors.Handler(ok))} {
			func() {
				defer func() {
					const want = "session: two managers have the cookie __Host-session, and each would overwrite the other's: give one of them another Config.Name"
					if p := recover(); (p != nil) != c.panics || p != nil && p != want {
						t.Errorf("%s: got panic %v", c.cfg.Name, p)
					}
				}()
				serve(h)
			}()
		}
	}
}

// One manager's handler is applied twice, for a router and again for a group of its
// routes: there is one session, and both changes are saved.
func TestHandlerWithinItself(t *testing.T) {
	m := newManager(t, runtime.Config{})
	inner := m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fieldVisits.Set(from(r).Session, 1) }))
	w := serve(m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fieldUser.Set(from(r).Session, "hubo")
		inner.ServeHTTP(w, r)
	})))
	lines := setCookies(w)
	if len(lines) != 1 {
		t.Fatalf("got cookies %q, want one", lines)
	}
	if s := m.Open(t.Context(), []string{pair(t, lines[0])}); fieldUser.Get(s.Session) != "hubo" || fieldVisits.Get(s.Session) != 1 {
		t.Errorf("got session %v", s)
	}
}
