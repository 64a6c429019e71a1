package runtime

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/sessiongen/sessiongen/runtime/internal/response"
)

// Handler returns a handler that gives next the session of each request, and saves it before the
// first byte of the response.
//
// A session that next does not touch is not even decrypted. If next asks for the session before it
// begins the response, the response gets Vary: Cookie. If the session must be sent, the response
// gets one Set-Cookie for each of its cookies, and Cache-Control: private. If the session cannot be
// saved, Config.ErrorHandler answers the request.
//
// If Handler is applied twice, as to a whole router and again to some of its routes, the inner
// handler does nothing. A request with another request's context has that request's session,
// whatever its own cookies are. A handler inside that of another manager with the same cookie name
// panics: give one of the two another Config.Name.
//
// A handler that takes over the connection with http.Hijacker writes its own response. It must send
// the fields of w.Header(), which include Set-Cookie.
func (m *Manager[S]) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch outer := r.Context().Value(withinKey{&m.manager}); outer {
		case nil:
		case &m.manager:
			next.ServeHTTP(w, r) // an outer handler is this manager's
			return
		default:
			panic("session: two managers have the cookie " + m.cookie.Name() + ", and each would overwrite the other's: give one of them another Config.Name")
		}
		if m.deviceBound > 0 && m.serveDevice(w, r) {
			return
		}
		x := new(exchange[S])
		x.context = requestContext[S]{x}
		x.init(&m.manager, w, r, &x.context)
		x.session = m.wrap(Session{&x.state})

		returned := false
		defer func() {
			x.handBackForm(r)
			if !returned && response.Replied(&x.writer) {
				resumeOther(recover())
				returned = true
			}
			response.Finish(&x.writer, returned)
		}()
		next.ServeHTTP(response.Capable(&x.writer), &x.request)
		returned = true
	})
}

// exchange is what Handler needs for one request, in one allocation. Data that may contain a token
// is behind pointers, which fmt does not follow when a program prints the exchange. The next size
// class after 512 bytes is an eighth larger.
type exchange[S any] struct {
	untyped
	context requestContext[S]
	session S
}

// untyped is the part of an exchange that does not depend on the session's type.
type untyped struct {
	request  http.Request // the request that the handler gets
	state    state
	writer   response.Writer
	incoming incoming
	values   response.Values
}

func (x *untyped) init(m *manager, w http.ResponseWriter, r *http.Request, ctx context.Context) {
	x.incoming = incoming{r.Header["Cookie"], r}
	x.state.manager, x.state.ctx, x.state.from = m, r.Context(), &x.incoming
	response.Init(&x.writer, w, x)
	x.request = *r.WithContext(ctx)
}

// Save implements response.Session.
func (x *untyped) Save(h http.Header, status int) error {
	sends, err := x.state.writeTo(h, &x.values, status)
	if sends && response.Begun(&x.writer) {
		x.state.bypassed()
	}
	return err
}

// Abandon implements response.Session.
func (x *untyped) Abandon() { x.state.abandon() }

// Reopen implements response.Session.
func (x *untyped) Reopen() { x.state.reopen() }

// ReplyError implements response.Session.
func (x *untyped) ReplyError(w http.ResponseWriter, err error) {
	x.state.manager.errorHandler(w, &x.request, err)
}

// handBackForm copies a parsed form to the server's request, because net/http removes the temporary
// files of the form that it finds there.
func (x *untyped) handBackForm(outer *http.Request) {
	if form := x.request.MultipartForm; form != nil && outer.MultipartForm == nil {
		outer.MultipartForm = form
	}
}

// resumeOther resumes a panic, unless it is the one by which handlers such as httputil.ReverseProxy
// abort a response that they cannot write. If the session could not be saved, such a response was
// replaced and is complete.
func resumeOther(panicked any) {
	if panicked != nil && panicked != http.ErrAbortHandler {
		panic(panicked)
	}
}

// requestContext is the context of the handler's request.
type requestContext[S any] struct{ *exchange[S] }

func (c *requestContext[S]) Value(key any) any {
	return contextValue(c.state.ctx, key, &c.session, &c.state)
}

func (c *requestContext[S]) Deadline() (deadline time.Time, ok bool) { return c.state.ctx.Deadline() }
func (c *requestContext[S]) Done() <-chan struct{}                   { return c.state.ctx.Done() }
func (c *requestContext[S]) Err() error                              { return c.state.ctx.Err() }

// Format prints the context as package context does.
func (c *requestContext[S]) Format(f fmt.State, _ rune) { formatContext(f, c.state.ctx) }
