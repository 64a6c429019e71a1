package migrate

import (
	"go/ast"
	"go/constant"
	"go/types"
	"slices"
	"strings"
)

// computed describes how the program computes a key or a name.
func (f *flow) computed(l leaf) string {
	if call, ok := ast.Unparen(l.expr).(*ast.CallExpr); ok && len(call.Args) > 0 {
		fn, c := callee(l.in, call), l.in.info.Types[call.Args[0]].Value
		if fn != nil && fn.FullName() == "fmt.Sprintf" && c != nil {
			return constant.StringVal(c)
		}
	}
	return types.ExprString(l.expr)
}

// sessionsOf lists the names of the sessions that a site may belong to. Computed names are in angle brackets. Names
// that only tests have count if there are no others.
func (f *finder) sessionsOf(s *site) []string {
	if s.lib.managed {
		return f.managersOf(s)
	}
	if s.session.expr == nil {
		return nil
	}
	e := f.ownerOf(s)
	var names, ofTests []string
	given := f.argumentsOf(s)
	for _, l := range f.origins(e, false) {
		call, ok := ast.Unparen(l.expr).(*ast.CallExpr)
		if !ok {
			continue
		}
		for _, name := range f.ownNames(s, l, call, given) {
			switch {
			case l.in.tests:
				ofTests = append(ofTests, name)
			case f.isShared(l.in, call, name):
				return []string{sharedSession}
			case !slices.Contains(names, name):
				names = append(names, name)
			}
		}
	}
	if len(names) == 0 && len(ofTests) > 0 {
		return ofTests[:1]
	}
	return names
}

// managersOf lists the session names of the managers that a site may use.
func (f *finder) managersOf(s *site) []string {
	if !slices.ContainsFunc(f.sources(), func(src *source) bool { return src.name != "" }) {
		return []string{""}
	}
	var names []string
	for _, kind := range f.kindsAt(s.session) {
		names = append(names, kind.name)
	}
	if len(names) == 0 {
		return []string{unknownSession}
	}
	return names
}

// isShared reports whether a call may return sessions of several stores or cookies.
func (f *finder) isShared(u *unit, call *ast.CallExpr, name string) bool {
	lib, _ := operation(callee(u, call))
	return f.sharing().libs[lib] || f.sharing().names[name]
}

// ownerOf returns the session of a use.
func (f *finder) ownerOf(s *site) value {
	if base := f.owner(s.session); base.expr != nil {
		return base
	}
	if to := f.becomesValues(s.session); to != nil {
		return value{to.X, s.session.in, whole}
	}
	return s.session
}

// becomesValues returns the selector of a session's values that an expression is assigned to, or nil if there is none.
func (f *flow) becomesValues(v value) *ast.SelectorExpr {
	if v.expr == nil {
		return nil
	}
	assign, ok := f.outer(v.expr).(*ast.AssignStmt)
	if !ok {
		return nil
	}
	i := slices.IndexFunc(assign.Rhs, func(e ast.Expr) bool { return ast.Unparen(e) == v.expr })
	if i < 0 || len(assign.Lhs) != len(assign.Rhs) || !selectsValues(value{assign.Lhs[i], v.in, whole}) {
		return nil
	}
	return ast.Unparen(assign.Lhs[i]).(*ast.SelectorExpr)
}

// owner is the session that a map of values belongs to.
func (f *finder) owner(v value) value {
	if v.expr == nil {
		return value{}
	}
	if !isAnyMap(v.in.info.TypeOf(v.expr)) {
		return v
	}
	for _, l := range f.mapOrigins(v) {
		if sel, ok := ast.Unparen(l.expr).(*ast.SelectorExpr); ok {
			return value{sel.X, l.in, whole}
		}
	}
	return value{}
}

