package migrate

import (
	"go/ast"
	"go/token"
	"strconv"
)

// asksOptions reports whether a comparison asks whether a session of gorilla/sessions has options, which it always has.
func asksOptions(u *unit, n *ast.BinaryExpr) bool {
	sel, ok := ast.Unparen(n.X).(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != "Options" || n.Op != token.EQL && n.Op != token.NEQ || !u.info.Types[n.Y].IsNil() {
		return false
	}
	named := namedOf(u.info.TypeOf(sel.X))
	return named != nil && sessionType(named) == gorilla
}

// askedOptions writes the answer in place of such a comparison, or removes the statement that never runs.
func (r *rewriter) askedOptions(u *unit, n *ast.BinaryExpr) {
	if !asksOptions(u, n) || len(r.targets) == 0 {
		return
	}
	at := value{n, u, whole}
	if stmt := r.withoutOptions(u, n); stmt != nil {
		r.changes = append(r.changes, &change{at: at, edits: []edit{r.p.remove(stmt)}, note: "a session always has options: the statement for one without is gone"})
		return
	}
	r.changes = append(r.changes, &change{at: at, edits: []edit{r.p.replace(n, strconv.FormatBool(n.Op == token.NEQ))}})
}

// withoutOptions is the if statement around a node that only runs for a session without options, nil if there is none.
func (r *rewriter) withoutOptions(u *unit, n ast.Node) *ast.IfStmt {
	for ; n != nil; n = r.parents[n] {
		stmt, ok := n.(*ast.IfStmt)
		if !ok || stmt.Init != nil || stmt.Else != nil || !r.inBlock(stmt) {
			continue
		}
		if b, ok := ast.Unparen(stmt.Cond).(*ast.BinaryExpr); ok && b.Op == token.EQL && asksOptions(u, b) {
			return stmt
		}
	}
	return nil
}
