package runtime

import (
	"context"
	"fmt"
	"net/http"
)

// Handler returns a handler that gives next the session of each request, and saves
// it before the first byte of the response.
//
// A session that next does not touch costs nothing and changes nothing: it is not
// even decrypted. The response gets Vary: Cookie if the session was touched, and
// one Set-Cookie with Cache-Control: private if it is to be sent. A session that
// cannot be saved makes the response Config.ErrorHandler's.
func (m *Manager[S]) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := &exchange[S]{Context: r.Context()}
		x.cookies = r.Header["Cookie"]
		x.state = state{manager: &m.manager, ctx: x.Context, cookies: &x.cookies}
		x.session = m.wrap(Session{&x.state})
		r = r.WithContext(x)
		x.writer = writer{ResponseWriter: w, request: r, state: &x.state}

		// Not a recover: a panic goes on as it came, with its stack.
		returned := false
		defer func() { x.writer.finish(returned) }()
		next.ServeHTTP(x.writer.capable(), r)
		returned = true
	})
}

// exchange is all that the middleware needs for one request, in one allocation. It
// is the context that the handler gets.
type exchange[S any] struct {
	context.Context
	cookies []string
	session S
	state   state
	writer  writer
}

// sessionKey is the context key of the innermost session of type S, managerKey that
// of one manager.
type (
	sessionKey[S any] struct{}
	managerKey        struct{ manager *manager }
)

func (x *exchange[S]) Value(key any) any {
	switch key := key.(type) {
	case sessionKey[S]:
		return &x.session
	case managerKey:
		if key.manager == x.state.manager {
			return x
		}
	}
	return x.Context.Value(key)
}

// Format keeps a printed context from showing the request's cookies.
func (x *exchange[S]) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "%v.WithSession", x.Context) }

// FromContext returns the session of the request that ctx belongs to, for the
// generated From functions. It panics if ctx did not come through the manager's
// Handler.
func FromContext[S any](ctx context.Context) *S {
	s, ok := ctx.Value(sessionKey[S]{}).(*S)
	if !ok {
		panic("session: the request did not pass the session middleware: wrap the program's handler in Manager.Handler, outside the handler that asks for the session")
	}
	return s
}
