package migrate

import (
	"go/ast"
	"slices"
)

// savedAnyway is the note on a save that the program did not come to on every path from a change of the session: such a
// change was lost, and is saved with the response now. It is "" if there is no such path.
func (r *rewriter) savedAnyway(save *site) string {
	body := r.bodyAround(save.at.expr)
	if body == nil || slices.ContainsFunc(r.savesIn(body), func(call ast.Expr) bool { return r.bodyAround(call) != body }) {
		return "" // a function in it saves, too
	}
	for _, s := range r.sites {
		if changesSession(s) && s.at.expr.Pos() < save.at.expr.Pos() && r.bodyAround(s.at.expr) == body && r.sameSession(s, save) && !r.comesToSave(s.at.expr) {
			return "an earlier change was saved only on paths that came here, and is saved on all of them now"
		}
	}
	return ""
}

func changesSession(s *site) bool {
	return slices.Contains([]verb{writeVerb, deleteVerb, addFlashVerb, clearVerb, popVerb, takeFlashesVerb}, s.verb)
}

// sameSession reports whether two uses are of sessions that the program calls the same. A save may be of all sessions.
func (r *rewriter) sameSession(s, save *site) bool {
	if save.session.expr == nil || s.session.expr == nil {
		return save.session.expr == nil
	}
	return r.p.text(ownerOfValues(s.session.expr)) == r.p.text(save.session.expr)
}

// ownerOfValues is the session that a map of values belongs to, or the session itself.
func ownerOfValues(session ast.Expr) ast.Expr {
	if sel, ok := ast.Unparen(session).(*ast.SelectorExpr); ok && sel.Sel.Name == "Values" {
		return sel.X
	}
	return session
}

// comesToSave reports whether the function saves on every path from a node. A save in a branch counts for that branch.
func (r *rewriter) comesToSave(at ast.Node) bool {
	for child, up := at, r.parents[at]; up != nil; child, up = up, r.parents[up] {
		switch up.(type) {
		case *ast.FuncLit, *ast.FuncDecl:
			return slices.ContainsFunc(r.savesIn(up), func(call ast.Expr) bool {
				_, deferred := r.outer(call).(*ast.DeferStmt)
				return deferred
			})
		}
		for _, stmt := range statementsAfter(up, child) {
			switch saves := r.savesIn(stmt); {
			case r.alwaysSaves(stmt):
				return true
			case len(saves) == 0 && mayReturn(stmt):
				return false
			}
		}
	}
	return false
}

// savesIn lists the calls in a node that save sessions.
func (r *rewriter) savesIn(n ast.Node) []ast.Expr {
	var list []ast.Expr
	for _, s := range r.sites {
		if s.verb == saveVerb && n.Pos() <= s.at.expr.Pos() && s.at.expr.End() <= n.End() {
			list = append(list, s.at.expr)
		}
	}
	return list
}

// alwaysSaves reports whether a statement saves whichever of its branches runs.
func (r *rewriter) alwaysSaves(stmt ast.Stmt) bool {
	if slices.ContainsFunc(r.savesIn(stmt), func(call ast.Expr) bool { return r.statementAround(call) == stmt }) {
		return true
	}
	branch, ok := stmt.(*ast.IfStmt)
	return ok && branch.Else != nil && len(r.savesIn(branch.Body)) > 0 && len(r.savesIn(branch.Else)) > 0
}

// statementAround is the statement in a list that a node is directly in.
func (r *rewriter) statementAround(n ast.Node) ast.Stmt {
	for up := r.parents[n]; up != nil; n, up = up, r.parents[up] {
		if statementsOf(up) != nil {
			stmt, _ := n.(ast.Stmt)
			return stmt
		}
	}
	return nil
}

// mayReturn reports whether a statement may end its function.
func mayReturn(stmt ast.Stmt) bool {
	found := false
	ast.Inspect(stmt, func(n ast.Node) bool {
		switch n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ReturnStmt:
			found = true
		}
		return !found
	})
	return found
}
