package migrate

import "go/ast"

// runsOnly is the largest statement that does nothing without a given one, often just that one: a
// function that is called at once, or a branch, with nothing else in it goes, too.
func (r *rewriter) runsOnly(u *unit, stmt ast.Stmt) ast.Stmt {
	for {
		body, ok := r.parents[stmt].(*ast.BlockStmt)
		if !ok || len(body.List) != 1 {
			return stmt
		}
		around := r.aroundBody(u, body)
		if around == nil || !r.inBlock(around) {
			return stmt
		}
		stmt = around
	}
}

// aroundBody is the statement that does no more than to run a block, nil if there is none.
func (r *rewriter) aroundBody(u *unit, body *ast.BlockStmt) ast.Stmt {
	switch n := r.parents[body].(type) {
	case *ast.FuncLit:
		return r.callsAtOnce(n)
	case *ast.IfStmt:
		if n.Init == nil && n.Else == nil && r.asksParameter(u, n.Cond) {
			return n
		}
	}
	return nil
}

// callsAtOnce is the statement that just calls a function literal, nil if there is none.
func (r *rewriter) callsAtOnce(lit *ast.FuncLit) ast.Stmt {
	call, ok := r.outer(lit).(*ast.CallExpr)
	if !ok || ast.Unparen(call.Fun) != lit || len(call.Args) > 0 {
		return nil
	}
	switch n := r.outer(call).(type) {
	case *ast.DeferStmt:
		return n
	case *ast.GoStmt:
		return n
	case *ast.ExprStmt:
		return n
	}
	return nil
}

// asksParameter reports whether a condition is a parameter, or its opposite: unlike other variables, it may be unused.
func (r *rewriter) asksParameter(u *unit, cond ast.Expr) bool {
	cond = ast.Unparen(cond)
	if not, ok := cond.(*ast.UnaryExpr); ok {
		cond = ast.Unparen(not.X)
	}
	if _, ok := cond.(*ast.Ident); !ok {
		return false
	}
	p, ok := r.placeAt(u, cond)
	_, isParam := r.params[p]
	return ok && isParam
}
