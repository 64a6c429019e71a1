package migrate

import (
	"go/ast"
	"go/token"
	"go/types"
)

// aliases finds the maps that hold a session's values: variables, parameters, fields and results that get such a map,
// or become one. Maps that only look alike, such as a request's context, are not included.
func (f *finder) aliases() {
	f.values = map[place]bool{}
	edges := f.mapEdges()
	work := f.valuesFields()
	for len(work) > 0 {
		p := work[len(work)-1]
		work = work[:len(work)-1]
		if !f.values[p] {
			f.values[p] = true
			work = append(work, edges[p]...)
		}
	}
}

// mapEdges ties places that hold the same map, in both directions.
func (f *finder) mapEdges() map[place][]place {
	edges := map[place][]place{}
	tie := func(a, b place) {
		edges[a], edges[b] = append(edges[a], b), append(edges[b], a)
	}
	for to, from := range f.into {
		for _, v := range from {
			if p, ok := f.mapPlace(v); ok {
				tie(to, p)
			}
		}
	}
	for to, from := range f.same {
		for _, p := range from {
			if to.part != callees {
				tie(to, p)
			}
		}
	}
	return edges
}

// valuesFields lists the fields of the libraries' session types that hold the values.
func (f *finder) valuesFields() []place {
	var list []place
	for _, u := range f.p.units {
		for _, obj := range u.info.Uses {
			if v, ok := obj.(*types.Var); ok && v.IsField() && isValuesField(v) {
				list = append(list, placeOf(v))
			}
		}
	}
	return list
}

func isValuesField(v *types.Var) bool {
	if v.Pkg() == nil || v.Name() != "Values" || !isAnyMap(v.Type()) {
		return false
	}
	l := libraryOf(v.Pkg().Path())
	return l != nil && l.maps["Session.Values"]
}

// isAnyMap reports whether a type is a map from any to any, named or not.
func isAnyMap(t types.Type) bool {
	if t == nil {
		return false
	}
	m, ok := t.Underlying().(*types.Map)
	return ok && types.IsInterface(m.Key()) && types.IsInterface(m.Elem())
}

// mapPlace is the place that a map comes from.
func (f *finder) mapPlace(v value) (place, bool) {
	switch e := ast.Unparen(v.expr).(type) {
	case *ast.CallExpr:
		if v.in.info.Types[ast.Unparen(e.Fun)].IsType() && len(e.Args) == 1 {
			return f.mapPlace(value{e.Args[0], v.in, whole})
		}
		fn := callee(v.in, e)
		if fn == nil || v.part == keysOf || v.part == elementsOf {
			return place{}, false
		}
		n := max(v.part, 0)
		if n >= fn.Signature().Results().Len() || !isAnyMap(fn.Signature().Results().At(n).Type()) {
			return place{}, false
		}
		return place{fn.Pos(), n}, true
	case *ast.TypeAssertExpr:
		return f.mapPlace(value{e.X, v.in, whole})
	case *ast.UnaryExpr:
		if e.Op == token.AND {
			return f.mapPlace(value{e.X, v.in, whole})
		}
	}
	if !isAnyMap(v.in.info.TypeOf(v.expr)) {
		return place{}, false
	}
	return f.placeAt(v.in, v.expr)
}

// isValues reports whether an expression is a map of a session's values.
func (f *finder) isValues(v value) bool {
	if !isAnyMap(v.in.info.TypeOf(v.expr)) {
		return false
	}
	p, ok := f.mapPlace(v)
	return ok && f.values[p]
}

// literalIsValues reports whether a map literal becomes the values of a session.
func (f *finder) literalIsValues(u *unit, lit *ast.CompositeLit) bool {
	for to := range f.values {
		for _, v := range f.into[to] {
			if ast.Unparen(v.expr) == lit || isConversionOf(v, lit) {
				return true
			}
		}
	}
	return false
}

func isConversionOf(v value, lit *ast.CompositeLit) bool {
	call, ok := ast.Unparen(v.expr).(*ast.CallExpr)
	return ok && len(call.Args) == 1 && ast.Unparen(call.Args[0]) == lit && v.in.info.Types[ast.Unparen(call.Fun)].IsType()
}
