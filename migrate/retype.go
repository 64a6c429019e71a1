package migrate

import (
	"go/ast"
	"go/types"
)

// retype changes the declared types of fields, parameters, variables and results that only hold messages and are
// slices of any.
func (r *rewriter) retype(v value, elem types.Type) {
	switch n := r.outer(v.expr).(type) {
	case *ast.KeyValueExpr:
		r.retypeAt(v.in, n.Key, elem)
	case *ast.AssignStmt:
		r.retypeAt(v.in, n.Lhs[0], elem)
	case *ast.ValueSpec:
		r.retypeAt(v.in, n.Names[0], elem)
	case *ast.CallExpr:
		r.retypeArgument(v, n, elem)
	case *ast.ReturnStmt:
		if fn := r.functionOf(n); fn != nil && len(n.Results) == 1 && len(r.same[place{fn.fn.Pos(), callees}]) == 0 {
			r.retypeResult(fn, elem)
		}
	}
}

func (r *rewriter) retypeAt(u *unit, target ast.Expr, elem types.Type) {
	if p, ok := r.placeAt(u, target); ok {
		r.retypePlace(p, elem)
	}
}

// retypeArgument changes the type of the parameter that gets messages.
func (r *rewriter) retypeArgument(v value, call *ast.CallExpr, elem types.Type) {
	fn := callee(v.in, call)
	if fn == nil || r.funcs[fn.Pos()] == nil || fn.Signature().Variadic() || len(r.same[place{fn.Pos(), callees}]) > 0 {
		return
	}
	for i, arg := range call.Args {
		if ast.Unparen(arg) == v.expr && i < fn.Signature().Params().Len() {
			r.retypePlace(placeOf(fn.Signature().Params().At(i)), elem)
		}
	}
}

// retypePlace changes the declared type of a place, and goes on with the places that its value reaches.
func (r *rewriter) retypePlace(p place, elem types.Type) {
	if r.retyped[p.pos] || !r.onlyMessages(p, elem) {
		return
	}
	r.retyped[p.pos] = true
	for _, u := range r.p.units {
		for id, obj := range u.info.Defs {
			if t := r.declaredType(id); id.Pos() == p.pos && obj != nil && t != nil && isAnySlice(obj.Type()) {
				r.retypeExpr(u, t, elem)
			}
		}
	}
	for _, use := range r.uses[p] {
		if !r.isTarget(use.expr) {
			r.retype(use, elem)
		}
	}
}

// declaredType is the type in an identifier's declaration, nil if it is not declared alone or has none.
func (r *rewriter) declaredType(id *ast.Ident) ast.Expr {
	switch n := r.parents[id].(type) {
	case *ast.Field:
		if len(n.Names) == 1 {
			return n.Type
		}
	case *ast.ValueSpec:
		if len(n.Names) == 1 {
			return n.Type
		}
	}
	return nil
}

// retypeResult changes the type of the only result of a function.
func (r *rewriter) retypeResult(fn *function, elem types.Type) {
	p := place{fn.fn.Pos(), 0}
	results := fn.decl.Type.Results
	if r.retyped[p.pos] || results == nil || len(results.List) != 1 || fn.fn.Signature().Results().Len() != 1 ||
		!isAnySlice(fn.fn.Signature().Results().At(0).Type()) || !r.onlyMessages(p, elem) {
		return
	}
	r.retyped[p.pos] = true
	r.retypeExpr(fn.in, results.List[0].Type, elem)
	for _, call := range r.callsOf(fn.fn.Pos()) {
		r.retype(call, elem)
	}
}

func (r *rewriter) retypeExpr(u *unit, t ast.Expr, elem types.Type) {
	if text, ok := r.nameable(u, t, elem); ok {
		r.changes = append(r.changes, &change{at: value{t, u, whole}, fixed: true, edits: []edit{r.p.replace(t, "[]"+text)}})
	}
}

// onlyMessages reports whether only messages of a type reach a place.
func (r *rewriter) onlyMessages(p place, elem types.Type) bool {
	for _, from := range r.into[p] {
		for _, l := range r.origins(from, false) {
			if !l.isNil && !r.givesMessages(l.value, elem) {
				return false
			}
		}
	}
	return true
}

// givesMessages reports whether an expression takes messages of a type out of a session.
func (r *rewriter) givesMessages(v value, elem types.Type) bool {
	for _, s := range r.sites {
		if s.verb == takeFlashesVerb && s.at.expr == v.expr {
			return len(r.of[s]) == 1 && r.of[s][0].typ != nil && types.Identical(r.of[s][0].typ, elem)
		}
	}
	return false
}
