package migrate

import (
	"go/ast"
	"go/types"
	"slices"
	"strconv"
	"strings"
)

// reportManagers reports where the program makes its stores and serves its handlers: the user changes these by hand.
func (w *wiring) reportManagers(why refusal) {
	r := w.r
	for _, m := range w.makers {
		if m.at.in.tests {
			continue
		}
		fix := "make the new ones with " + w.literal(m)
		if why.fix != "" {
			fix += "; " + why.fix
		}
		r.leave(m.at, "the old sessions are made here", refusal{why.why, fix})
	}
	for _, v := range r.storeLiterals() {
		r.leave(v, "the old sessions are made here", refusal{why.why, "make the new ones with " + w.plainLiteral(v.in) + " and the options that stand here"})
	}
	for _, s := range r.sites {
		if s.verb == middlewareVerb && !s.at.in.tests {
			r.leave(s.at, s.what(), w.newMiddleware(s.lib, s.at))
		}
	}
	for _, s := range r.sites {
		if _, refused := r.loaded(s); s.verb == loadVerb && refused == nil {
			r.leave(s.at, s.what(), refusal{"it needs the new manager", "use its NewContext and Open"})
		}
	}
	for _, v := range w.handed {
		r.leave(v.value, v.lib.name+": "+middlewareVerb.String(), w.newMiddleware(v.lib, v.value))
	}
	if slices.ContainsFunc(w.makers, w.bare) || len(w.makers) == 0 && w.plain() {
		for _, h := range slices.DeleteFunc(r.servedHandlers(), r.hasManager) {
			r.leave(h, "the site's handler", refusal{"sessions are loaded and saved around it", "serve the new manager's Handler(" + handlerText(r, h) + ")"})
		}
	}
}

// reportUnmade reports that no place is known where the old sessions are made: without the new manager, the program
// compiles and panics.
func (w *wiring) reportUnmade(why refusal) {
	r := w.r
	made := slices.ContainsFunc(w.makers, func(m *maker) bool { return !m.at.in.tests })
	i := slices.IndexFunc(r.sites, func(s *site) bool { return s.verb.keyed() && !s.at.in.tests })
	if made || !w.plain() || len(r.storeLiterals()) > 0 || i < 0 {
		return
	}
	at := r.sites[i].at
	r.leave(at, "the site's sessions", refusal{why.why, "make the new ones with " + w.plainLiteral(at.in) + "; put the Handler of each around the site's handler"})
}

// hasManager reports whether a handler is what a generated manager's Handler returns, as an earlier run wrote it.
func (r *rewriter) hasManager(h value) bool {
	call, ok := ast.Unparen(h.expr).(*ast.CallExpr)
	if !ok {
		return false
	}
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != "Handler" {
		return false
	}
	of := namedOf(h.in.info.TypeOf(sel.X))
	return of != nil && slices.ContainsFunc(r.targets, func(t *target) bool { return of.Obj().Name() == t.generated()+"Manager" })
}

// handlerText is the text of a served handler; without one, it is net/http's default.
func handlerText(r *rewriter, h value) string {
	if isNil(h) {
		return "http.DefaultServeMux"
	}
	if _, ok := h.expr.(*ast.CallExpr); ok && len(r.p.text(h.expr)) > 60 {
		return "..."
	}
	return r.p.text(h.expr)
}

// literal returns the code with which a person would make the managers of a maker's sessions.
func (w *wiring) literal(m *maker) string {
	rec := &recipe{carried: w.r.carry(m), imports: map[string]string{}, report: true}
	rec.cookie()
	rec.times()
	rec.store()
	rec.oldOnes()
	targets := m.serve
	if len(targets) == 0 {
		targets = w.targetsFrom(func(s *source) bool { return s.m == m })
	}
	var list []string
	for _, t := range targets {
		elements := []string{"Keys: keys"}
		if name := w.cookieName(m, t, rec); name != "" {
			elements = append(elements, "Name: "+name)
		}
		for _, e := range rec.config {
			elements = append(elements, e.field+": "+e.text)
		}
		if rec.legacy != nil {
			elements = append(elements, "Legacy: "+rec.legacySources(w.cookieName(m, t, rec), ""))
		}
		list = append(list, w.prefix(m.at.in)+"New"+t.generated()+"Manager(runtime.Config{"+strings.Join(elements, ", ")+"})")
	}
	text := strings.Join(list, " and ")
	if len(rec.before) > 0 {
		text += ", after " + strings.Join(rec.before, " and ")
	}
	return text
}

