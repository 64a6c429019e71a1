// Package sessiontest helps to test handlers that use sessions, as net/http/httptest
// does for handlers in general.
//
// [Request] makes a request that carries a session, [Session] reads the one that a
// response sets, and a [Clock] lets sessions age. [Context] is for code that gets a context
// and no request. They take the manager that the handler is wrapped in, or any other of the same
// type with the same Config: a session lives in its cookies. Where the test and the program make a
// manager each, both need the same Keys, such as those of [Keys].
//
// A [Device] is the part of a browser that binds sessions to a device.
//
// What these functions do with a session causes no event: Config.OnEvent hears only
// of what the handler does.
package sessiontest

import (
	"context"
	"net/http"
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/internal/observe"
)

// Manager is what these functions need of a program's manager: any generated one has it, and so does
// runtime.Manager.
type Manager[S any] interface {
	Open(ctx context.Context, cookieHeaders []string) *S
	NewContext(ctx context.Context, s *S) context.Context
	Seal(s *S) (http.Header, error)
}

// Request puts a session into a request, and returns the request: for a handler, one of
// httptest.NewRequest; for a server, one of http.NewRequest. The function fill
// changes the session that the request carries already, or else a new one. A session
// that it leaves empty is none.
func Request[S any](t testing.TB, m Manager[S], r *http.Request, fill func(*S)) *http.Request {
	t.Helper()
	apply(r, seal(t, m, r.Header["Cookie"], fill))
	return r
}

// Cookies returns the cookies of a new session that fill has changed, for a client's
// cookie jar: jar.SetCookies(url, sessiontest.Cookies(t, m, fill)). A jar returns them
// to https servers only, such as those of httptest.NewTLSServer, unless Config.Insecure
// is set.
func Cookies[S any](t testing.TB, m Manager[S], fill func(*S)) []*http.Cookie {
	t.Helper()
	return seal(t, m, nil, fill)
}

// Follow makes next the request that a browser sends after it got the response res to
// the request before, and returns next: it gets the cookies of the request before, as the
// response changed them, but keeps its own. It does so with every cookie, whatever its
// path, domain or other attributes. To read the session that next then carries, use
// Manager.Get.
func Follow(before *http.Request, res *http.Response, next *http.Request) *http.Request {
	own := next.Cookies()
	next.Header["Cookie"] = before.Header["Cookie"]
	apply(next, res.Cookies())
	apply(next, own)
	return next
}

// seal returns the cookies to be sent for the session in some Cookie header fields once
// fill has changed it.
func seal[S any](t testing.TB, m Manager[S], header []string, fill func(*S)) []*http.Cookie {
	t.Helper()
	s := open(m, header, func(runtime.Event) {})
	fill(s)
	response, err := m.Seal(s)
	if err != nil {
		t.Fatalf("sessiontest: the session cannot be sent: %v", err)
	}
	return (&http.Response{Header: response}).Cookies()
}

// open opens the session in some Cookie header fields, and lets tell know of its events.
func open[S any](m Manager[S], header []string, tell func(runtime.Event)) *S {
	ctx := context.WithValue(context.Background(), observe.Key{}, tell)
	return m.Open(ctx, header)
}
