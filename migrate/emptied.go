package migrate

import "go/ast"

// deletion notes a site that may delete a key: in a loop over all values it clears the session.
func (f *finder) deletion(s *site) {
	if s.verb == deleteVerb && f.emptyingLoop(s) != nil {
		s = &site{lib: s.lib, verb: clearVerb, at: s.at, session: value{ast.Unparen(s.session.expr).(*ast.SelectorExpr).X, s.at.in, whole}}
	}
	f.add(s)
}

// emptyingLoop is the loop around a site that deletes every key of a session and does nothing else; otherwise nil.
func (f *finder) emptyingLoop(s *site) *ast.RangeStmt {
	loop := f.onlyLoop(s.at.expr)
	if loop == nil || !selectsValues(s.session) || !isName(loop.X) || f.p.text(loop.X) != f.p.text(s.session.expr) {
		return nil
	}
	key, ok := loop.Key.(*ast.Ident)
	deleted, isIdent := ast.Unparen(s.keyExpr.expr).(*ast.Ident)
	if !ok || !isIdent || s.at.in.info.ObjectOf(key) != s.at.in.info.ObjectOf(deleted) {
		return nil
	}
	return loop
}

// onlyLoop is the loop whose body is just the statement of an expression; otherwise nil.
func (f *finder) onlyLoop(e ast.Expr) *ast.RangeStmt {
	body, ok := f.parents[f.parents[e]].(*ast.BlockStmt)
	if !ok || len(body.List) != 1 {
		return nil
	}
	loop, _ := f.parents[body].(*ast.RangeStmt)
	return loop
}

// emptiedByLoop replaces such a loop.
func (r *rewriter) emptiedByLoop(s *site) *change {
	loop := r.onlyLoop(s.at.expr)
	return &change{edits: []edit{r.p.replace(loop, r.render(s.at.in, s.session.expr)+".Clear()")}}
}