// mapOrigins follows a map back to the sessions' fields that it comes from.
func (f *finder) mapOrigins(v value) []leaf {
	if selectsValues(v) {
		return []leaf{{value: v}}
	}
	p, ok := f.mapPlace(v)
	if !ok {
		return nil
	}
	var list []leaf
	seen := map[place]bool{}
	var visit func(place)
	visit = func(p place) {
		if seen[p] {
			return
		}
		seen[p] = true
		for _, from := range f.into[p] {
			if selectsValues(from) {
				list = append(list, leaf{value: from})
			} else if q, ok := f.mapPlace(from); ok {
				visit(q)
			}
		}
		for _, q := range f.same[p] {
			visit(q)
		}
	}
	visit(p)
	return list
}

// selectsValues reports whether an expression selects the values of a session.
func selectsValues(v value) bool {
	sel, ok := ast.Unparen(v.expr).(*ast.SelectorExpr)
	if !ok {
		return false
	}
	field, ok := v.in.info.Uses[sel.Sel].(*types.Var)
	return ok && isValuesField(field)
}

// nameOf is the session's name in a call that gets a session.
func (f *finder) nameOf(u *unit, call *ast.CallExpr) (string, bool) {
	a, ok := f.acquisitionOf(u, call)
	if !ok {
		return "", false
	}
	if a.name < 0 || a.name >= len(call.Args) {
		return "", true
	}
	v := value{call.Args[a.name], u, whole}
	if n := f.naming(v); n != nil && !f.ambiguous(n) {
		return n.text, true
	}
	return f.computedName(v), true
}

// computedName stands for a name that depends on the request, or on a caller.
func (f *flow) computedName(v value) string {
	if origins := f.origins(v, false); len(origins) > 0 {
		return "<" + f.computed(origins[0]) + ">"
	}
	return ""
}

// naming returns how a session's name is put together, or nil if it depends on the request.
func (f *flow) naming(v value) *namer {
	if n, known := f.named(v, nil); known {
		return n
	}
	return nil
}

// named puts a session's name together, with arguments in place of parameters. It reports whether all of the name is
// known before any request.
func (f *flow) named(v value, given arguments) (n *namer, known bool) {
	n = &namer{f: f, seen: map[place]bool{}, given: given, asked: map[place]bool{}}
	return n, n.part(v)
}

// ambiguous reports whether one name may stand for several sessions: they are configured by two fields of the same
// type.
func (f *finder) ambiguous(n *namer) bool {
	if f.paths == nil {
		f.paths = map[string]map[string]bool{}
		f.eachCall(func(u *unit, call *ast.CallExpr) {
			a, ok := f.acquisitionOf(u, call)
			if !ok || a.name < 0 || a.name >= len(call.Args) {
				return
			}
			other := f.naming(value{call.Args[a.name], u, whole})
			if other == nil {
				return
			}
			if f.paths[other.text] == nil {
				f.paths[other.text] = map[string]bool{}
			}
			f.paths[other.text][strings.Join(other.paths, " ")] = true
		})
	}
	return len(f.paths[n.text]) > 1
}

// acquisitionOf describes how a call returns a session. Stores of other modules have the methods of gorilla's.
func (f *flow) acquisitionOf(u *unit, call *ast.CallExpr) (acquisition, bool) {
	a, ok := f.acquiring(u, call)
	if ok && isMethodExpr(u, call.Fun) { // the receiver comes first
		if a.name >= 0 {
			a.name++
		}
		if a.request >= 0 {
			a.request++
		}
	}
	return a, ok
}

// acquiring describes how the function or method of a call returns a session.
func (f *flow) acquiring(u *unit, call *ast.CallExpr) (acquisition, bool) {
	fn := callee(u, call)
	if fn == nil {
		return acquisition{}, false
	}
	if a, ok := f.getters[fn.Pos()]; ok {
		return a, true
	}
	lib, name := operation(fn)
	if lib != nil {
		a, ok := lib.acquire[name]
		if !ok && fn.Signature().Recv() != nil {
			a, ok = lib.acquire[fn.Name()]
			ok = ok && handsOut(fn)
		}
		return a, ok
	}
	if (fn.Name() == "Get" || fn.Name() == "New") && handsOut(fn) {
		return gorilla.acquire["Get"], true
	}
	return acquisition{}, false
}