// plainLiteral returns the code with which a person would make the managers of all sessions, without options.
func (w *wiring) plainLiteral(u *unit) string {
	var list []string
	for _, t := range w.r.targets {
		name := ""
		if t.session != "" && !strings.ContainsAny(t.session, "<$") {
			name = ", Name: " + strconv.Quote(t.session)
		}
		list = append(list, w.prefix(u)+"New"+t.generated()+"Manager(runtime.Config{Keys: keys"+name+"})")
	}
	return strings.Join(list, " and ")
}

// storeLiterals lists the stores and managers that are composite literals: only functions that make them are known.
func (r *rewriter) storeLiterals() []value {
	var list []value
	for _, u := range r.p.units {
		for _, file := range u.files {
			ast.Inspect(file, func(n ast.Node) bool {
				lit, ok := n.(*ast.CompositeLit)
				if ok && !u.tests && lit.Type != nil && r.p.typeAt(u, lit.Type) != nil && isStoreOfLibrary(r.p.typeAt(u, lit.Type), u) {
					list = append(list, value{lit, u, whole})
				}
				return true
			})
		}
	}
	return list
}

// targetsFrom lists the schemas of some managers' sessions, or all schemas if nothing tells them apart.
func (w *wiring) targetsFrom(from func(*source) bool) []*target {
	var list []*target
	for _, s := range w.r.sources() {
		if t := w.r.targetNamed(s.kind.name); t != nil && s.kind.name != "" && from(s) && !slices.Contains(list, t) {
			list = append(list, t)
		}
	}
	if len(list) == 0 {
		return w.r.targets
	}
	return list
}

// prefix is how a package qualifies names of the schemas' package.
func (w *wiring) prefix(u *unit) string {
	if w.r.home.path == u.path {
		return ""
	}
	return w.r.home.name + "."
}

// newMiddleware says what replaces a library's middleware.
func (w *wiring) newMiddleware(l *library, at value) refusal {
	r := w.r
	var names []string
	for _, t := range w.targetsFrom(func(s *source) bool { return w.runs(s, at) }) {
		names = append(names, w.prefix(at.in)+"New"+t.generated()+"Manager")
	}
	around := "put its Handler around them"
	if a := w.adapter(l); a != "" {
		around = "use " + a[strings.LastIndex(a, "/")+1:] + ".Middleware(manager) of " + a
		if r.p.listed[a] == nil || r.p.checked[a] == nil {
			around += ", which go get " + a + " adds"
		}
	}
	return refusal{"the handlers need the new manager", "make one with " + strings.Join(names, " and ") + ", and " + around}
}

// runs reports whether a middleware belongs to the manager of a source.
func (w *wiring) runs(s *source, at value) bool {
	e := at.expr
	if call, ok := e.(*ast.CallExpr); ok {
		e = ast.Unparen(call.Fun)
	}
	sel, ok := e.(*ast.SelectorExpr)
	return ok && w.r.comes(value{sel.X, at.in, whole}, s.call, s.held)
}

// plain reports whether the old library has no middleware, so that nothing is around the handlers yet.
func (w *wiring) plain() bool {
	return len(w.handed) == 0 && !slices.ContainsFunc(w.r.sites, func(s *site) bool {
		return s.lib.managed || s.verb == middlewareVerb && !s.at.in.tests
	})
}

// bare reports whether no middleware of the old library loads the sessions of a store, so that nothing is around the
// handlers yet.
func (w *wiring) bare(m *maker) bool {
	if m.managed() || m.at.in.tests || slices.ContainsFunc(w.handed, func(h handedOn) bool { return !h.lib.managed }) {
		return false
	}
	return !slices.ContainsFunc(w.r.sites, func(s *site) bool {
		return s.verb == middlewareVerb && !s.lib.managed && !s.at.in.tests && w.mayHave(s, m)
	})
}

// mayHave reports whether a middleware may have a store. If it is not known where its store is made, any store of the
// right type counts.
func (w *wiring) mayHave(s *site, m *maker) bool {
	if stores := w.storesOf(s); len(stores) > 0 {
		return slices.Contains(stores, m)
	}
	params := callee(s.at.in, s.at.expr.(*ast.CallExpr)).Signature().Params()
	return params.Len() == 0 || types.AssignableTo(m.fn.Signature().Results().At(0).Type(), params.At(params.Len()-1).Type())
}

// storesOf lists the makers of the stores that a middleware may have.
func (w *wiring) storesOf(s *site) (list []*maker) {
	call := s.at.expr.(*ast.CallExpr)
	if len(call.Args) == 0 {
		return nil
	}
	store := value{call.Args[len(call.Args)-1], s.at.in, whole}
	for _, m := range w.makers {
		if w.r.comes(store, m.at, m.held) {
			list = append(list, m)
		}
	}
	return list
}

