package migrate

import (
	"go/ast"
	"go/types"
	"slices"
)

// oneKind reports whether two sources certainly stand for the same sessions: wherever both may arrive, they are
// alternatives, as when the configuration chooses a store.
func (f *finder) oneKind(a, b *source) bool {
	if a.call == b.call {
		return false
	}
	if f.neverBoth(a.call, b.call) {
		return true
	}
	met := false
	for p := range a.held {
		if !b.held[p] {
			continue
		}
		for _, v := range f.into[p] {
			for _, w := range f.into[p] {
				if !f.onlyFrom(v, a, b) || !f.onlyFrom(w, b, a) {
					continue
				}
				if !f.alternatives(p, v, w) {
					return false
				}
				met = true
			}
		}
	}
	return met
}

// neverBoth reports whether a process evaluates at most one of two expressions: they are in different branches, in
// functions that are called once each.
func (f *finder) neverBoth(a, b value) bool {
	for _, x := range f.onlyCalls(a) {
		for _, y := range f.onlyCalls(b) {
			if f.functionAround(x.expr) != f.functionAround(y.expr) || !f.exclusive(x.expr, y.expr) && !f.exclusive(y.expr, x.expr) {
				continue
			}
			return f.once(x, nil) && f.once(y, nil)
		}
	}
	return false
}

// onlyCalls lists an expression, the only call of the function around it, the only call of the function around that,
// and so on.
func (f *finder) onlyCalls(v value) []value {
	list := []value{v}
	for range 5 {
		fn := f.functionAround(v.expr)
		if fn == nil {
			break
		}
		calls := f.liveCalls(fn)
		if len(calls) != 1 {
			break
		}
		v = calls[0]
		list = append(list, v)
	}
	return list
}

// onlyFrom reports whether a value may come from one source and cannot come from another.
func (f *finder) onlyFrom(v value, s, other *source) bool {
	return f.comes(v, s.call, s.held) && !f.comes(v, other.call, other.held)
}

// alternatives reports whether only one of two values that arrive at a place is ever used. A parameter gets both, each
// in its own call. A result is the one of its call.
func (f *finder) alternatives(p place, v, w value) bool {
	if _, isParam := f.params[p]; isParam {
		return false
	}
	if p.part >= 0 {
		return true
	}
	if fn := f.functionAround(v.expr); fn == nil || fn != f.functionAround(w.expr) {
		return false
	}
	return f.exclusive(v.expr, w.expr) || f.exclusive(w.expr, v.expr) || f.replaced(p, v, w)
}

// exclusive reports whether at most one of two expressions is evaluated: they are in different branches, or the branch
// with the first one returns.
func (f *flow) exclusive(x, y ast.Node) bool {
	below := map[ast.Node]ast.Node{} // the child on the way to x
	for n := x; f.parents[n] != nil; n = f.parents[n] {
		below[f.parents[n]] = n
	}
	for n := y; f.parents[n] != nil; n = f.parents[n] {
		up := f.parents[n]
		from := below[up]
		if from == nil {
			continue
		}
		switch s := up.(type) {
		case *ast.IfStmt:
			return from != n && (from == s.Body || n == s.Body) && (from == s.Else || n == s.Else)
		case *ast.BlockStmt:
			if isClause(from) && isClause(n) {
				return from != n
			}
		}
		branch, ok := from.(*ast.IfStmt)
		return ok && from.Pos() < n.Pos() && below[branch] == branch.Body && returns(branch.Body)
	}
	return false
}

func isClause(n ast.Node) bool {
	switch n.(type) {
	case *ast.CaseClause, *ast.CommClause:
		return true
	}
	return false
}

func returns(b *ast.BlockStmt) bool {
	if len(b.List) == 0 {
		return false
	}
	_, ok := b.List[len(b.List)-1].(*ast.ReturnStmt)
	return ok
}

// replaced reports whether two assignments are to the same variable and nobody reads it between them. Setting its
// options is not reading it.
func (f *finder) replaced(p place, v, w value) bool {
	if v.expr.Pos() > w.expr.Pos() {
		v, w = w, v
	}
	base := f.baseOf(v)
	if base == nil || base != f.baseOf(w) {
		return false
	}
	between := func(use value) bool { return v.expr.End() <= use.expr.Pos() && use.expr.End() <= w.expr.Pos() }
	read := func(use value) bool { return between(use) && !f.isAssigned(use.expr) }
	if slices.ContainsFunc(f.uses[p], read) {
		return false
	}
	return p == placeOf(base) || !slices.ContainsFunc(f.uses[placeOf(base)], func(use value) bool {
		_, selects := f.outer(use.expr).(*ast.SelectorExpr)
		return between(use) && !selects
	})
}

// isAssigned reports whether an expression is the left side of an assignment, or a part of it.
func (f *flow) isAssigned(e ast.Expr) bool {
	for {
		switch n := f.outer(e).(type) {
		case *ast.SelectorExpr:
			e = n
		case *ast.AssignStmt:
			return slices.ContainsFunc(n.Lhs, func(l ast.Expr) bool { return ast.Unparen(l) == e })
		default:
			return false
		}
	}
}

// baseOf is the variable that a value is assigned to, directly, to its field, or as part of a literal.
func (f *flow) baseOf(v value) types.Object {
	n := f.outer(v.expr)
	var e ast.Node = v.expr
	for {
		switch n.(type) {
		case *ast.KeyValueExpr, *ast.CompositeLit, *ast.UnaryExpr:
			e, n = n, f.outer(n)
			continue
		}
		break
	}
	var id *ast.Ident
	switch n := n.(type) {
	case *ast.AssignStmt:
		if i := slices.IndexFunc(n.Rhs, func(r ast.Expr) bool { return ast.Unparen(r) == e }); i >= 0 {
			id = firstIdent(n.Lhs[i])
		}
	case *ast.ValueSpec:
		if i := slices.IndexFunc(n.Values, func(r ast.Expr) bool { return ast.Unparen(r) == e }); i >= 0 {
			id = n.Names[min(i, len(n.Names)-1)]
		}
	}
	if id == nil {
		return nil
	}
	return v.in.info.ObjectOf(id)
}

// firstIdent is the variable that a selector begins with.
func firstIdent(e ast.Expr) *ast.Ident {
	for {
		switch x := ast.Unparen(e).(type) {
		case *ast.Ident:
			return x
		case *ast.SelectorExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		default:
			return nil
		}
	}
}
