package migrate

import (
	"go/ast"
	"go/token"
	"slices"
)

// ofRequests reports whether the program makes a store for each request: each is made in the same way and keeps
// nothing itself, so that all of them are one store.
func (f *finder) ofRequests(m *maker, fn *function) bool {
	if !m.known || m.managed() || m.of.keeping == inMemory {
		return false
	}
	for _, arg := range m.call.Args {
		if f.needsCaller(arg, fn, map[token.Pos]bool{}) {
			return false
		}
	}
	uses := []value{m.at}
	for p := range m.held {
		if p.part >= 0 {
			uses = append(uses, f.callsOf(p.pos)...)
		} else {
			uses = append(uses, f.uses[p]...)
		}
	}
	asked := false
	for _, use := range uses {
		if use.in.tests {
			continue
		}
		if !f.staysIn(use) || f.changedByCaller(use) {
			return false
		}
		asked = asked || f.asksStore(use)
	}
	return asked
}

// changedByCaller reports whether a use of a store gives it something that the function's callers decide, such as the
// prefix of its keys.
func (f *flow) changedByCaller(use value) bool {
	sel, ok := f.outer(use.expr).(*ast.SelectorExpr)
	fn := f.functionAround(use.expr)
	if !ok || fn == nil || f.asksStore(use) {
		return false
	}
	var given []ast.Expr
	switch n := f.outer(sel).(type) {
	case *ast.CallExpr:
		given = n.Args
	case *ast.AssignStmt:
		given = n.Rhs
	}
	return slices.ContainsFunc(given, func(e ast.Expr) bool { return f.needsCaller(e, fn, map[token.Pos]bool{}) })
}

// staysIn reports whether a use of a store keeps it in its function or returns it to the callers: no function literal,
// field or package variable holds it.
func (f *flow) staysIn(use value) bool {
	fn := f.bodyAround(use.expr)
	if fn == nil {
		return false
	}
	id, isVariable := ast.Unparen(use.expr).(*ast.Ident)
	if isVariable && !within(use.in.info.ObjectOf(id), fn) {
		return false
	}
	switch f.outer(use.expr).(type) {
	case *ast.SelectorExpr:
		return true
	case *ast.ReturnStmt:
		_, named := fn.(*ast.FuncDecl)
		return named
	case *ast.AssignStmt, *ast.ValueSpec:
		if isVariable && f.isAssigned(use.expr) {
			return true
		}
		kept := f.variableOf(use)
		return kept != nil && within(kept, fn)
	}
	return false
}

// asksStore reports whether a use of a store asks it for the session of a request.
func (f *flow) asksStore(use value) bool {
	sel, ok := f.outer(use.expr).(*ast.SelectorExpr)
	if !ok {
		return false
	}
	call, ok := f.outer(sel).(*ast.CallExpr)
	if !ok || ast.Unparen(call.Fun) != sel {
		return false
	}
	a, ok := f.acquiring(use.in, call)
	return ok && a.request >= 0
}
