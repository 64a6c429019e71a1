package sessiontest_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/internal/web"
	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/sessiontest"
)

// greet is the handler under test.
func greet(w http.ResponseWriter, r *http.Request) {
	sess := web.SessionFrom(r.Context())
	sess.UpdateVisits(func(n int) int { return n + 1 })
	fmt.Fprintf(w, "Hello %s, visit %d", sess.GetUsername(), sess.GetVisits())
}

// logout is another handler.
func logout(w http.ResponseWriter, r *http.Request) {
	web.SessionFrom(r.Context()).Destroy()
}

func ExampleRequest() {
	sessions := newManager(t, runtime.Config{})
	handler := sessions.Handler(http.HandlerFunc(greet))

	r := sessiontest.Request(t, sessions, httptest.NewRequest("GET", "/", nil), func(s *web.Session) {
		s.SetUsername("hubo")
		s.SetVisits(41)
	})
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	fmt.Println(w.Body)
	// Output: Hello hubo, visit 42
}

// discount is code that has a context but no request.
func discount(ctx context.Context) int {
	if slices.Contains(web.SessionFrom(ctx).GetRoles(), "member") {
		return 10
	}
	return 0
}

func ExampleContext() {
	sessions := newManager(t, runtime.Config{})

	ctx := sessiontest.Context(t, sessions, func(s *web.Session) { s.SetRoles([]string{"member"}) })
	fmt.Println(discount(ctx))
	// Output: 10
}

func ExampleKeys() {
	sessions, err := web.NewSessionManager(runtime.Config{Keys: sessiontest.Keys(t)})
	if err != nil {
		t.Fatal(err)
	}
	r := sessiontest.Request(t, sessions, httptest.NewRequest("GET", "/", nil), func(s *web.Session) { s.SetVisits(3) })
	fmt.Println(sessions.Get(r).GetVisits())
	// Output: 3
}

func ExampleSession() {
	sessions := newManager(t, runtime.Config{})
	handler := sessions.Handler(http.HandlerFunc(greet))

	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	sess := sessiontest.Session(t, sessions, w.Result())
	fmt.Println(sess.GetVisits(), sess.Permanent())
	// Output: 1 false
}

func ExampleDeleted() {
	sessions := newManager(t, runtime.Config{})
	handler := sessions.Handler(http.HandlerFunc(logout))

	r := sessiontest.Request(t, sessions, httptest.NewRequest("POST", "/logout", nil), func(s *web.Session) {
		s.SetUsername("hubo")
	})
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	fmt.Println(sessiontest.Deleted(sessions, w.Result()))
	// Output: true
}

func ExampleFollow() {
	sessions := newManager(t, runtime.Config{})
	handler := sessions.Handler(http.HandlerFunc(greet))

	r := httptest.NewRequest("GET", "/", nil)
	for range 3 {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		r = sessiontest.Follow(r, w.Result(), httptest.NewRequest("GET", "/", nil))
	}
	fmt.Println(sessions.Get(r).GetVisits())
	// Output: 3
}

func ExampleCookies() {
	sessions := newManager(t, runtime.Config{})
	server := httptest.NewTLSServer(sessions.Handler(http.HandlerFunc(greet)))
	defer server.Close()

	client := server.Client()
	client.Jar, _ = cookiejar.New(nil)
	home, _ := url.Parse(server.URL)
	client.Jar.SetCookies(home, sessiontest.Cookies(t, sessions, func(s *web.Session) { s.SetUsername("hubo") }))

	res, err := client.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	fmt.Println(string(body), err)
	// Output: Hello hubo, visit 1 <nil>
}

func ExampleClock() {
	clock := sessiontest.NewClock(time.Now())
	sessions := newManager(t, runtime.Config{Lifetime: time.Hour, Time: clock.Now})

	r := sessiontest.Request(t, sessions, httptest.NewRequest("GET", "/", nil), func(s *web.Session) {
		s.SetUsername("hubo")
	})
	clock.Advance(59 * time.Minute)
	fmt.Println(sessions.Get(r).IsNew())
	clock.Advance(time.Minute)
	fmt.Println(sessions.Get(r).IsNew())
	// Output:
	// false
	// true
}

// A test has its own t; examples have none.
var t testing.TB = exampleT{}

type exampleT struct{ testing.TB }

func (exampleT) Helper()                           {}
func (exampleT) Context() context.Context          { return context.Background() }
func (exampleT) Fatal(args ...any)                 { log.Fatal(args...) }
func (exampleT) Fatalf(format string, args ...any) { log.Fatalf(format, args...) }
