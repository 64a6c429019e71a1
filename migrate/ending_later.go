package migrate

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

// A later collects the code of the program that may still run in a request after a node. It includes code that only
// actual values would rule out.
type later struct {
	f       *flow
	session ast.Expr // whose request it is
	found   []passage
	seen    map[ast.Node]bool
}

type passage struct {
	node ast.Node
	in   *unit
}

// later lists the code that may run after a node. The session shows which function begins a request.
func (f *flow) later(u *unit, n ast.Node, session ast.Expr) []passage {
	l := &later{f: f, session: session, seen: map[ast.Node]bool{}}
	l.after(u, n)
	l.reach()
	return l.found
}

// within lists the code that may run while a node is evaluated.
func (f *flow) within(u *unit, n ast.Node) []passage {
	l := &later{f: f, seen: map[ast.Node]bool{}}
	l.add(u, n)
	l.reach()
	return l.found
}

func (l *later) add(u *unit, n ast.Node) {
	if n != nil && !l.seen[n] {
		l.seen[n] = true
		l.found = append(l.found, passage{n, u})
	}
}

// after collects the code after a node, in its function and in the callers.
func (l *later) after(u *unit, n ast.Node) {
	at, returned := n, false
	for up := l.f.parents[n]; up != nil; n, up = up, l.f.parents[up] {
		switch x := up.(type) {
		case *ast.ReturnStmt, *ast.DeferStmt:
			returned = true
		case *ast.FuncLit:
			l.deferred(u, x.Body, at)
			if !l.sameRequest(u, x) {
				return
			}
			at, returned = x, false
		case *ast.FuncDecl:
			l.deferred(u, x.Body, at)
			for _, call := range l.f.callsOf(x.Name.Pos()) {
				if !call.in.tests && !l.seen[call.expr] {
					l.seen[call.expr] = true
					l.after(call.in, call.expr)
				}
			}
			return
		default:
			returned = returned || l.rest(u, up, n)
		}
	}
}

// rest collects the code of a node after one of its children. It reports whether nothing outside the node follows.
func (l *later) rest(u *unit, up, child ast.Node) bool {
	switch x := up.(type) {
	case *ast.BlockStmt, *ast.CaseClause, *ast.CommClause:
		for _, s := range statementsAfter(x, child) {
			l.add(u, s)
			if leavesFunction(s) {
				return true
			}
		}
	case *ast.IfStmt:
		l.parts(u, child, x.Init, x.Cond, x.Body, x.Else)
	case *ast.SwitchStmt:
		l.parts(u, child, x.Init, x.Tag, x.Body)
	case *ast.TypeSwitchStmt:
		l.parts(u, child, x.Init, x.Assign, x.Body)
	case *ast.ForStmt, *ast.RangeStmt: // the next iteration
		l.add(u, x)
	}
	return false
}

// parts collects the parts of a statement that run after one of them; branches exclude each other.
func (l *later) parts(u *unit, one ast.Node, parts ...ast.Node) {
	if _, isBranch := one.(*ast.BlockStmt); isBranch {
		return
	}
	for _, part := range parts[slices.Index(parts, one)+1:] {
		if part != nil {
			l.add(u, part)
		}
	}
}

// statementsAfter are the statements of a list after one of them. A clause never runs after another.
func statementsAfter(list, one ast.Node) []ast.Stmt {
	stmts := statementsOf(list)
	i := slices.IndexFunc(stmts, func(s ast.Stmt) bool { return s == one })
	if i < 0 || isClause(one) {
		return nil
	}
	return stmts[i+1:]
}

// statementsOf are the statements of a block or a clause.
func statementsOf(list ast.Node) []ast.Stmt {
	switch x := list.(type) {
	case *ast.BlockStmt:
		return x.List
	case *ast.CaseClause:
		return x.Body
	case *ast.CommClause:
		return x.Body
	}
	return nil
}

// leavesFunction reports whether a statement always returns.
func leavesFunction(s ast.Stmt) bool {
	switch s := s.(type) {
	case *ast.ReturnStmt:
		return true
	case *ast.BlockStmt:
		return len(s.List) > 0 && leavesFunction(s.List[len(s.List)-1])
	case *ast.IfStmt:
		return s.Else != nil && leavesFunction(s.Body) && leavesFunction(s.Else)
	}
	return false
}

// deferred collects the calls that a function defers before a node.
func (l *later) deferred(u *unit, body *ast.BlockStmt, at ast.Node) {
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.DeferStmt:
			if n.End() <= at.Pos() {
				l.add(u, n)
			}
			return false
		}
		return true
	})
}

// sameRequest reports whether a function literal runs in the request of the code around it: it is called at once, has
// no parameters, or uses a session from there.
func (l *later) sameRequest(u *unit, lit *ast.FuncLit) bool {
	if call, ok := l.f.outer(lit).(*ast.CallExpr); ok && ast.Unparen(call.Fun) == lit || lit.Type.Params.NumFields() == 0 {
		return true
	}
	own := false
	ast.Inspect(l.session, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && u.info.Uses[id] != nil {
			pos := u.info.Uses[id].Pos()
			own = own || lit.Pos() <= pos && pos < lit.End()
		}
		return true
	})
	return !own
}

// reach collects the functions of the program that the collected code names.
func (l *later) reach() {
	for i := 0; i < len(l.found); i++ {
		c := l.found[i]
		ast.Inspect(c.node, func(n ast.Node) bool {
			id, ok := n.(*ast.Ident)
			if !ok {
				return true
			}
			switch obj := c.in.info.Uses[id].(type) {
			case *types.Func:
				l.function(obj.Origin().Pos())
			case *types.Var:
				if _, ok := obj.Type().Underlying().(*types.Signature); ok {
					for _, v := range l.f.into[placeOf(obj.Origin())] {
						l.add(v.in, v.expr)
					}
				}
			}
			return true
		})
	}
}

// function collects a function, or the implementations of an interface's method.
func (l *later) function(pos token.Pos) {
	if fn := l.f.funcs[pos]; fn != nil {
		l.add(fn.in, fn.decl)
		return
	}
	for _, fn := range l.f.funcs {
		if slices.Contains(l.f.same[place{fn.fn.Pos(), callees}], place{pos, callees}) {
			l.add(fn.in, fn.decl)
		}
	}
}
