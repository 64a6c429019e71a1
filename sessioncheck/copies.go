package sessioncheck

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"

	"github.com/sessiongen/sessiongen/internal/code"
)

// copies reports changes of values from a session that are not set again: Get and Lookup return copies.
func (c *checker) copies() {
	for cur := range c.root.Preorder((*ast.CallExpr)(nil)) {
		call := cur.Node().(*ast.CallExpr)
		field, ok := c.got(call)
		if !ok {
			continue
		}
		if at, changed := c.changed(cur); changed {
			c.report(code.LostChange, at.Node(), fmt.Sprintf("%s returns a copy, and this change of it is lost", method(call)), "change "+field+" by Update"+field)
			continue
		}
		if v, at := c.declared(cur); v != nil && c.isLost(v, at) {
			last := c.changesOf(v)[0]
			c.report(code.LostChange, last.Node(), fmt.Sprintf("%s is a copy of %s, and this change of it is lost", v.Name(), field), fmt.Sprintf("call Set%s(%s) afterwards, or Update%s instead", field, v.Name(), field))
		}
	}
}

func method(call *ast.CallExpr) string {
	return ast.Unparen(call.Fun).(*ast.SelectorExpr).Sel.Name
}

// got is the field that a call returns a copy of, if the copy can be changed at all.
func (c *checker) got(call *ast.CallExpr) (field string, ok bool) {
	fn := c.callee(call)
	if fn == nil || fn.Signature().Recv() == nil || fn.Signature().Results().Len() == 0 || c.isMethodValue(call) {
		return "", false
	}
	recv := fn.Signature().Recv().Type()
	t := sessionOf(recv)
	if t == nil {
		t = embedding(recv, "Entry")
	}
	if field, ok = accessorOf(t, fn.Name(), "Get", "Lookup"); !ok {
		return "", false
	}
	switch fn.Signature().Results().At(0).Type().Underlying().(type) {
	case *types.Slice, *types.Map, *types.Pointer, *types.Struct, *types.Array:
		return field, true
	}
	return "", false
}

func (c *checker) isMethodValue(call *ast.CallExpr) bool {
	_, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	return !ok
}

// declared is the local variable that holds a value, and the statement that declares it.
func (c *checker) declared(value inspector.Cursor) (*types.Var, inspector.Cursor) {
	stmt := value.Parent()
	var first *ast.Ident
	switch n := stmt.Node().(type) {
	case *ast.AssignStmt:
		if n.Tok == token.DEFINE && len(n.Rhs) == 1 {
			first, _ = n.Lhs[0].(*ast.Ident)
		}
	case *ast.ValueSpec:
		if len(n.Values) == 1 && function(stmt) != nil {
			first = n.Names[0]
		}
	}
	if first == nil {
		return nil, stmt
	}
	v, _ := c.TypesInfo.Defs[first].(*types.Var) // nil if it was declared before
	return v, stmt
}

// isLost reports whether a variable's value is changed and not used afterwards.
func (c *checker) isLost(v *types.Var, declared inspector.Cursor) bool {
	changes := c.changesOf(v)
	if len(changes) == 0 || !c.assignedAfresh(v, declared) {
		return false
	}
	for _, ch := range changes {
		if function(ch) != function(declared) || len(changes) > 1 && c.assignsReference(ch) {
			return false
		}
	}
	return !slices.ContainsFunc(c.uses[v], func(use inspector.Cursor) bool {
		_, isChange := c.changed(use)
		return !isChange && !c.isOwnAppend(use) && !c.isEarlier(use, changes, declared)
	})
}

// assignsReference reports whether a change makes a part refer to something that others may share: a further change
// may then be to that.
func (c *checker) assignsReference(change inspector.Cursor) bool {
	if change.ParentEdgeKind() != edge.AssignStmt_Lhs {
		return false
	}
	_, basic := c.TypesInfo.TypeOf(change.Node().(ast.Expr)).Underlying().(*types.Basic)
	return !basic
}

// changesOf lists the expressions that change a variable's value.
func (c *checker) changesOf(v *types.Var) (changes []inspector.Cursor) {
	for _, use := range c.uses[v] {
		if at, ok := c.changed(use); ok {
			changes = append(changes, at)
		}
	}
	for _, stmt := range c.assigned[v] {
		if assign, ok := stmt.Node().(*ast.AssignStmt); ok && assign.Tok == token.ASSIGN && c.isAppendTo(assign.Rhs[0], v) {
			changes = append(changes, stmt)
		}
	}
	slices.SortFunc(changes, func(a, b inspector.Cursor) int { return int(a.Node().Pos() - b.Node().Pos()) })
	return changes
}

// changed is the expression that changes a part of a value: an assignment to it, or a call such as delete.
func (c *checker) changed(value inspector.Cursor) (at inspector.Cursor, ok bool) {
	at = value
	for part := false; ; part = true {
		kind, _ := at.ParentEdge()
		parent := at.Parent()
		switch kind {
		case edge.IndexExpr_X, edge.StarExpr_X, edge.ParenExpr_X:
		case edge.SelectorExpr_X:
			if s := c.TypesInfo.Selections[parent.Node().(*ast.SelectorExpr)]; s == nil || s.Kind() != types.FieldVal {
				return at, false
			}
		case edge.AssignStmt_Lhs, edge.IncDecStmt_X:
			return at, part
		case edge.CallExpr_Args:
			return parent, c.changesArgument(parent.Node().(*ast.CallExpr)) && parent.ParentEdgeKind() == edge.ExprStmt_X
		default:
			return at, false
		}
		at = parent
	}
}

