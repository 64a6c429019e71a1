package migrate

import (
	"cmp"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"slices"
)

// A site is a place in the program that does something with a session.
type site struct {
	lib     *library
	verb    verb
	at      value // the call, or the index expression
	keyExpr value // nil expr: the library's own key
	val     value // of a write
	session value // the expression for the session, the map of its values, or the manager
	keys    []key
	fixed   []key    // those in the sessions that the callers of its function name
	dynamic string   // how the program computes a key that it does not name
	via     *wrapper // the wrapper that it calls
	call    value    // that call
	inside  bool     // in a wrapper: its key, or the name of its session, is a parameter
	through *standIn // the interface of the program that the session or manager is used through
}

// A key identifies a value in a session.
type key struct {
	name string
	typ  string // the type's name unless the key is a plain string
}

// A wrapper is a function of the program with a key, or the name of a session, as a parameter.
type wrapper struct {
	fn      *function
	key     int // the parameter, -1 if only the session's name is one
	val     int // the parameter with the value, -1 if the wrapper decides it
	part    int // keysOf if the parameter is a map with keys of the session
	inner   *site
	result  int // of a read
	session int // the parameter with the session, -1 if there is none
}

// A finder finds the sites of a program.
type finder struct {
	*flow
	sites    []*site
	wrappers map[wrapperID]*wrapper
	values   map[place]bool             // maps of a session's values
	paths    map[string]map[string]bool // by session names, the names of what configures them

	libraryTypes []libraryType
	standIns     map[token.Pos]*standIn // by the interface's declaration; nil for an interface that is not a stand-in

	entries map[entryID]bool // of maps that are sites

	made       []*maker
	allSources []*source
	names      *sessionNames
	shares     *sharing
}

type wrapperID struct {
	fn  token.Pos
	key int
	at  token.Pos
}

func find(p *program) *finder {
	f := &finder{flow: newFlow(p), wrappers: map[wrapperID]*wrapper{}, entries: map[entryID]bool{}, libraryTypes: p.libraryTypes(), standIns: map[token.Pos]*standIn{}}
	f.aliases()
	for _, u := range p.units {
		for _, file := range u.files {
			ast.Inspect(file, func(n ast.Node) bool {
				f.look(u, n)
				return true
			})
		}
	}
	for i := 0; i < len(f.sites); i++ { // wrappers add to the list
		f.settle(f.sites[i])
	}
	slices.SortStableFunc(f.sites, func(a, b *site) int {
		x, y := p.place(a.at.expr.Pos()), p.place(b.at.expr.Pos())
		return cmp.Or(cmp.Compare(x.Filename, y.Filename), cmp.Compare(x.Offset, y.Offset))
	})
	return f
}

// look notes what a node does with a session.
func (f *finder) look(u *unit, n ast.Node) {
	switch n := n.(type) {
	case *ast.CallExpr:
		if isDelete(u, n) && f.isValues(value{n.Args[0], u, whole}) {
			f.deletion(&site{lib: gorilla, verb: deleteVerb, at: value{n, u, whole}, keyExpr: value{n.Args[1], u, whole}, session: value{n.Args[0], u, whole}})
			return
		}
		f.method(u, n)
	case *ast.IndexExpr:
		if f.isValues(value{n.X, u, whole}) {
			f.index(u, n)
		}
	case *ast.CompositeLit:
		f.literal(u, n)
	}
}

func isDelete(u *unit, call *ast.CallExpr) bool {
	id, ok := ast.Unparen(call.Fun).(*ast.Ident)
	if !ok || len(call.Args) != 2 {
		return false
	}
	b, ok := u.info.Uses[id].(*types.Builtin)
	return ok && b.Name() == "delete"
}

// index notes an index expression on a session's values.
func (f *finder) index(u *unit, n *ast.IndexExpr) {
	s := &site{lib: gorilla, verb: readVerb, at: value{n, u, whole}, keyExpr: value{n.Index, u, whole}, session: value{n.X, u, whole}}
	if assign, ok := f.outer(n).(*ast.AssignStmt); ok {
		for i, l := range assign.Lhs {
			if ast.Unparen(l) != n {
				continue
			}
			s.verb = writeVerb
			if len(assign.Lhs) == len(assign.Rhs) {
				s.val = value{assign.Rhs[i], u, whole}
			} else {
				s.val = value{assign.Rhs[0], u, i}
			}
			if isNil(s.val) {
				s.verb = deleteVerb
			}
		}
	}
	f.deletion(s)
}

