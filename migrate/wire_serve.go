package migrate

import (
	"go/ast"
	"go/format"
	"go/types"
	"slices"
	"strings"
)

func formatted(src string) []byte {
	out, err := format.Source([]byte(src))
	if err != nil {
		return []byte(src)
	}
	return out
}

// handedOn finds the middlewares that are passed on without a call.
func (w *wiring) handedOn() []handedOn {
	var list []handedOn
	for _, u := range w.r.p.units {
		for _, file := range u.files {
			ast.Inspect(file, func(n ast.Node) bool {
				sel, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				if call, ok := w.r.outer(sel).(*ast.CallExpr); ok && ast.Unparen(call.Fun) == sel {
					return true
				}
				fn, _ := u.info.Uses[sel.Sel].(*types.Func)
				if lib, name := operation(fn); lib != nil && lib.methods[name].verb == middlewareVerb {
					list = append(list, handedOn{value{sel, u, whole}, lib})
				}
				return true
			})
		}
	}
	return list
}

// adapter is the package with the middleware for a library's framework, "" for net/http.
func (w *wiring) adapter(l *library) string {
	switch l {
	case gin:
		return ginAdapter
	case echoSession:
		if w.r.p.listed["github.com/labstack/echo/v5"] != nil {
			return echo5Adapter
		}
		return echoAdapter
	}
	return ""
}

// middlewares puts the new middlewares in place of the libraries'.
func (w *wiring) middlewares() *refusal {
	for _, v := range w.handed {
		sel := v.expr.(*ast.SelectorExpr)
		if !v.lib.managed {
			return &refusal{"its middleware is handed on", ""}
		}
		w.change(v.value, w.r.p.replace(sel.Sel, "Handler"))
	}
	for _, s := range w.r.sites {
		if s.verb != middlewareVerb {
			continue
		}
		if why := w.middleware(s); why != nil {
			return why
		}
	}
	return nil
}

func (w *wiring) middleware(s *site) *refusal {
	call := s.at.expr.(*ast.CallExpr)
	if s.lib.managed {
		sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
		if !ok {
			return &refusal{"there is no rule for the way its middleware is called", ""}
		}
		w.change(s.at, w.r.p.replace(sel.Sel, "Handler"))
		return nil
	}
	path := w.adapter(s.lib)
	last := len(call.Args) - 1
	fn := callee(s.at.in, call)
	if last < 0 || !slices.Contains([]string{"Sessions", "SessionsMany", "Middleware"}, fn.Name()) {
		return &refusal{"there is no rule for " + fn.Name(), ""}
	}
	w.need(s.at.in, call, path)
	w.change(s.at, w.r.p.replaceRange(call.Pos(), call.Args[last].Pos(), path[strings.LastIndex(path, "/")+1:]+".Middleware("))
	return nil
}

// serve puts managers around the handlers that the program serves.
func (w *wiring) serve(made []*maker) *refusal {
	if len(made) == 0 {
		return nil
	}
	served := w.r.servedHandlers()
	if len(served) == 0 {
		return &refusal{"it is not known where the site is served", "put its Handler around the site's handlers"}
	}
	for _, m := range made {
		for _, h := range served {
			if !w.around(m, h, 0) {
				return &refusal{"the new manager is not in scope where the site is served", "put its Handler around the site's handler there"}
			}
		}
	}
	return nil
}

// around puts a manager around a handler, preferably where the handler is made, since tests take it from there.
func (w *wiring) around(m *maker, v value, depth int) bool {
	if depth > 10 {
		return false
	}
	planned, imports := len(w.changes), len(w.imports)
	for _, from := range w.cameFrom(v) {
		if !w.inside(m, from, depth) {
			w.changes, w.imports = w.changes[:planned], w.imports[:imports]
			break
		}
	}
	return len(w.changes) > planned || w.wrap(m, v) || w.use(m, v)
}

// cameFrom is the call of a program's function that made a handler, if there is one.
func (w *wiring) cameFrom(v value) []value {
	switch e := ast.Unparen(v.expr).(type) {
	case *ast.CallExpr:
		fn := callee(v.in, e)
		if fn != nil && w.r.funcs[fn.Pos()] != nil {
			return []value{v}
		}
	case *ast.Ident, *ast.SelectorExpr:
		p, ok := w.r.placeAt(v.in, e)
		if ok && len(w.r.into[p]) == 1 && len(w.r.same[p]) == 0 && w.r.into[p][0].expr != nil {
			return w.cameFrom(w.r.into[p][0])
		}
	}
	return nil
}