// changesArgument reports whether a call only changes its first argument.
func (c *checker) changesArgument(call *ast.CallExpr) bool {
	if id, ok := ast.Unparen(call.Fun).(*ast.Ident); ok {
		b, ok := c.TypesInfo.Uses[id].(*types.Builtin)
		return ok && (b.Name() == "delete" || b.Name() == "clear")
	}
	fn := c.callee(call)
	if fn == nil || fn.Pkg() == nil {
		return false
	}
	switch fn.Pkg().Path() + "." + fn.Name() {
	case "sort.Strings", "sort.Ints", "sort.Float64s", "sort.Slice", "sort.SliceStable",
		"slices.Sort", "slices.SortFunc", "slices.SortStableFunc", "slices.Reverse":
		return true
	}
	return false
}

// isOwnAppend reports whether a use of a variable is the one in v = append(v, ...).
func (c *checker) isOwnAppend(use inspector.Cursor) bool {
	call, ok := use.Parent().Node().(*ast.CallExpr)
	if !ok {
		return false
	}
	assign, ok := use.Parent().Parent().Node().(*ast.AssignStmt)
	v := c.variable(use.Node().(ast.Expr))
	return ok && assign.Tok == token.ASSIGN && len(assign.Lhs) == 1 && c.variable(assign.Lhs[0]) == v && c.isAppendTo(call, v)
}

// isAppendTo reports whether an expression appends to a variable's value.
func (c *checker) isAppendTo(e ast.Expr, v *types.Var) bool {
	call, ok := ast.Unparen(e).(*ast.CallExpr)
	return ok && c.isBuiltin(call, "append") && c.variable(call.Args[0]) == v
}

func (c *checker) isBuiltin(call *ast.CallExpr, names ...string) bool {
	id, ok := ast.Unparen(call.Fun).(*ast.Ident)
	if !ok {
		return false
	}
	b, ok := c.TypesInfo.Uses[id].(*types.Builtin)
	return ok && slices.Contains(names, b.Name())
}

// assignedAfresh reports whether a variable only gets new values after its declaration: nothing else shares what is
// changed in place.
func (c *checker) assignedAfresh(v *types.Var, declared inspector.Cursor) bool {
	for _, stmt := range c.assigned[v] {
		if stmt == declared {
			continue
		}
		assign, ok := stmt.Node().(*ast.AssignStmt)
		if !ok || len(assign.Lhs) != 1 || !c.isNew(assign.Rhs[0]) && !c.isAppendTo(assign.Rhs[0], v) {
			return false
		}
	}
	return true
}

// isNew reports whether an expression makes the value that it refers to.
func (c *checker) isNew(e ast.Expr) bool {
	switch e := ast.Unparen(e).(type) {
	case *ast.CompositeLit:
		return true
	case *ast.UnaryExpr:
		_, isLit := ast.Unparen(e.X).(*ast.CompositeLit)
		return e.Op == token.AND && isLit
	case *ast.CallExpr:
		return c.isBuiltin(e, "make", "new")
	}
	return false
}

// isEarlier reports whether a use of a variable only reads its value from before the changes.
func (c *checker) isEarlier(use inspector.Cursor, changes []inspector.Cursor, declared inspector.Cursor) bool {
	if function(use) != function(declared) || !c.looks(use) {
		return false
	}
	for _, ch := range changes {
		if ch.Node().Pos() < use.Node().Pos() || inOneLoop(use, ch, declared) {
			return false
		}
	}
	return true
}

// looks reports whether a use of a value keeps no reference to it.
func (c *checker) looks(use inspector.Cursor) bool {
	for at := use; ; at = at.Parent() {
		parent := at.Parent()
		switch kind, _ := at.ParentEdge(); kind {
		case edge.CallExpr_Args:
			call := parent.Node().(*ast.CallExpr)
			return c.isBuiltin(call, "len", "cap") || c.changes(call) // the session copies what is set
		case edge.BinaryExpr_X, edge.BinaryExpr_Y:
			return true
		case edge.RangeStmt_X:
			return parent.Node().(*ast.RangeStmt).Value == nil
		case edge.IndexExpr_X, edge.SelectorExpr_X, edge.ParenExpr_X:
			if _, basic := c.TypesInfo.TypeOf(parent.Node().(ast.Expr)).Underlying().(*types.Basic); basic {
				return true
			}
		default:
			return false
		}
	}
}

// inOneLoop reports whether two places may run alternately: a loop that begins after the declaration contains both.
func inOneLoop(a, b, declared inspector.Cursor) bool {
	for loop := range a.Enclosing((*ast.ForStmt)(nil), (*ast.RangeStmt)(nil)) {
		if loop.Contains(declared) {
			return false
		}
		if r, ok := loop.Node().(*ast.RangeStmt); ok && r.X.Pos() <= a.Node().Pos() && a.Node().End() <= r.X.End() {
			continue // it is evaluated once
		}
		if loop.Contains(b) {
			return true
		}
	}
	return false
}