// servedHandlers lists the expressions for handlers that the program serves.
func (r *rewriter) servedHandlers() []value {
	var list []value
	for _, u := range r.p.units {
		if u.tests {
			continue
		}
		for _, file := range u.files {
			ast.Inspect(file, func(n ast.Node) bool {
				if h := r.served(u, n); h != nil {
					list = append(list, value{h, u, whole})
				}
				return true
			})
		}
	}
	return list
}

// served is the handler that a call or a server literal serves.
func (r *rewriter) served(u *unit, n ast.Node) ast.Expr {
	switch n := n.(type) {
	case *ast.CallExpr:
		return r.servedByCall(u, n)
	case *ast.CompositeLit:
		for _, elt := range n.Elts {
			kv, ok := elt.(*ast.KeyValueExpr)
			if id, isIdent := kvKey(kv, ok); isIdent && id.Name == "Handler" && isServer(u.info.TypeOf(n)) {
				return notNil(u, kv.Value)
			}
		}
	case *ast.AssignStmt:
		if sel, ok := ast.Unparen(n.Lhs[0]).(*ast.SelectorExpr); ok && len(n.Rhs) == 1 && sel.Sel.Name == "Handler" && isServer(u.info.TypeOf(sel.X)) {
			return notNil(u, n.Rhs[0])
		}
	}
	return nil
}

// servedByCall returns the handler that a library function serves: a function of net/http, or one with a similar name.
func (r *rewriter) servedByCall(u *unit, call *ast.CallExpr) ast.Expr {
	fn := callee(u, call)
	if fn == nil || fn.Pkg() == nil || fn.Signature().Recv() != nil || r.funcs[fn.Pos()] != nil || !serves(fn) {
		return nil
	}
	params := fn.Signature().Params()
	for i := range min(params.Len(), len(call.Args)) {
		if isHandler(params.At(i).Type()) {
			return call.Args[i]
		}
	}
	return nil
}

// serves reports whether a function serves, judging by its name. If it returns more than an error, it may only wrap a
// handler.
func serves(fn *types.Func) bool {
	results := fn.Signature().Results()
	if results.Len() > 1 || results.Len() == 1 && !types.Identical(results.At(0).Type(), types.Universe.Lookup("error").Type()) {
		return false
	}
	return slices.ContainsFunc([]string{"ListenAndServe", "Serve", "Run"}, func(verb string) bool { return strings.HasPrefix(fn.Name(), verb) })
}

func notNil(u *unit, e ast.Expr) ast.Expr {
	if u.info.Types[e].IsNil() {
		return nil
	}
	return e
}

func isServer(t types.Type) bool {
	if t == nil {
		return false
	}
	named := namedOf(t)
	return named != nil && named.Obj().Name() == "Server" && named.Obj().Pkg() != nil && named.Obj().Pkg().Path() == "net/http"
}

// cookieName is the Go expression for the cookie's name of a schema's sessions, "" for the default.
func (w *wiring) cookieName(m *maker, t *target, rec *recipe) string {
	if v := w.ginName; v.expr != nil && t.session == "" {
		if v = w.r.nearest(v); v.in != m.at.in && v.constant() != nil {
			return v.constant().ExactString()
		}
		rec.names = append(rec.names, v)
		return rec.text("name", v)
	}
	if v := rec.given["Name"]; v.expr != nil {
		return rec.text("name", v)
	}
	if m.managed() {
		return strconv.Quote("session")
	}
	if t.session == "" || isComputed(t.session) {
		return ""
	}
	if strings.Contains(t.session, "$") {
		if v := w.nameExpr(t); v.expr != nil {
			rec.names = append(rec.names, v)
			name := "name"
			if len(w.r.targets) > 1 {
				name = lower(t.managerField()) + "Name"
			}
			return rec.text(name, v)
		}
	}
	return strconv.Quote(t.session)
}

// nameExpr is an expression of the program for the name of a schema's sessions.
func (w *wiring) nameExpr(t *target) (found value) {
	w.r.eachCall(func(u *unit, call *ast.CallExpr) {
		a, ok := w.r.acquisitionOf(u, call)
		if !ok || u.tests || a.name < 0 || a.name >= len(call.Args) {
			return
		}
		if name, _ := w.r.nameOf(u, call); name == t.session && found.expr == nil {
			found = w.r.nearest(value{call.Args[a.name], u, whole})
		}
	})
	return found
}
