package migrate

import (
	"go/ast"
	"go/types"
)

// loads replaces scs's Load in tests.
func (w *wiring) loads() {
	for _, s := range w.r.sites {
		if s.verb != loadVerb {
			continue
		}
		if c, why := w.r.loaded(s); why == nil {
			c.wiring = true
			w.changes = append(w.changes, c)
		}
	}
}

// loaded replaces scs's Load in a test with a context whose session is opened without a cookie. A program that loads
// sessions itself names the cookie, and is left alone.
func (r *rewriter) loaded(s *site) (*change, *refusal) {
	no := &refusal{"it has no counterpart", "do without it"}
	call, ok := s.at.expr.(*ast.CallExpr)
	if !ok || !s.at.in.tests || s.session.expr == nil || len(call.Args) != 2 {
		return nil, no
	}
	ctx, manager := r.p.text(call.Args[0]), r.p.text(s.session.expr)
	switch {
	case len(r.targets) != 1:
		return nil, &unknownManager
	case !isRepeatable(call.Args[0]):
		return nil, &refusal{"its context would be asked for twice", "keep the context in a variable first"}
	case !isNoToken(s.at.in, call.Args[1]):
		return nil, &refusal{"it loads a session that was there before", "get it from a context that sessiontest.Context makes"}
	}
	c := &change{at: s.at, site: s}
	return c, r.acquireWithError(c, s.at.in, call, manager+".NewContext("+ctx+", "+manager+".Open("+ctx+", nil))")
}

// isRepeatable reports whether an expression can be evaluated twice: it is a name, or a call of a name's method without
// arguments, such as r.Context() or context.Background().
func isRepeatable(e ast.Expr) bool {
	if call, ok := ast.Unparen(e).(*ast.CallExpr); ok && len(call.Args) == 0 {
		e = call.Fun
	}
	for {
		switch x := ast.Unparen(e).(type) {
		case *ast.Ident:
			return true
		case *ast.SelectorExpr:
			e = x.X
		default:
			return false
		}
	}
}

// isNoToken reports whether a token stands for no session: a constant, or a header of the request.
func isNoToken(u *unit, e ast.Expr) bool {
	if u.info.Types[e].Value != nil {
		return true
	}
	call, ok := ast.Unparen(e).(*ast.CallExpr)
	if !ok {
		return false
	}
	fn := callee(u, call)
	return fn != nil && fn.FullName() == "(net/http.Header).Get"
}

// isNew reports whether an assignment declares the variable on its left.
func isNew(u *unit, l ast.Expr) bool {
	id, ok := l.(*ast.Ident)
	if !ok {
		return false
	}
	_, isVar := u.info.Defs[id].(*types.Var)
	return isVar
}
