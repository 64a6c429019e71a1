package migrate

import (
	"go/ast"
	"slices"
)

// savedAnyway is the note on a save that the program did not come to on every path from a change of the session: such a
// change was lost, and is saved with the response now. It is "" if there is no such path.
func (r *rewriter) savedAnyway(save *site) string {
	body := r.bodyAround(save.at.expr)
	if body == nil {
		return ""
	}
	if slices.ContainsFunc(r.savesIn(body), func(call ast.Expr) bool {
		return r.bodyAround(call) != body || r.isDeferred(call) && call.Pos() < save.at.expr.Pos()
	}) {
		return "" // a function in it saves, too, or its end does
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
	session := s.session.expr
	if selectsValues(s.session) {
		session = ast.Unparen(session).(*ast.SelectorExpr).X
	}
	return r.p.text(session) == r.p.text(save.session.expr)
}

// comesToSave reports whether the function saves on every path from a node. A save in a branch counts for that branch.
func (r *rewriter) comesToSave(at ast.Node) bool {
	for child, up := at, r.parents[at]; up != nil; child, up = up, r.parents[up] {
		switch up.(type) {
		case *ast.FuncLit, *ast.FuncDecl:
			return false
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

// alwaysSaves reports whether a statement saves whichever of its branches runs, or has the function save at its end.
func (r *rewriter) alwaysSaves(stmt ast.Stmt) bool {
	if slices.ContainsFunc(r.savesIn(stmt), func(call ast.Expr) bool { return r.block(call) == stmt || r.isDeferred(call) && r.outer(call) == stmt }) {
		return true
	}
	branch, ok := stmt.(*ast.IfStmt)
	return ok && branch.Else != nil && len(r.savesIn(branch.Body)) > 0 && len(r.savesIn(branch.Else)) > 0
}

func (r *rewriter) isDeferred(call ast.Expr) bool {
	_, ok := r.outer(call).(*ast.DeferStmt)
	return ok
}

// mayReturn reports whether a statement may end its function.
func mayReturn(stmt ast.Stmt) bool {
	return hasNode(stmt, func(n ast.Node) bool {
		_, ok := n.(*ast.ReturnStmt)
		return ok
	})
}
