package migrate

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

// One call in the source may still make several stores. These functions check whether a process has one at a time. Then
// its sessions are of one kind.

// ofOnePerProgram reports whether no program of the module has two of several values: a process then has at most one
// of them.
func (f *flow) ofOnePerProgram(list []value) bool {
	taken := map[string]bool{}
	for _, v := range list {
		programs := f.programsWith(v.in.path)
		for _, program := range programs {
			if taken[program] {
				return false
			}
			taken[program] = true
		}
		if len(programs) == 0 {
			return false
		}
	}
	return true
}

// programsWith lists the paths of the module's programs that contain a package.
func (f *flow) programsWith(path string) []string {
	var list []string
	for _, u := range f.p.units {
		if u.name == "main" && !u.tests && (u.path == path || slices.Contains(u.listed.Deps, path)) {
			list = append(list, u.path)
		}
	}
	return list
}

// once reports whether a process evaluates an expression once or, if more often, keeps the result in one variable.
func (f *flow) once(v value, seen []*function) bool {
	fn := f.functionAround(v.expr)
	return fn == nil || !f.inLoop(v.expr) && f.calledOnce(fn, seen)
}

func (f *flow) calledOnce(fn *function, seen []*function) bool {
	if slices.Contains(seen, fn) {
		return false
	}
	seen = append(seen, fn)
	calls := f.liveCalls(fn)
	if f.ofOnePerProgram(calls) || f.allExclusive(calls) {
		return !slices.ContainsFunc(calls, func(call value) bool { return !f.once(call, seen) })
	}
	kept := f.variableOf(calls[0])
	for _, call := range calls {
		if kept == nil || f.variableOf(call) != kept || f.loopAround(kept, call.expr) {
			return false
		}
	}
	return isPackageLevel(kept) || f.calledOnce(f.functionAround(calls[0].expr), seen)
}

// allExclusive reports whether each call of the function around several expressions evaluates at most one of them.
func (f *flow) allExclusive(list []value) bool {
	for i, a := range list {
		for _, b := range list[:i] {
			if !f.exclusive(a.expr, b.expr) && !f.exclusive(b.expr, a.expr) {
				return false
			}
		}
	}
	return true
}

// variableOf is the variable that a whole value is assigned to, nil if there is none.
func (f *flow) variableOf(v value) *types.Var {
	var to ast.Expr
	switch n := f.outer(v.expr).(type) {
	case *ast.AssignStmt:
		to = n.Lhs[indexOf(n.Rhs, v.expr)]
	case *ast.ValueSpec:
		to = n.Names[indexOf(n.Values, v.expr)]
	}
	id, ok := to.(*ast.Ident)
	if !ok {
		return nil
	}
	obj, _ := v.in.info.ObjectOf(id).(*types.Var)
	return obj
}

func isPackageLevel(v *types.Var) bool { return v.Pkg() != nil && v.Parent() == v.Pkg().Scope() }

// loopAround reports whether a loop around a node makes a new variable in each iteration.
func (f *flow) loopAround(v *types.Var, n ast.Node) bool {
	for ; n != nil; n = f.parents[n] {
		switch n.(type) {
		case *ast.ForStmt, *ast.RangeStmt:
			if n.Pos() <= v.Pos() && v.Pos() < n.End() {
				return true
			}
		}
	}
	return false
}

// object is the expression that makes the object of a value, if the program has one such expression and a process one
// such object at a time.
func (f *flow) object(v value) ast.Expr {
	var made ast.Expr
	for _, l := range f.origins(v, false) {
		switch {
		case l.isNil || !f.live(l.value):
		case made != nil || !makes(l.value) || !f.once(l.value, nil):
			return nil
		default:
			made = l.expr
		}
	}
	return made
}

// makes reports whether an expression makes an object: a literal, a call of new, or a variable that begins as zero.
func makes(v value) bool {
	switch e := ast.Unparen(v.expr).(type) {
	case *ast.CompositeLit, *ast.Ident:
		return true
	case *ast.CallExpr:
		id, ok := ast.Unparen(e.Fun).(*ast.Ident)
		return ok && v.in.info.Uses[id] == types.Universe.Lookup("new")
	}
	return false
}

// byOneObject reports whether a call is in a method of an object that exists once at a time, and takes nothing that
// the method's callers decide.
func (f *flow) byOneObject(at value, fn *function) bool {
	call, ok := at.expr.(*ast.CallExpr)
	if !ok || fn.decl.Recv == nil || len(fn.decl.Recv.List[0].Names) == 0 {
		return false
	}
	for _, arg := range call.Args {
		if f.needsCaller(arg, fn, map[token.Pos]bool{}) {
			return false
		}
	}
	return f.object(value{fn.decl.Recv.List[0].Names[0], fn.in, whole}) != nil
}

// needsCaller reports whether an expression depends on a parameter of the function around it.
func (f *flow) needsCaller(e ast.Node, fn *function, seen map[token.Pos]bool) bool {
	found := false
	ast.Inspect(e, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		if !ok || found {
			return !found
		}
		obj, ok := fn.in.info.ObjectOf(id).(*types.Var)
		if !ok || obj.IsField() || seen[obj.Pos()] {
			return true
		}
		seen[obj.Pos()] = true
		p := placeOf(obj)
		if of, ok := f.params[p]; ok && of.fn == fn.fn.Pos() {
			found = true
		}
		if within(obj, fn.decl.Body) {
			for _, from := range f.into[p] {
				found = found || f.needsCaller(from.expr, fn, seen)
			}
		}
		return !found
	})
	return found
}

// inOneField reports whether the results of several calls are kept in one field of one object, where each replaces the
// one before.
func (f *flow) inOneField(calls []value) bool {
	var field place
	var of ast.Expr
	for i, call := range calls {
		assign, ok := f.outer(call.expr).(*ast.AssignStmt)
		if !ok {
			return false
		}
		sel, ok := assign.Lhs[indexOf(assign.Rhs, call.expr)].(*ast.SelectorExpr)
		if !ok {
			return false
		}
		p, _ := f.placeAt(call.in, sel)
		obj := f.object(value{sel.X, call.in, whole})
		if obj == nil || i > 0 && (p != field || obj != of) {
			return false
		}
		field, of = p, obj
	}
	return len(calls) > 0
}

// sameAgain reports whether two calls have the same text, and all of their names mean the same in both places.
func (f *flow) sameAgain(a, b value) bool {
	if f.p.text(a.expr) != f.p.text(b.expr) {
		return false
	}
	named := func(v value) []types.Object {
		var list []types.Object
		ast.Inspect(v.expr, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				list = append(list, v.in.info.ObjectOf(id))
			}
			return true
		})
		return list
	}
	return slices.EqualFunc(named(a), named(b), func(x, y types.Object) bool {
		if x, ok := x.(*types.PkgName); ok {
			y, ok := y.(*types.PkgName)
			return ok && x.Imported() == y.Imported()
		}
		return x == y
	})
}
