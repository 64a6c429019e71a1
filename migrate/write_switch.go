package migrate

import (
	"go/ast"
	"go/types"
)

// cases turns the cases of a switch over a value into conditions, so that an absent value takes the case of nil, and
// never the case of the zero value. It returns no edits if no case needs that. The cases themselves stay: other sites
// may be in them.
func (w *writer) cases(sw *ast.SwitchStmt, get, has string) ([]edit, *refusal) {
	u, p := w.s.at.in, w.r.p
	edits := []edit{p.replaceRange(sw.Tag.Pos(), sw.Body.Lbrace, "")}
	needed := false
	for _, c := range sw.Body.List {
		for _, e := range c.(*ast.CaseClause).List {
			switch {
			case u.info.Types[e].IsNil():
				needed = true
				edits = append(edits, p.replace(e, "!"+has))
				continue
			case !types.AssignableTo(w.d.typ, u.info.TypeOf(e)) && !types.AssignableTo(u.info.TypeOf(e), w.d.typ), types.IsInterface(u.info.TypeOf(e)):
				return nil, &refusal{"a case is no value of type " + typeText(w.d.typ), "compare values of that type"}
			}
			before, after := get+" == ", ""
			if _, joined := ast.Unparen(e).(*ast.BinaryExpr); joined {
				before, after = before+"(", ")"
			}
			if mayBeZero(u, e) {
				needed = true
				before = has + " && " + before
			}
			edits = append(edits, p.replaceRange(e.Pos(), e.Pos(), before), p.replaceRange(e.End(), e.End(), after))
		}
	}
	if !needed {
		return nil, nil
	}
	return edits, nil
}
