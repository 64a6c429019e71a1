package migrate

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// findGetters finds the functions of the program that return a session by its name and are called with several names.
// If a function does no more than that, each call becomes a session of its own schema, and the function is removed.
func (f *flow) findGetters() {
	f.getters = map[token.Pos]acquisition{}
	for grown := true; grown; { // one may call another
		grown = false
		f.eachCall(func(u *unit, call *ast.CallExpr) {
			fn := f.functionOf(call)
			if fn == nil || u.tests {
				return
			}
			if _, known := f.getters[fn.fn.Pos()]; known {
				return
			}
			if a, ok := f.getter(fn, u, call); ok {
				f.getters[fn.fn.Pos()], grown = a, true
			}
		})
	}
}

// getter describes how a function returns the session that a call in it gets.
func (f *flow) getter(fn *function, u *unit, call *ast.CallExpr) (a acquisition, ok bool) {
	inner, ok := f.acquisitionOf(u, call)
	if !ok || inner.name < 0 || inner.name >= len(call.Args) {
		return a, false
	}
	sig := fn.fn.Signature()
	p, ok := f.placeAt(u, call.Args[inner.name])
	name, isParam := f.params[p]
	if !ok || !isParam || name.fn != fn.fn.Pos() || !returnsSession(fn) || getsFromStore(fn.fn) || len(f.same[place{fn.fn.Pos(), callees}]) > 0 {
		return a, false
	}
	a = acquisition{name: name.index, request: -1, err: sig.Results().Len() == 2}
	for i := range sig.Params().Len() {
		if isRequest(sig.Params().At(i).Type()) || isContext(sig.Params().At(i).Type()) {
			a.request = i
		}
	}
	if a.request < 0 || !handsOutOnly(fn) {
		a.within = value{call, u, whole}
	}
	return a, f.getsSeveral(p) && (a.within.expr == nil || f.returnsOnly(fn, p))
}

// returnsOnly reports whether each session that a function returns has the name in one of its parameters.
func (f *flow) returnsOnly(fn *function, name place) bool {
	t := &tracer{f: f, seen: map[place]bool{}, visited: map[value]bool{}}
	t.place(place{fn.fn.Pos(), 0}, value{fn.decl.Name, fn.in, whole})
	return !slices.ContainsFunc(t.leaves, func(l leaf) bool {
		call, ok := ast.Unparen(l.expr).(*ast.CallExpr)
		if !ok {
			return !l.isNil
		}
		a, ok := f.acquisitionOf(l.in, call)
		if !ok || a.name < 0 || a.name >= len(call.Args) {
			return true
		}
		p, ok := f.placeAt(l.in, call.Args[a.name])
		return !ok || p != name
	})
}

// getsSeveral reports whether a function is called with several names of sessions, or with those of its callers' callers.
func (f *flow) getsSeveral(name place) bool {
	names := map[string]bool{}
	for _, from := range f.into[name] {
		n, known := f.named(from, nil)
		if !known && len(n.asked) > 0 {
			return true
		}
		if known {
			names[n.text] = true
		}
	}
	return len(names) > 1
}

// returnsSession reports whether a function returns a session, perhaps with an error.
func returnsSession(fn *function) bool {
	results := fn.fn.Signature().Results()
	return (results.Len() == 1 || results.Len() == 2 && isErrorType(results.At(1).Type())) && sessionType(namedType(results.At(0).Type())) != nil
}

// handsOutOnly reports whether a function that returns a session does nothing else to it.
func handsOutOnly(fn *function) bool {
	only := true
	ast.Inspect(fn.decl.Body, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if t := fn.in.info.TypeOf(sel.X); t != nil && sessionType(namedType(t)) != nil {
				only = false
			}
		}
		return only
	})
	return only
}

// isContext reports whether a type is the one that gin or echo pass to handlers.
func isContext(t types.Type) bool {
	named := namedOf(t)
	if named == nil || named.Obj().Name() != "Context" || named.Obj().Pkg() == nil {
		return false
	}
	p := named.Obj().Pkg().Path()
	return strings.Contains(p, "gin-gonic/gin") || strings.Contains(p, "labstack/echo")
}

// inGetter reports whether an expression is in a function that is removed.
func (r *rewriter) inGetter(e ast.Expr) bool {
	fn := r.functionOf(e)
	if fn == nil {
		return false
	}
	a, ok := r.getters[fn.fn.Pos()]
	return ok && !a.stays()
}

// dropGetters removes the functions that return sessions by name, once they are no longer called.
func (r *rewriter) dropGetters() {
	for pos, a := range r.getters {
		fn := r.funcs[pos]
		if a.stays() || r.kept[pos] || r.isHandedOn(fn.fn) {
			continue
		}
		from := fn.decl.Pos()
		if fn.decl.Doc != nil {
			from = fn.decl.Doc.Pos()
		}
		r.changes = append(r.changes, &change{at: value{fn.decl.Name, fn.in, whole}, fixed: true, edits: []edit{r.p.removeRange(from, fn.decl.End())}})
	}
}

// isHandedOn reports whether a function is used other than by calling it.
func (r *rewriter) isHandedOn(fn *types.Func) bool {
	n := 0
	for _, u := range r.p.units {
		for id, obj := range u.info.Uses {
			if other, ok := obj.(*types.Func); ok && other.Origin().Pos() == fn.Pos() && id.Pos().IsValid() {
				n++
			}
		}
	}
	return n > len(r.calls[fn.Pos()])
}
