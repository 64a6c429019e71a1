package migrate

import (
	"cmp"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

// A taking plans the consequences of taking messages: from then on they have the field's type, and need no assertion.
type taking struct {
	*writer
	c *change
}

// take writes a Take of all messages.
func (w *writer) take() (*change, *refusal) {
	t := &taking{w, &change{edits: w.call(w.s.at.expr, "Take"+w.name+"()")}}
	asserts := w.r.assertionsOf(w.s.at)
	slices.SortFunc(asserts, func(a, b value) int { return cmp.Compare(a.expr.Pos(), b.expr.Pos()) }) // a statement before those in it
	for _, v := range asserts {
		assert := v.expr.(*ast.TypeAssertExpr)
		if !t.becomesTyped(v.in, assert.X) || t.isRemoved(assert) {
			continue
		}
		if assert.Type == nil {
			t.typeSwitch(v.in, assert)
		} else {
			t.assertion(v.in, assert)
		}
	}
	w.r.retype(w.s.at, w.d.typ)
	return t.c, nil
}

// becomesTyped reports whether a message that was of type any gets the field's type: it is an element of the messages,
// or a variable that is declared without a type.
func (t *taking) becomesTyped(u *unit, e ast.Expr) bool {
	switch e := ast.Unparen(e).(type) {
	case *ast.SelectorExpr:
		return false
	case *ast.Ident:
		return t.r.declaredShort(u, e) != nil
	}
	return true
}

// declaredShort is where a := declares a variable, nil if it is declared in another way.
func (r *rewriter) declaredShort(u *unit, id *ast.Ident) *ast.Ident {
	obj := u.info.Uses[id]
	for def, declared := range u.info.Defs {
		if declared == nil || declared != obj {
			continue
		}
		switch r.parents[def].(type) {
		case *ast.AssignStmt, *ast.RangeStmt:
			return def
		}
	}
	return nil
}

// isRemoved reports whether an edit replaces a node already.
func (t *taking) isRemoved(n ast.Node) bool {
	return slices.ContainsFunc(t.c.edits, t.r.p.replace(n, "").overlap)
}

// assertion removes an assertion. An assertion to a type that no message has still never holds.
func (t *taking) assertion(u *unit, assert *ast.TypeAssertExpr) {
	to, x := u.info.TypeOf(assert.Type), t.r.p.text(assert.X)
	if !types.Identical(to, t.d.typ) {
		t.neverHolds(assert)
		return
	}
	assign, ok := t.r.outer(assert).(*ast.AssignStmt)
	if !ok || len(assign.Lhs) != 2 {
		t.c.edits = append(t.c.edits, t.r.p.replace(assert, x))
		return
	}
	stmt := t.r.onlyCondition(assign)
	if stmt == nil || stmt.Else != nil || !t.r.inBlock(stmt) {
		t.c.edits = append(t.c.edits, t.r.p.replace(assert, x+", true"))
		return
	}
	bind := ""
	if !isBlank(assign.Lhs[0]) {
		bind = t.r.p.text(assign.Lhs[0])
	}
	t.only(u, stmt, block{stmt.Body.Lbrace + 1, stmt.Body.Rbrace, u.info.Scopes[stmt.Body]}, bind, assert.X)
}

func (t *taking) neverHolds(assert *ast.TypeAssertExpr) {
	t.c.edits = append(t.c.edits, t.r.p.replace(assert.X, "any("+t.r.p.text(assert.X)+")"))
	t.c.note = "every message is of type " + typeText(t.d.typ) + ": code for others never runs"
}

// typeSwitch puts the clause of the field's type in place of a type switch over a message.
func (t *taking) typeSwitch(u *unit, assert *ast.TypeAssertExpr) {
	stmt, _ := t.r.parents[assert].(ast.Stmt)
	sw := t.r.parents[stmt].(*ast.TypeSwitchStmt)
	clause := t.clause(u, sw)
	if clause == nil || !t.r.inBlock(sw) {
		t.neverHolds(assert)
		return
	}
	bind := ""
	if assign, ok := stmt.(*ast.AssignStmt); ok && uses(u, clause, u.info.Implicits[clause]) {
		bind = assign.Lhs[0].(*ast.Ident).Name
	}
	end := sw.Body.Rbrace
	if i := slices.Index(sw.Body.List, ast.Stmt(clause)); i+1 < len(sw.Body.List) {
		end = sw.Body.List[i+1].Pos()
	}
	if len(sw.Body.List) > 1 {
		t.c.note = "every message is of type " + typeText(t.d.typ) + ": the cases of others are gone"
	}
	t.only(u, sw, block{clause.Colon + 1, end, u.info.Scopes[clause]}, bind, assert.X)
}

// clause is the clause of a type switch that every message takes, nil if the switch has to stay.
func (t *taking) clause(u *unit, sw *ast.TypeSwitchStmt) *ast.CaseClause {
	if sw.Init != nil {
		return nil
	}
	for _, s := range sw.Body.List {
		clause := s.(*ast.CaseClause)
		for _, e := range clause.List {
			switch typ := u.info.TypeOf(e); {
			case types.IsInterface(typ):
				return nil
			case types.Identical(typ, t.d.typ) && len(clause.List) == 1 && !breaks(clause):
				return clause
			}
		}
	}
	return nil
}

// breaks reports whether a statement may contain a break that ends the statement around it.
func breaks(s ast.Stmt) bool {
	found := false
	ast.Inspect(s, func(n ast.Node) bool {
		if b, ok := n.(*ast.BranchStmt); ok && b.Tok == token.BREAK && b.Label == nil {
			found = true
		}
		return true
	})
	return found
}

// uses reports whether a node uses a variable.
func uses(u *unit, n ast.Node, obj types.Object) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && obj != nil && u.info.Uses[id] == obj {
			found = true
		}
		return !found
	})
	return found
}