// getsFromStore reports whether a function is a store's own method for the session of a name.
func getsFromStore(fn *types.Func) bool {
	recv := fn.Signature().Recv()
	return recv != nil && (fn.Name() == "Get" || fn.Name() == "New") && handsOut(fn) && isStore(recv.Type(), fn.Pkg())
}

// handsOut reports whether a function returns a gorilla session for a request and a name.
func handsOut(fn *types.Func) bool {
	sig := fn.Signature()
	if sig.Params().Len() != 2 || sig.Results().Len() != 2 || !isRequest(sig.Params().At(0).Type()) || !isString(sig.Params().At(1).Type()) {
		return false
	}
	named := namedOf(sig.Results().At(0).Type())
	return named != nil && named.Obj().Pkg() != nil && libraryOf(named.Obj().Pkg().Path()) == gorilla && named.Obj().Name() == "Session"
}

// sessionNames are the names of the sessions of all sites.
type sessionNames struct {
	known   map[*site]string // where the program tells it
	only    string           // the name of all sessions, if there is only one
	several bool
	byKey   map[key]string // the one name of all sessions with a key
	mixed   map[key]bool   // several sessions have the key
}

// sessionNames finds the session names of all sites, once. If the origin of a session is unknown, it counts as the
// session that has the key, or as the only one.
func (f *finder) sessionNames() *sessionNames {
	if f.names != nil {
		return f.names
	}
	n := &sessionNames{known: map[*site]string{}, byKey: map[key]string{}, mixed: map[key]bool{}}
	f.names = n
	all := map[string]bool{}
	for _, s := range f.sites {
		names := f.sessionsOf(s)
		if len(names) == 0 || !s.verb.keyed() && !s.lib.managed {
			continue
		}
		n.known[s] = names[0]
		if len(names) > 1 {
			n.known[s] = unknownSession
		}
		for _, name := range names {
			// A use of either session, such as the one in the context, does not tell which sessions others use.
			if !isComputed(name) && len(names) == 1 {
				n.only, all[name] = name, true
			}
			n.has(s.keys, name)
		}
	}
	switch {
	case len(all) > 1:
		n.only, n.several = "", true
	case len(n.known) == 0:
		n.only = f.onlyName()
	}
	return n
}

// has notes that the sessions of a name have keys.
func (n *sessionNames) has(keys []key, name string) {
	for _, k := range keys {
		if old, ok := n.byKey[k]; ok && old != name {
			n.mixed[k] = true
		}
		n.byKey[k] = name
	}
}

// onlyName is the name of all sessions of the program, "" if there is none or there are several.
func (f *finder) onlyName() string {
	names := map[string]bool{}
	f.eachCall(func(u *unit, call *ast.CallExpr) {
		if name, ok := f.nameOf(u, call); ok && !u.tests {
			names[name] = true
		}
	})
	for name := range names {
		if len(names) == 1 {
			return name
		}
	}
	return ""
}

func (n *sessionNames) of(s *site) string {
	if name, ok := n.known[s]; ok {
		return name
	}
	for _, k := range s.keys {
		if name, ok := n.byKey[k]; ok && !n.mixed[k] {
			return name
		}
	}
	if n.only == "" && n.several {
		return unknownSession
	}
	return n.only
}

// unknownSession replaces the name if a program has several sessions and does not say which one is meant.
const unknownSession = "?"

// sharedSession replaces a name that sessions of several stores or cookies have.
const sharedSession = "? of several"

// isComputed reports whether a session's name is computed by the program.
func isComputed(session string) bool { return strings.HasPrefix(session, "<") }

// isLeft reports whether sessions of a name never get a schema.
func isLeft(session string) bool { return session == sharedSession || isComputed(session) }