func isNil(v value) bool { return v.expr != nil && v.in.info.Types[ast.Unparen(v.expr)].IsNil() }

// outer is the node around an expression and its parentheses.
func (f *flow) outer(e ast.Node) ast.Node {
	n := f.parents[e]
	for {
		p, ok := n.(*ast.ParenExpr)
		if !ok {
			return n
		}
		n = f.parents[p]
	}
}

// literal notes the entries of a map literal that becomes a session's values.
func (f *finder) literal(u *unit, lit *ast.CompositeLit) {
	if !isAnyMap(u.info.TypeOf(lit)) || len(lit.Elts) == 0 || !f.literalIsValues(u, lit) {
		return
	}
	for _, elt := range lit.Elts {
		if kv, ok := elt.(*ast.KeyValueExpr); ok {
			f.add(&site{lib: gorilla, verb: writeVerb, at: value{kv.Value, u, whole}, keyExpr: value{kv.Key, u, whole},
				val: value{kv.Value, u, whole}, session: value{lit, u, whole}})
		}
	}
}

// method notes a call of a library's method or function.
func (f *finder) method(u *unit, call *ast.CallExpr) {
	fn := callee(u, call)
	args := f.args(call)
	if verb := byStore(fn); verb != noVerb && len(args) == 3 {
		f.add(&site{lib: gorilla, verb: verb, at: value{call, u, whole}, session: value{args[2], u, whole}})
		return
	}
	lib, name := operation(fn)
	through := f.standsIn(u, call, fn)
	if through != nil {
		lib, name = through.lib, through.typ+"."+fn.Name()
	}
	if lib == nil {
		return
	}
	m, ok := lib.methods[name]
	if !ok {
		return
	}
	s := &site{lib: lib, verb: m.verb, at: value{call, u, whole}, through: through}
	if recv := f.receiverOf(call, fn); recv != nil {
		s.session = value{recv, u, whole}
	}
	if m.verb.keyed() {
		arg := func(i int) value {
			if i < 0 || i >= len(args) {
				return value{}
			}
			return value{args[i], u, whole}
		}
		s.keyExpr, s.val = arg(m.key), arg(m.val)
		if s.verb == writeVerb && isNil(s.val) {
			s.verb = deleteVerb
		}
	}
	f.add(s)
}

// byStore returns what a store's method does to the session in its last argument: Save, or Delete of server-side
// stores.
func byStore(fn *types.Func) verb {
	verbs := map[string]verb{"Save": saveVerb, "Delete": destroyVerb}
	if fn == nil || verbs[fn.Name()] == noVerb || fn.Signature().Recv() == nil || fn.Signature().Params().Len() != 3 {
		return noVerb
	}
	if sessionType(namedType(fn.Signature().Params().At(2).Type())) != gorilla {
		return noVerb
	}
	return verbs[fn.Name()]
}

// namedType is the named type that a type is, or points to, as a type.
func namedType(t types.Type) types.Type {
	if named := namedOf(t); named != nil {
		return named
	}
	return t
}

func (f *finder) add(s *site) { f.sites = append(f.sites, s) }

// settle finds a site's keys. If they, or the session's name, are parameters, the calls of the function become sites.
func (f *finder) settle(s *site) {
	if !s.verb.keyed() {
		return
	}
	f.settleKeys(s)
	if fn := f.callerNames(s); fn != nil && len(s.keys) > 0 {
		s.fixed, s.keys = s.keys, nil
		if !s.inside {
			s.inside = true
			f.wrap(s, param{fn.fn.Pos(), -1}, whole)
		}
	}
}

func (f *finder) settleKeys(s *site) {
	if s.via != nil {
		s.keys = slices.Clone(s.via.inner.fixed)
	}
	if s.keyExpr.expr == nil {
		if s.via == nil || s.via.key >= 0 {
			s.keys = append(s.keys, key{name: defaultFlash})
		}
		return
	}
	if s.dynamic != "" { // the program computes the key
		return
	}
	for _, l := range f.origins(s.keyExpr, true) {
		switch {
		case l.constant != nil:
			k := key{keyText(l.constant), s.keyType(l)}
			if k.typ == "" && l.constant.Kind() != constant.String { // 7 is another key than "7"
				k.typ = typeText(types.Default(typeOf(l.value)))
			}
			if !slices.Contains(s.keys, k) {
				s.keys = append(s.keys, k)
			}
		case l.param != nil && l.part == elementsOf: // a list of keys is passed: no key is used here
			s.inside = true
		case l.param != nil:
			s.inside = true
			f.wrap(s, *l.param, l.part)
		default:
			s.dynamic = f.computed(l)
		}
	}
	if s.dynamic != "" { // the initial value of a variable that gets the key later does not count
		s.keys = slices.DeleteFunc(s.keys, func(k key) bool { return k.name == "" })
	}
	slices.SortFunc(s.keys, func(a, b key) int { return cmp.Compare(a.name, b.name) })
}

