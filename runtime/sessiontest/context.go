package sessiontest

import (
	"context"
	"testing"
)

// Context returns a context in which the generated From function finds a session that fill has
// changed. It is for code that takes a context and no request:
//
//	ctx := sessiontest.Context(t, m, func(s *web.Session) { s.SetUserID(42) })
//
// The session is that of a visitor who comes back. It counts as unchanged, and changes of it are not
// saved. If fill leaves it empty, it is a new session. The context ends with the test.
func Context[S any](t testing.TB, m Manager[S], fill func(*S)) context.Context {
	t.Helper()
	var header []string
	for _, c := range seal(t, m, nil, fill) {
		header = append(header, c.Name+"="+c.Value)
	}
	ctx := t.Context()
	return m.NewContext(ctx, m.Open(ctx, header))
}
