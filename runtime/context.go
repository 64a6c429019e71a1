package runtime

import (
	"context"
	"fmt"
	"net/http"
	"reflect"

	"github.com/sessiongen/sessiongen/runtime/internal/portrait"
)

// NewContext returns a context with a session from Open, in which the generated From function finds
// it. Handlers that run inside Handler do not need it.
func (m *Manager[S]) NewContext(ctx context.Context, s *S) context.Context {
	return &sessionContext[S]{ctx, s, m.state(s)}
}

// sessionContext is the type of contexts that NewContext returns.
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

// sessionKey is the context key of the innermost session of type S, and managerKey that of one
// manager's session. withinKey finds an outer manager whose cookie has the same name, without
// opening its session.
type (
	sessionKey[S any] struct{}
	managerKey        struct{ manager *manager }
	withinKey         struct{ manager *manager }
)

// contextValue returns the value of a key in a context that holds the session s, inside outer.
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
		if key.manager.cookie.Name() == st.manager.cookie.Name() { // in whatever scope: both managers read the cookies of all scopes
			return st.manager
		}
	}
	return outer.Value(key)
}

// panicWithout panics with the reason why a context has no session. Some frameworks' contexts
// implement [context.Context], but do not have the values of the request's context.
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

// requestContextOf returns the request's context inside a framework's context, and the expression by
// which a program gets it.
func requestContextOf(ctx context.Context) (request context.Context, how string) {
	defer func() { _ = recover() }()                               // a framework's context may have been released
	if c, ok := ctx.(interface{ Context() context.Context }); ok { // fiber
		return c.Context(), "its Context()"
	}
	if r, ok := exported[*http.Request](ctx, "Request"); ok && r != nil { // gin
		return r.Context(), "its Request.Context()"
	}
	if c, ok := ctx.(interface{ VisitUserValuesAll(func(key, value any)) }); ok { // fasthttp, below fiber
		c.VisitUserValuesAll(func(_, value any) {
			if c, ok := value.(context.Context); ok {
				request = c
			}
		})
		return request, "fiber's Context(), or UserContext() in its version 2"
	}
	return nil, ""
}

// outerOf returns the parent of a context from package context, or nil.
func outerOf(ctx context.Context) context.Context {
	outer, _ := exported[context.Context](ctx, "Context")
	return outer
}

// exported returns a field of the struct that pointer points to, if the field has type T.
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