// inside puts a manager around everything that a function returns.
func (w *wiring) inside(m *maker, call value, depth int) bool {
	fn := callee(call.in, call.expr.(*ast.CallExpr))
	n := max(call.part, 0)
	returned := w.r.into[place{fn.Pos(), n}]
	if n >= fn.Signature().Results().Len() || len(returned) == 0 {
		return false
	}
	for _, v := range returned {
		if isNil(v) {
			continue
		}
		if v.part >= 0 || w.done(v) {
			return w.done(v)
		}
		if types.IsInterface(fn.Signature().Results().At(n).Type()) {
			if !w.around(m, v, depth+1) {
				return false
			}
		} else if !w.use(m, v) {
			return false
		}
	}
	return true
}

// done reports whether a handler already has a manager around it.
func (w *wiring) done(v value) bool {
	return slices.ContainsFunc(w.changes, func(c *change) bool { return c.at == v && len(c.edits) == 2 })
}

// wrap puts a manager around an expression for a handler, unless it is needed as another type.
func (w *wiring) wrap(m *maker, v value) bool {
	if v.part >= 0 {
		return false
	}
	name := w.nameByImport(m, v)
	if name == "" {
		return false
	}
	before, after := name+".Handler(", ")"
	if isNil(v) {
		http := w.r.nameOfImport(v, "net/http")
		w.change(v, w.r.p.replace(v.expr, before+http+".DefaultServeMux"+after))
		return http != ""
	}
	w.change(v, w.r.p.replaceRange(v.expr.Pos(), v.expr.Pos(), before), w.r.p.replaceRange(v.expr.End(), v.expr.End(), after))
	return true
}

// nameOfImport is a file's name for a package that it imports, "" if it does not.
func (r *rewriter) nameOfImport(v value, path string) string {
	for _, f := range v.in.files {
		if v.expr.Pos() < f.FileStart || v.expr.Pos() >= f.FileEnd {
			continue
		}
		for _, spec := range f.Imports {
			if name := v.in.info.PkgNameOf(spec); name != nil && name.Imported().Path() == path {
				return name.Name()
			}
		}
	}
	return ""
}

// use makes the manager the first middleware of a handler that is a router.
func (w *wiring) use(m *maker, v value) bool {
	id, ok := ast.Unparen(v.expr).(*ast.Ident)
	if !ok || !usesMiddleware(v.in.info.TypeOf(id)) {
		return false
	}
	p, ok := w.r.placeAt(v.in, id)
	if !ok || len(w.r.into[p]) != 1 {
		return false
	}
	made := w.r.into[p][0]
	stmt := w.r.enclosingStmt(made.expr)
	if stmt == nil {
		return false
	}
	name := w.r.nameAt(m, made.in, stmt.End())
	if name == "" {
		return false
	}
	text := "\n" + id.Name + ".Use(" + name + ".Handler)"
	w.change(value{id, v.in, whole}, w.r.p.replaceRange(stmt.End(), stmt.End(), text))
	return true
}

// usesMiddleware reports whether a router has a method Use that takes a middleware of net/http.
func usesMiddleware(t types.Type) bool {
	if t == nil {
		return false
	}
	obj, _, _ := types.LookupFieldOrMethod(t, true, nil, "Use")
	fn, ok := obj.(*types.Func)
	if !ok || fn.Signature().Params().Len() != 1 {
		return false
	}
	param := fn.Signature().Params().At(0).Type()
	if fn.Signature().Variadic() {
		param = param.(*types.Slice).Elem()
	}
	sig, ok := param.Underlying().(*types.Signature)
	return ok && sig.Params().Len() == 1 && sig.Results().Len() == 1 && isHandler(sig.Params().At(0).Type()) && isHandler(sig.Results().At(0).Type())
}

func isHandler(t types.Type) bool {
	named := namedOf(t)
	return named != nil && named.Obj().Name() == "Handler" && named.Obj().Pkg() != nil && named.Obj().Pkg().Path() == "net/http"
}
