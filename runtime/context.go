package runtime

import (
	"context"
	"fmt"
	"net/http"
	"reflect"

	"github.com/sessiongen/sessiongen/runtime/internal/portrait"
)

// NewContext returns a context with a session from Open, which the generated From function then
// finds. Handler needs no such call.
func (m *Manager[S]) NewContext(ctx context.Context, s *S) context.Context {
	return &sessionContext[S]{ctx, s, m.state(s)}
}

// sessionContext is the context that NewContext returns.
type sessionContext[S any] struct {
	context.Context
	session *S
	state   *state
}

func (c *sessionContext[S]) Value(key any) any {
	return contextValue(c.Context, key, c.session, c.state)
}

// Format prints the context as package context does.
func (c *sessionContext[S]) Format(f fmt.State, _ rune) { formatContext(f, c.Context) }

func formatContext(f fmt.State, outer context.Context) { fmt.Fprintf(f, "%v.WithSession", outer) }

// sessionKey is the context key of the innermost session of type S, managerKey that
// of one manager; withinKey tells which manager there is that has a cookie of the same name as
// this one, and does not ask for its session.
type (
	sessionKey[S any] struct{}
	managerKey        struct{ manager *manager }
	withinKey         struct{ manager *manager }
)

// contextValue returns the value of a context that has a session, below an outer one.
func contextValue[S any](outer context.Context, key any, s *S, st *state) any {
	switch key := key.(type) {
	case sessionKey[S]:
		st.ask()
		return s
	case managerKey:
		if key.manager == st.manager {
			st.ask()
			return s
		}
	case portrait.Key:
		return st.subject()
	case withinKey:
		if key.manager.cookie.Name() == st.manager.cookie.Name() { // in whatever scope: both read both
			return st.manager
		}
	}
	return outer.Value(key)
}

// panicWithout tells why a context has no value for the key of a session. The contexts of some
// frameworks implement [context.Context] too, but do not have the values of the request's.
func panicWithout(ctx context.Context, key any) {
	for range 100 {
		if request, how := requestContextOf(ctx); request != nil && request.Value(key) != nil {
			panic(fmt.Sprintf("session: a %T does not have the session: pass the request's context, which is %s", ctx, how))
		}
		outer := outerOf(ctx)
		if outer == nil {
			break
		}
		ctx = outer
	}
	panic("session: the request did not pass the session middleware: wrap the program's handler in Manager.Handler, outside the handler that asks for the session")
}

// requestContextOf returns the request's context that a framework's context has, and how a program
// gets it.
func requestContextOf(ctx context.Context) (request context.Context, how string) {
	defer func() { _ = recover() }()                               // a framework's context may be out of use
	if c, ok := ctx.(interface{ Context() context.Context }); ok { // of fiber
		return c.Context(), "its Context()"
	}
	if r, ok := exported[*http.Request](ctx, "Request"); ok && r != nil { // of gin
		return r.Context(), "its Request.Context()"
	}
	if c, ok := ctx.(interface{ VisitUserValuesAll(func(key, value any)) }); ok { // of fasthttp, below fiber
		c.VisitUserValuesAll(func(_, value any) {
			if c, ok := value.(context.Context); ok {
				request = c
			}
		})
		return request, "fiber's Context(), or UserContext() in its version 2"
	}
	return nil, ""
}

// outerOf returns the context that one of package context is made from, or nil.
func outerOf(ctx context.Context) context.Context {
	outer, _ := exported[context.Context](ctx, "Context")
	return outer
}

// exported returns the exported field of a pointer to a struct, if it has this type.
func exported[T any](pointer any, name string) (value T, ok bool) {
	v := reflect.ValueOf(pointer)
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		return value, false
	}
	field := v.Elem().FieldByName(name)
	if !field.IsValid() || !field.CanInterface() {
		return value, false
	}
	value, ok = field.Interface().(T)
	return value, ok
}
