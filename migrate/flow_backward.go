package migrate

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
)

// A leaf is where a value begins, as far as the program shows.
type leaf struct {
	value
	constant constant.Value // of a constant
	isNil    bool
	param    *param // set for a parameter that is not followed to its calls
}

// A tracer follows values back to where they begin.
type tracer struct {
	f       *flow
	within  token.Pos             // stop at the parameters of this function, if any
	config  bool                  // variables that the configuration may fill are beginnings, too
	stop    func(types.Type) bool // values of these types are beginnings, and what is put into maps, channels and slices is followed; or nil
	seen    map[place]bool
	visited map[value]bool
	leaves  []leaf
}

// origins lists where a value begins. With params, the parameters of its own function count as beginnings. Those of
// other functions do not: a value that another function kept in a field is no argument of the calls here.
func (f *flow) origins(v value, params bool) []leaf {
	t := &tracer{f: f, seen: map[place]bool{}, visited: map[value]bool{}}
	if fn := f.functionAround(v.expr); params && fn != nil {
		t.within = fn.fn.Pos()
	}
	t.value(v)
	return t.leaves
}

// originsConfigured lists where a value begins, and the variables on the way that the configuration may fill: a flag, or
// a field that a decoder knows by its tag.
func (f *flow) originsConfigured(v value) []leaf {
	t := &tracer{f: f, config: true, seen: map[place]bool{}, visited: map[value]bool{}}
	t.value(v)
	return t.leaves
}

func (t *tracer) value(v value) {
	if t.visited[v] {
		return
	}
	t.visited[v] = true
	if v.part == keysOf || v.part == elementsOf {
		t.parts(v)
		return
	}
	e := ast.Unparen(v.expr)
	tv := v.in.info.Types[e]
	switch {
	case tv.Value != nil:
		t.leaf(leaf{value: v, constant: tv.Value})
		return
	case tv.IsNil():
		t.leaf(leaf{value: v, isNil: true})
		return
	case t.stop != nil && t.stop(valueType(v)):
		t.leaf(leaf{value: v})
		return
	}
	switch e := e.(type) {
	case *ast.Ident, *ast.SelectorExpr:
		if p, ok := t.f.placeAt(v.in, e); ok {
			if t.config && t.f.filled(value{e, v.in, whole}, p) {
				t.leaf(leaf{value: v})
			}
			t.place(p, v)
			return
		}
	case *ast.TypeAssertExpr:
		t.value(value{e.X, v.in, whole})
		return
	case *ast.StarExpr:
		t.value(value{e.X, v.in, whole})
		return
	case *ast.UnaryExpr:
		if t.stop != nil && e.Op == token.ARROW {
			t.parts(value{e.X, v.in, elementsOf})
			return
		}
		t.value(value{e.X, v.in, whole})
		return
	case *ast.IndexExpr:
		if isElement(v.in, e.X) {
			t.parts(value{e.X, v.in, elementsOf})
			return
		}
	case *ast.CallExpr:
		if t.call(v, e) {
			return
		}
	}
	t.leaf(leaf{value: v})
}

// isElement reports whether indexing an expression gives an element that a composite literal may list.
func isElement(u *unit, e ast.Expr) bool {
	typ := u.info.TypeOf(e)
	if typ == nil {
		return false
	}
	switch under := typ.Underlying().(type) {
	case *types.Slice, *types.Array:
		return true
	case *types.Map:
		return !types.IsInterface(under.Key())
	}
	return false
}

// call follows conversions and calls of the program's functions.
func (t *tracer) call(v value, call *ast.CallExpr) bool {
	if v.in.info.Types[ast.Unparen(call.Fun)].IsType() && len(call.Args) == 1 {
		t.value(value{call.Args[0], v.in, whole})
		return true
	}
	fn := callee(v.in, call)
	if fn == nil {
		return false
	}
	if _, ok := t.f.getters[fn.Pos()]; ok || getsFromStore(fn) {
		return false
	}
	p := place{fn.Pos(), max(v.part, 0)}
	if len(t.f.into[p])+len(t.f.same[p]) == 0 {
		return false
	}
	t.place(p, v)
	return true
}

// place follows a place to everything that reaches it.
func (t *tracer) place(p place, v value) {
	if t.seen[p] {
		return
	}
	t.seen[p] = true
	if of, ok := t.f.params[p]; ok && of.fn == t.within {
		t.leaf(leaf{value: v, param: &of})
		return
	}
	if len(t.f.into[p])+len(t.f.same[p]) == 0 {
		t.leaf(leaf{value: v})
		return
	}
	for _, from := range t.f.into[p] {
		t.value(from)
	}
	for _, from := range t.f.same[p] {
		t.place(from, v)
	}
}

// parts follows the keys or elements of a value to the literals that list them.
func (t *tracer) parts(v value) {
	inner := &tracer{f: t.f, within: t.within, config: t.config, seen: map[place]bool{}, visited: t.visited}
	inner.value(value{v.expr, v.in, whole})
	if t.stop != nil && v.part == elementsOf {
		for p := range inner.seen {
			for _, put := range t.f.put[p] {
				t.value(put)
			}
		}
	}
	for _, l := range inner.leaves {
		lit, ok := ast.Unparen(l.expr).(*ast.CompositeLit)
		if !ok {
			if call := appending(l.value); call != nil && t.stop != nil {
				t.appended(l.in, call)
				continue
			}
			l.part = v.part // something unknown, or a parameter
			t.leaf(l)
			continue
		}
		for _, elt := range lit.Elts {
			kv, keyed := elt.(*ast.KeyValueExpr)
			switch {
			case keyed && v.part == keysOf:
				t.value(value{kv.Key, l.in, whole})
			case keyed:
				t.value(value{kv.Value, l.in, whole})
			case v.part == elementsOf:
				t.value(value{elt, l.in, whole})
			}
		}
	}
}

// appending returns the call of append that a value is, or nil.
func appending(v value) *ast.CallExpr {
	call, ok := ast.Unparen(v.expr).(*ast.CallExpr)
	if !ok {
		return nil
	}
	id, ok := ast.Unparen(call.Fun).(*ast.Ident)
	if !ok || v.in.info.Uses[id] != types.Universe.Lookup("append") {
		return nil
	}
	return call
}

// appended follows the elements of what append returns.
func (t *tracer) appended(u *unit, call *ast.CallExpr) {
	for i, arg := range call.Args {
		if i == 0 || call.Ellipsis.IsValid() {
			t.parts(value{arg, u, elementsOf})
		} else {
			t.value(value{arg, u, whole})
		}
	}
}

func (t *tracer) leaf(l leaf) { t.leaves = append(t.leaves, l) }
