// Package sessiontest helps to test handlers that use sessions, as net/http/httptest does for
// handlers in general.
//
// [Request] makes a request with a session, [Session] reads the session that a response sets, and a
// [Clock] lets sessions age. [Context] is for code that takes a context and no request. All take the
// manager that the handler is wrapped in, or another manager of the same type with the same Config,
// because sessions live in their cookies. If the test and the program make a manager each, both need
// the same Keys, such as those of [Keys].
//
// A [Device] is the part of a browser that binds sessions to a device.
//
// These functions cause no events: Config.OnEvent is called only for what the handler does.
package sessiontest

import (
	"context"
	"net/http"
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/internal/observe"
)

// Manager has the methods of a manager that this package calls. Every generated manager and
// runtime.Manager implement it.
type Manager[S any] interface {
	Open(ctx context.Context, cookieHeaders []string) *S
	NewContext(ctx context.Context, s *S) context.Context
	Seal(s *S) (http.Header, error)
}

// Request adds a session to a request and returns the request. Use a request of httptest.NewRequest
// for a handler, and one of http.NewRequest for a server. fill changes the session that the request
// already carries, or else a new one. If fill leaves it empty, there is no session.
func Request[S any](t testing.TB, m Manager[S], r *http.Request, fill func(*S)) *http.Request {
	t.Helper()
	apply(r, seal(t, m, r.Header["Cookie"], fill))
	return r
}

// Cookies returns the cookies of a new session that fill has changed, for a client's cookie jar:
// jar.SetCookies(url, sessiontest.Cookies(t, m, fill)). A jar returns them to https servers only,
// such as those of httptest.NewTLSServer, unless Config.Insecure is set.
func Cookies[S any](t testing.TB, m Manager[S], fill func(*S)) []*http.Cookie {
	t.Helper()
	return seal(t, m, nil, fill)
}

// Follow turns next into the request that a browser sends after it got the response res to the
// request before, and returns next. next gets the cookies of before, as changed by res, and keeps
// its own. Follow ignores the path, domain and other attributes of cookies. To read the session that
// next carries, use Manager.Get.
func Follow(before *http.Request, res *http.Response, next *http.Request) *http.Request {
	own := next.Cookies()
	next.Header["Cookie"] = before.Header["Cookie"]
	apply(next, res.Cookies())
	apply(next, own)
	return next
}

// seal returns the cookies to send for the session in the given Cookie header fields after fill has
// changed it.
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

// open opens the session in the given Cookie header fields. tell gets its events.
func open[S any](m Manager[S], header []string, tell func(runtime.Event)) *S {
	ctx := context.WithValue(context.Background(), observe.Key{}, tell)
	return m.Open(ctx, header)
}