// A block is the code between two positions, with the scope of its names.
type block struct {
	from, to token.Pos
	scope    *types.Scope
}

// only replaces a statement with a block of it. The variable bind, if any, gets the message first.
func (t *taking) only(u *unit, stmt ast.Stmt, b block, bind string, message ast.Expr) {
	declared := ""
	text := t.r.p.text(message)
	if bind != "" && bind != text {
		declared = bind + " := " + text
	}
	free := isFree(u, stmt, b, bind, text)
	if only := t.usedOnce(u, message); only != nil && free && declared != "" {
		t.c.edits = append(t.c.edits, t.r.p.replace(only, bind))
		declared = ""
	}
	start, end := t.r.p.removeRange(stmt.Pos(), b.from), t.r.p.removeRange(b.to, stmt.End())
	switch {
	case !free:
		start, end = t.r.p.replaceRange(stmt.Pos(), b.from, "{\n"+declared), t.r.p.replaceRange(b.to, stmt.End(), "}")
	case declared != "":
		start = t.r.p.replaceRange(stmt.Pos(), b.from, declared)
	}
	t.c.edits = append(t.c.edits, start, end)
}

// usedOnce is where a message's variable is declared if nothing else uses it, otherwise nil.
func (t *taking) usedOnce(u *unit, message ast.Expr) *ast.Ident {
	id, ok := ast.Unparen(message).(*ast.Ident)
	if !ok || len(t.r.uses[placeOf(u.info.Uses[id])]) != 1 {
		return nil
	}
	return t.r.declaredShort(u, id)
}

// isFree reports whether the names of a block, except the message's, have no meaning around a statement.
func isFree(u *unit, stmt ast.Stmt, b block, bind, message string) bool {
	around := u.info.Scopes[stmt].Parent()
	return !slices.ContainsFunc(append(b.scope.Names(), bind), func(name string) bool {
		_, seen := around.LookupParent(name, token.NoPos)
		return seen != nil && name != message
	})
}
