package migrate

import (
	"go/ast"
	"go/token"
	"go/types"
)

// writeAny writes a value of type any: the program shows that it is of the field's type, or nil, which removes the
// key.
func (w *writer) writeAny() (*change, *refusal) {
	v := w.s.val
	if w.isTyped(v) {
		node, why := w.node()
		return &change{edits: w.callWith(node, "Set"+w.name+"(", ")")}, why
	}
	no := &refusal{"the value is of type " + typeText(valueType(v)) + ", and the field of type " + typeText(w.d.typ), "convert it"}
	known, mayBeNil := w.leavesOf(v)
	typ, nameable := w.r.nameable(v.in, v.expr, w.d.typ)
	node, why := w.node()
	switch {
	case why != nil:
		return nil, why
	case !known || !nameable || v.part >= 0:
		return nil, no
	case !mayBeNil:
		return &change{edits: w.callWith(node, "Set"+w.name+"(", ".("+typ+"))")}, nil
	}
	stmt, ok := node.(ast.Stmt)
	if call, isCall := node.(*ast.CallExpr); isCall {
		stmt, ok = w.r.statement(call)
	}
	if !ok || !w.r.inBlock(stmt) {
		return nil, no
	}
	name := w.r.freeName(stmt, "v")
	return w.replace(stmt, "if "+name+", ok := "+w.r.p.text(v.expr)+".("+typ+"); ok {\n"+w.recv+".Set"+w.name+"("+name+")\n} else {\n"+
		w.recv+".Clear"+w.name+"()\n}"), nil
}

// isTyped reports whether a value is a variable of type any that will get the field's type.
func (w *writer) isTyped(v value) bool {
	p, ok := w.r.placeAt(v.in, v.expr)
	t := w.r.becomes[p.pos]
	return ok && v.part < 0 && t != nil && types.AssignableTo(t, w.d.typ)
}

// leavesOf reports whether all origins of a value are known and of the field's type, and whether nil is one of them.
func (w *writer) leavesOf(v value) (known, mayBeNil bool) {
	leaves := w.r.origins(v, false)
	for _, l := range leaves {
		t := valueType(l.value)
		switch {
		case l.isNil:
			mayBeNil = true
		case t == nil || !types.Identical(types.Default(t), w.d.typ):
			return false, false
		}
	}
	return len(leaves) > 0, mayBeNil
}

// readAny writes a read that is compared with nil: a variable gets the value first, and is nil if there is none.
func (w *writer) readAny(e ast.Expr) (*change, *refusal) {
	stmt := w.r.block(e)
	if stmt == nil {
		return nil, &refusal{"absent is nil there, and that matters", "use Has" + w.name + " as well"}
	}
	found := w.r.freeName(stmt, "v")
	given := "if " + found + ", ok := " + w.lookup() + "; ok {\n"
	if ret, ok := stmt.(*ast.ReturnStmt); ok && len(ret.Results) == 1 && ast.Unparen(ret.Results[0]) == e {
		return w.replace(ret, given+"return "+found+"\n}\nreturn nil"), nil
	}
	name := w.r.newName(stmt, lower(w.name))
	return &change{edits: []edit{
		w.r.p.replaceRange(stmt.Pos(), stmt.Pos(), "var "+name+" any // nil if there is none\n"+given+name+" = "+found+"\n}\n"),
		w.r.p.replace(e, name),
	}}, nil
}

// isThere reports whether a variable that is read once cannot be nil where it is used: the program has checked before,
// and left otherwise.
func (v *variable) isThere(use ast.Expr) bool {
	if v.later() < use.Pos() {
		return false
	}
	var child ast.Node = use
	for n := v.w.r.parents[use]; n != nil; child, n = n, v.w.r.parents[n] {
		switch n := n.(type) {
		case *ast.FuncLit, *ast.FuncDecl:
			return false
		case *ast.BinaryExpr:
			if n.Y == child && v.goesOnIfThere(n) {
				return true
			}
		case *ast.IfStmt:
			if n.Body == child && v.asksAll(n.Cond, token.NEQ, token.LAND) {
				return true
			}
		}
		stmt, ok := child.(ast.Stmt)
		if !ok {
			continue
		}
		if v.leftBefore(stmt) {
			return true
		}
	}
	return false
}

// leftBefore reports whether a statement has left before another in its block if there is no value.
func (v *variable) leftBefore(stmt ast.Stmt) bool {
	for _, before := range v.w.r.list(stmt) {
		if before == stmt {
			break
		}
		if check, ok := before.(*ast.IfStmt); ok && v.asksAll(check.Cond, token.EQL, token.LOR) && endsInJump(check.Body) {
			return true
		}
	}
	return false
}

// goesOnIfThere reports whether the second operand of && or || is only reached with a value, because the first has
// checked.
func (v *variable) goesOnIfThere(n *ast.BinaryExpr) bool {
	return n.Op == token.LAND && v.asksAll(n.X, token.NEQ, n.Op) || n.Op == token.LOR && v.asksAll(n.X, token.EQL, n.Op)
}

// asksAll reports whether a condition compares the variable with nil, tests the ok variable, or has one of these among
// its operands.
func (v *variable) asksAll(cond ast.Expr, op, joint token.Token) bool {
	b, ok := ast.Unparen(cond).(*ast.BinaryExpr)
	if !ok {
		return v.asksOK(cond, op)
	}
	if b.Op == joint {
		return v.asksAll(b.X, op, joint) || v.asksAll(b.Y, op, joint)
	}
	return isCheck(v.w.s.at.in, b, v.obj, op)
}

// asksOK reports whether a condition is the ok variable or, for ==, its negation.
func (v *variable) asksOK(cond ast.Expr, op token.Token) bool {
	not, negated := ast.Unparen(cond).(*ast.UnaryExpr)
	if negated {
		cond = not.X
	}
	id, ok := ast.Unparen(cond).(*ast.Ident)
	info := v.w.s.at.in.info
	return ok && v.ok != nil && info.Uses[id] == v.ok && negated == (op == token.EQL) && v.okIsKept()
}

// okIsKept reports whether the ok variable is never assigned again.
func (v *variable) okIsKept() bool {
	for id, obj := range v.w.s.at.in.info.Uses {
		if obj != v.ok {
			continue
		}
		if unary, ok := v.w.r.outer(id).(*ast.UnaryExpr); v.w.r.isTarget(id) || ok && unary.Op == token.AND {
			return false
		}
	}
	return true
}

// endsInJump reports whether the end of a block never leads on to the code after it.
func endsInJump(b *ast.BlockStmt) bool {
	if len(b.List) == 0 {
		return false
	}
	switch last := b.List[len(b.List)-1].(type) {
	case *ast.ReturnStmt:
		return true
	case *ast.BranchStmt:
		return last.Tok == token.CONTINUE || last.Tok == token.BREAK
	case *ast.ExprStmt:
		call, ok := last.X.(*ast.CallExpr)
		if !ok {
			return false
		}
		id, ok := ast.Unparen(call.Fun).(*ast.Ident)
		return ok && id.Name == "panic"
	}
	return false
}