// keyType is the name of a key's type when it reaches the library, through all wrappers.
func (s *site) keyType(l leaf) string {
	for at := s; at != nil; at = at.via.inner {
		if at.keyExpr.expr != nil && at.keyExpr.part == whole {
			if t := typeOf(at.keyExpr); !types.IsInterface(t) {
				if inner := at.innermost(); inner != at && !types.IsInterface(typeOf(inner.keyExpr)) {
					return keyTypeName(inner.keyExpr)
				}
				return keyTypeName(at.keyExpr)
			}
		}
		if at.via == nil {
			break
		}
	}
	return keyTypeName(l.value)
}

func (s *site) innermost() *site {
	for s.via != nil {
		s = s.via.inner
	}
	return s
}

func keyText(c constant.Value) string {
	if c.Kind() == constant.String {
		return constant.StringVal(c)
	}
	return c.ExactString()
}

// keyTypeName is the name of a key's type if the program declares it: in a map with keys of type any, the type is part
// of the key.
func keyTypeName(v value) string {
	named, ok := types.Unalias(typeOf(v)).(*types.Named)
	if !ok || types.IsInterface(named) {
		return ""
	}
	return named.Obj().Name()
}

func typeOf(v value) types.Type {
	t := v.in.info.TypeOf(v.expr)
	if t == nil {
		return types.Typ[types.Invalid]
	}
	return t
}

// wrap makes sites of a function's calls: one of its parameters is the key, or the session's name.
func (f *finder) wrap(s *site, p param, part int) {
	id := wrapperID{p.fn, p.index, s.at.expr.Pos()}
	if f.wrappers[id] != nil || f.funcs[p.fn] == nil {
		return
	}
	w := &wrapper{fn: f.funcs[p.fn], key: p.index, val: -1, session: -1, part: part, inner: s}
	f.wrappers[id] = w
	w.result = f.resultOf(s.at, p.fn)
	if s.val.expr != nil {
		for _, l := range f.origins(s.val, true) {
			if l.param != nil && l.param.fn == p.fn && l.param.index != p.index {
				w.val = l.param.index
			}
		}
	}
	if of := f.owner(s.session); s.session.expr != nil && of.expr != nil {
		for _, l := range f.origins(of, true) {
			if l.param != nil && l.param.fn == p.fn {
				w.session = l.param.index
			}
		}
	}
	for _, call := range f.callsOf(p.fn) {
		f.callOf(w, call)
	}
}

// what says what the wrapper's parameter is.
func (w *wrapper) what() string {
	if w.key < 0 {
		return "session or its name"
	}
	return "key"
}

// sessionOf is the expression for the session in a call of the wrapper.
func (w *wrapper) sessionOf(f *flow, at value) value {
	if w.session >= 0 {
		return f.argument(at, w.session)
	}
	return w.inner.session
}

// callOf notes a call of a wrapper.
func (f *finder) callOf(w *wrapper, at value) {
	args := f.args(at.expr.(*ast.CallExpr))
	if w.key >= len(args) {
		if w.inner.verb == addFlashVerb || w.inner.verb == takeFlashesVerb {
			f.add(&site{lib: w.inner.lib, verb: w.inner.verb, at: at, via: w, call: at, val: f.argument(at, w.val), session: w.sessionOf(f.flow, at)})
		}
		return
	}
	if w.part == keysOf {
		f.callWithMap(w, at, args[w.key])
		return
	}
	s := &site{lib: w.inner.lib, verb: w.inner.verb, at: at, val: f.argument(at, w.val), via: w, call: at, session: w.sessionOf(f.flow, at)}
	if w.key >= 0 {
		s.keyExpr = value{args[w.key], at.in, w.part}
	}
	if w.inner.verb == readVerb || w.inner.verb == popVerb {
		s.at.part = w.result
	}
	if s.verb == writeVerb && isNil(s.val) {
		s.verb = deleteVerb
	}
	f.add(s)
}

// argument is an argument of a call, without an expression if there is no such argument.
func (f *flow) argument(at value, i int) value {
	args := f.args(at.expr.(*ast.CallExpr))
	if i < 0 || i >= len(args) {
		return value{}
	}
	return value{args[i], at.in, whole}
}
