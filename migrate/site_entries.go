package migrate

import (
	"cmp"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"slices"
)

// A mapTrace finds the entries of a map that a wrapper sets one by one: the entries of literals, and those that the
// program assigns to the map under any of its names. Entries that it cannot see are noted as a computed key.
type mapTrace struct {
	f    *finder
	w    *wrapper
	at   value          // the call of the wrapper
	from map[place]bool // what reaches the call
	seen map[place]bool
}

// An entryID is an entry for one wrapper and one session: calls that share a map count it once, unless they name the
// session.
type entryID struct {
	inner   *site
	entry   token.Pos
	session ast.Expr
	call    ast.Expr // nil unless it names the session
}

// callWithMap notes the entries of a map that a wrapper is called with.
func (f *finder) callWithMap(w *wrapper, at value, arg ast.Expr) {
	m := &mapTrace{f: f, w: w, at: at, from: map[place]bool{}, seen: map[place]bool{}}
	m.value(value{arg, at.in, whole})
}

// value notes the entries of a map: those that it begins with, then those added at every place it passes.
func (m *mapTrace) value(v value) {
	t := &tracer{f: m.f.flow, seen: map[place]bool{}, visited: map[value]bool{}}
	t.value(v)
	maps.Copy(m.from, t.seen)
	for _, l := range t.leaves {
		m.leaf(l)
	}
	for _, p := range slices.SortedFunc(maps.Keys(t.seen), func(a, b place) int { return cmp.Compare(a.pos, b.pos) }) {
		m.place(p)
	}
}

func (m *mapTrace) leaf(l leaf) {
	e := ast.Unparen(l.expr)
	if lit, ok := e.(*ast.CompositeLit); ok && l.part == whole {
		for _, elt := range lit.Elts {
			if kv, ok := elt.(*ast.KeyValueExpr); ok {
				m.entry(value{kv.Key, l.in, whole}, value{kv.Key, l.in, whole}, value{kv.Value, l.in, whole})
			}
		}
		return
	}
	if !l.isNil && !m.beginsEmpty(l.in, e) {
		m.unseen(m.at, l.expr)
	}
}

// beginsEmpty reports whether a map holds only what the program assigns to it.
func (m *mapTrace) beginsEmpty(u *unit, e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.CallExpr:
		id, ok := ast.Unparen(e.Fun).(*ast.Ident)
		if !ok {
			return false
		}
		b, ok := u.info.Uses[id].(*types.Builtin)
		return ok && (b.Name() == "make" || b.Name() == "new")
	case *ast.Ident: // declared without a value
		v, ok := u.info.ObjectOf(e).(*types.Var)
		return ok && (v.Kind() == types.LocalVar || v.Kind() == types.PackageVar)
	}
	return false
}

// place notes the entries that are assigned to a map at one place, and follows the map to others.
func (m *mapTrace) place(p place) {
	if m.seen[p] || p.part != self {
		return // each call of a function returns another map
	}
	m.seen[p] = true
	for _, use := range m.f.uses[p] {
		if !m.isLater(use) {
			m.use(use)
		}
	}
}

// use notes the entries that one use of a map adds.
func (m *mapTrace) use(v value) {
	switch n := m.f.outer(v.expr).(type) {
	case *ast.IndexExpr:
		if ast.Unparen(n.X) == v.expr {
			m.assigned(value{n, v.in, whole})
		}
	case *ast.StarExpr:
		m.use(value{n, v.in, whole})
	case *ast.UnaryExpr:
		if n.Op == token.AND {
			m.use(value{n, v.in, whole})
		}
	case *ast.AssignStmt:
		m.moved(v, n.Lhs, n.Rhs)
	case *ast.KeyValueExpr:
		if p, ok := m.f.placeAt(v.in, n.Key); ok && ast.Unparen(n.Value) == v.expr {
			m.place(p)
		}
	case *ast.SelectorExpr:
		m.method(v, n)
	case *ast.CallExpr:
		m.argument(v, n)
	}
}

// assigned notes an assignment to an element.
func (m *mapTrace) assigned(n value) {
	index := n.expr.(*ast.IndexExpr)
	key := value{index.Index, n.in, whole}
	switch stmt := m.f.outer(index).(type) {
	case *ast.IncDecStmt:
		m.entry(n, key, n)
	case *ast.AssignStmt:
		for i, l := range stmt.Lhs {
			switch {
			case ast.Unparen(l) != index:
			case len(stmt.Lhs) == len(stmt.Rhs):
				m.entry(n, key, value{stmt.Rhs[i], n.in, whole})
			default:
				m.entry(n, key, value{stmt.Rhs[0], n.in, i})
			}
		}
	}
}

// moved follows a map to the variable or field that it is assigned to.
func (m *mapTrace) moved(v value, lhs, rhs []ast.Expr) {
	if len(lhs) != len(rhs) {
		return
	}
	for i, r := range rhs {
		if p, ok := m.f.placeAt(v.in, lhs[i]); ok && ast.Unparen(r) == v.expr {
			m.place(p)
		}
	}
}

// method follows a map into a method of its type. A library's method may add entries if its name says so.
func (m *mapTrace) method(v value, sel *ast.SelectorExpr) {
	fn, ok := v.in.info.Uses[sel.Sel].(*types.Func)
	if !ok {
		return
	}
	switch {
	case m.f.funcs[fn.Pos()] != nil:
		m.place(placeOf(fn.Signature().Recv()))
	case fn.Name() == "Set" || fn.Name() == "Add":
		m.unseen(value{sel, v.in, whole}, sel)
	}
}

