package sessiontest

import (
	"net/http"
	"strings"
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
)

// Session returns the session that a response sets. The test fails if there is none: the response
// sets no session cookie, or deletes it, or the cookie does not open.
//
// A response sets the session only if the handler changed it, or if it was sealed under an older
// key.
func Session[S any](t testing.TB, m Manager[S], res *http.Response) *S {
	t.Helper()
	c := sent(m, res)
	switch {
	case c == nil:
		t.Fatalf("sessiontest: the response %s: does the handler change the session, and is it within Manager.Handler?", others(res))
	case deletes(c):
		t.Fatalf("sessiontest: the response deletes the session cookie %s", c.Name)
	}
	r := &http.Request{Header: http.Header{}}
	apply(r, res.Cookies())
	refusal := ""
	s := open(m, r.Header["Cookie"], func(e runtime.Event) {
		if e.Kind == runtime.EventRefused {
			refusal = e.Reason
		}
	})
	if any(s).(session).IsNew() {
		t.Fatalf("sessiontest: the session cookie %s does not open: %s: has the handler's manager the same Keys and Time?", c.Name, refusal)
	}
	return s
}

// Deleted reports whether a response deletes the session, as after Destroy or when the last field
// was cleared.
func Deleted[S any](m Manager[S], res *http.Response) bool {
	c := sent(m, res)
	return c != nil && deletes(c)
}

// Unchanged reports whether a response leaves the session unchanged, or the visitor without one. The
// response may still renew the time of the last use: see Config.IdleTimeout.
func Unchanged[S any](m Manager[S], res *http.Response) bool { return sent(m, res) == nil }

// session is implemented by a pointer to any generated session type.
type session interface {
	IsNew() bool
	Destroy()
}

// sent returns the cookie that sets or deletes the session, or nil.
func sent[S any](m Manager[S], res *http.Response) *http.Cookie {
	for _, c := range last(res.Cookies()) {
		if owns(m, c.Name) {
			return c
		}
	}
	return nil
}

// owns reports whether a name is that of the manager's cookie itself, not of a further cookie of the
// session. The manager's deletions have its own cookie first.
func owns[S any](m Manager[S], name string) bool {
	s := open(m, []string{name + "="}, func(runtime.Event) {})
	any(s).(session).Destroy()
	header, err := m.Seal(s)
	lines := header["Set-Cookie"]
	return err == nil && len(lines) > 0 && strings.HasPrefix(lines[0], name+"=")
}

// others describes the cookies that a response sets if none of them is the session's.
func others(res *http.Response) string {
	var names []string
	for _, c := range last(res.Cookies()) {
		names = append(names, c.Name)
	}
	if len(names) == 0 {
		return "sets no cookie"
	}
	return "sets no session cookie, only " + strings.Join(names, ", ")
}