// argument follows a map into a function of the program. Other functions add entries if they get the map's address or
// copy into it.
func (m *mapTrace) argument(v value, call *ast.CallExpr) {
	if v.in.info.Types[ast.Unparen(call.Fun)].IsType() {
		m.use(value{call, v.in, whole})
		return
	}
	i := slices.IndexFunc(m.f.args(call), func(arg ast.Expr) bool { return ast.Unparen(arg) == v.expr })
	if i < 0 {
		return
	}
	fn := callee(v.in, call)
	if m.parameter(v.in, call, fn, i) {
		return
	}
	_, isAddress := v.expr.(*ast.UnaryExpr)
	switch {
	case isAddress:
		m.unseen(value{call, v.in, whole}, v.expr)
	case i == 0 && len(call.Args) == 2 && isOfMaps(fn, "Copy"):
		m.value(value{call.Args[1], v.in, whole})
	case i == 0 && len(call.Args) == 2 && isOfMaps(fn, "Insert"):
		m.unseen(value{call, v.in, whole}, call.Args[1])
	}
}

// parameter follows a map to the parameter that it is passed as. It reports whether the function is the program's.
func (m *mapTrace) parameter(u *unit, call *ast.CallExpr, fn *types.Func, i int) bool {
	if fn == nil {
		return m.closure(u, call, i)
	}
	params := fn.Signature().Params()
	if params.Len() == 0 {
		return false
	}
	p := placeOf(params.At(min(i, params.Len()-1)))
	found := m.f.funcs[fn.Pos()] != nil
	if found {
		m.place(p)
	}
	for to, from := range m.f.same { // through an interface
		if slices.Contains(from, p) {
			found = true
			m.place(to)
		}
	}
	return found
}

// closure follows a map to the parameter of a function literal.
func (m *mapTrace) closure(u *unit, call *ast.CallExpr, i int) bool {
	found := false
	for _, l := range m.f.origins(value{call.Fun, u, whole}, false) {
		lit, ok := ast.Unparen(l.expr).(*ast.FuncLit)
		if !ok {
			continue
		}
		if sig, ok := l.in.info.TypeOf(lit).(*types.Signature); ok && sig.Params().Len() > 0 {
			found = true
			m.place(placeOf(sig.Params().At(min(i, sig.Params().Len()-1))))
		}
	}
	return found
}

// isOfMaps reports whether a function is one of package maps.
func isOfMaps(fn *types.Func, name string) bool {
	return fn != nil && fn.Pkg() != nil && fn.Name() == name && (fn.Pkg().Path() == "maps" || fn.Pkg().Path() == "golang.org/x/exp/maps")
}

// isLater reports whether a use of a variable comes after its function hands the map on for the last time: the wrapper
// cannot have seen it.
func (m *mapTrace) isLater(use value) bool {
	id, ok := use.expr.(*ast.Ident)
	if !ok {
		return false
	}
	fn := m.f.declAround(use.expr)
	if v, ok := use.in.info.Uses[id].(*types.Var); !ok || v.Kind() != types.LocalVar || fn == nil {
		return false
	}
	last := token.NoPos
	for p := range m.from {
		for _, other := range m.f.uses[p] {
			if m.f.declAround(other.expr) != fn || !m.handsOn(other) {
				continue
			}
			if m.f.isRepeated(other.expr) {
				return false
			}
			last = max(last, m.f.outer(other.expr).End())
		}
	}
	return last.IsValid() && use.expr.Pos() >= last
}

// handsOn reports whether a use of a map passes it on towards the wrapper, as an argument or a result.
func (m *mapTrace) handsOn(use value) bool {
	switch n := m.f.outer(use.expr).(type) {
	case *ast.ReturnStmt:
		return true
	case *ast.CallExpr:
		if n == m.at.expr {
			return true
		}
		fn := callee(use.in, n)
		i := slices.IndexFunc(m.f.args(n), func(arg ast.Expr) bool { return ast.Unparen(arg) == use.expr })
		return fn == nil || i >= 0 && i < fn.Signature().Params().Len() && m.from[placeOf(fn.Signature().Params().At(i))]
	}
	return false
}

// entry notes an entry as a use of its key.
func (m *mapTrace) entry(at, key, val value) {
	s := m.site(at)
	if s == nil {
		return
	}
	s.keyExpr, s.val = key, val
	if isNil(val) && s.verb == writeVerb {
		s.verb = deleteVerb
	}
	m.f.add(s)
}

// unseen notes entries that the program does not name.
func (m *mapTrace) unseen(at value, of ast.Expr) {
	s := m.site(at)
	if s == nil {
		return
	}
	s.keyExpr, s.dynamic = value{of, at.in, keysOf}, "the keys of "+types.ExprString(of)
	m.f.add(s)
}

// site makes a use through the wrapper, nil if it is known already.
func (m *mapTrace) site(at value) *site {
	session := m.w.sessionOf(m.f.flow, m.at)
	id := entryID{m.w.inner, at.expr.Pos(), session.expr, nil}
	if m.f.callerNames(m.w.inner) != nil {
		id.call = m.at.expr
	}
	if m.f.entries[id] {
		return nil
	}
	m.f.entries[id] = true
	return &site{lib: m.w.inner.lib, verb: m.w.inner.verb, at: at, via: m.w, call: m.at, session: session}
}
