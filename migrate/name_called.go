package migrate

import (
	"cmp"
	"go/ast"
	"maps"
	"slices"
	"strconv"
)

// Some functions get the name of a session from their callers. The name is then known for each call.

// Arguments are what parameters stand for in some calls.
type arguments map[place]value

// with adds the arguments of a call of a function.
func (a arguments) with(f *flow, fn *function, call value) arguments {
	all := maps.Clone(a)
	if all == nil {
		all = arguments{}
	}
	params := fn.fn.Signature().Params()
	for i := range params.Len() {
		all[placeOf(params.At(i))] = f.argument(call, i)
	}
	return all
}

// argumentsOf returns those of the calls by which a use reaches the session.
func (f *flow) argumentsOf(s *site) arguments {
	var given arguments
	for ; s.via != nil; s = s.via.inner {
		given = given.with(f, s.via.fn, s.call)
	}
	return given
}

// A calling is a way to call the function around a call that gets a session.
type calling struct {
	name  string // of the session, in angle brackets if it is computed
	given arguments
}

// callings returns the ways in which the program calls the function around a session's name, if its callers decide the
// name; otherwise it returns just the name.
func (f *finder) callings(v value, given arguments, depth int) []calling {
	n, known := f.named(v, given)
	if known && !f.ambiguous(n) && (hasFixedName(n.text) || !f.asksCallers(v)) {
		return []calling{{n.text, given}}
	}
	computed := []calling{{f.computedName(v), given}}
	fn := f.decider(n, v)
	if fn == nil || depth > 5 {
		return computed
	}
	var list []calling
	for _, call := range f.callsOf(fn.fn.Pos()) {
		if (v.in.tests || !call.in.tests) && f.functionAround(call.expr) != fn {
			list = append(list, f.callings(v, given.with(f.flow, fn, call), depth+1)...)
		}
	}
	if len(list) == 0 {
		return computed
	}
	return list
}

// asksCallers reports whether callers decide a name.
func (f *flow) asksCallers(v value) bool {
	n, known := f.named(v, nil)
	return !known && len(n.asked) > 0
}

// decider returns the function whose callers decide a name, or nil if there is none. The one around the name comes first.
func (f *flow) decider(n *namer, v value) *function {
	asked := slices.SortedFunc(maps.Keys(n.asked), func(a, b place) int { return cmp.Compare(a.pos, b.pos) })
	around := f.functionAround(v.expr)
	var found *function
	for _, p := range asked {
		fn := f.funcs[f.params[p].fn]
		if fn != nil && (found == nil || fn == around) {
			found = fn
		}
	}
	return found
}

// namesOf returns the names of the sessions that a call gets.
func (f *finder) namesOf(u *unit, call *ast.CallExpr, given arguments) []string {
	a, ok := f.acquisitionOf(u, call)
	if !ok {
		return nil
	}
	if a.name < 0 || a.name >= len(call.Args) {
		return []string{""}
	}
	var names []string
	for _, c := range f.callings(value{call.Args[a.name], u, whole}, given, 0) {
		if !slices.Contains(names, c.name) {
			names = append(names, c.name)
		}
	}
	return names
}

// ownNames returns the names of the sessions that a call gets for a use. One that only tests pass counts as computed.
func (f *finder) ownNames(s *site, l leaf, call *ast.CallExpr, given arguments) []string {
	names := f.namesOf(l.in, call, given)
	if s.via == nil || !s.at.in.tests || l.in.tests {
		return names
	}
	others := f.namesOf(l.in, call, nil)
	for i, name := range names {
		if !isComputed(name) && !slices.Contains(others, name) {
			names[i] = "<" + strconv.Quote(name) + ">"
		}
	}
	return names
}

// namedByCallers reports whether the callers of a function decide which session a call in it gets.
func (f *finder) namedByCallers(u *unit, call *ast.CallExpr) bool {
	a, ok := f.acquisitionOf(u, call)
	if !ok || a.name < 0 || a.name >= len(call.Args) {
		return false
	}
	v := value{call.Args[a.name], u, whole}
	return f.asksCallers(v) && slices.ContainsFunc(f.callings(v, nil, 0), func(c calling) bool { return !isComputed(c.name) })
}

// callerNames returns the function around a use whose callers decide which session it is of, or nil if they do not.
// They pass the name, or the session.
func (f *finder) callerNames(s *site) *function {
	around, given := f.functionAround(s.at.expr), f.argumentsOf(s)
	if s.lib.managed || s.session.expr == nil || around == nil || f.inStore(s.at) {
		return nil
	}
	if p, ok := f.sessionParam(f.ownerOf(s)); ok && f.params[p].fn == around.fn.Pos() && len(f.namesPassed(p)) > 1 {
		return around
	}
	for _, l := range f.origins(f.ownerOf(s), false) {
		call, ok := ast.Unparen(l.expr).(*ast.CallExpr)
		if !ok {
			continue
		}
		a, ok := f.acquisitionOf(l.in, call)
		if !ok || a.name < 0 || a.name >= len(call.Args) {
			continue
		}
		v := value{call.Args[a.name], l.in, whole}
		if n, known := f.named(v, given); !known && f.asks(n, around) {
			return around
		}
	}
	return nil
}

// sessionParam returns the parameter that a session comes from, if it comes from no other place.
func (f *flow) sessionParam(v value) (place, bool) {
	for range 10 {
		p, ok := f.placeAt(v.in, v.expr)
		if !ok {
			break
		}
		if _, ok := f.params[p]; ok {
			return p, true
		}
		if len(f.into[p]) != 1 {
			break
		}
		v = f.into[p][0]
	}
	return place{}, false
}

// namesPassed returns the names of the sessions that come to a parameter.
func (f *finder) namesPassed(p place) []string {
	var names []string
	for _, from := range f.into[p] {
		for _, l := range f.origins(from, false) {
			if call, ok := ast.Unparen(l.expr).(*ast.CallExpr); ok && !from.in.tests {
				names = append(names, f.namesOf(l.in, call, nil)...)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// asks reports whether a name depends on a parameter of a function.
func (f *flow) asks(n *namer, fn *function) bool {
	for p := range n.asked {
		if f.params[p].fn == fn.fn.Pos() {
			return true
		}
	}
	return false
}

// storeOf returns the expression for the store in a call that gets a session. A package of the library stands for its only
// store.
func (f *finder) storeOf(u *unit, call *ast.CallExpr, a acquisition) (value, bool) {
	if a.store {
		return value{call.Args[0], u, whole}, true
	}
	if fn := callee(u, call); f.receiverOf(call, fn) != nil {
		return value{f.receiverOf(call, fn), u, whole}, true
	}
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !ok {
		return value{}, false
	}
	return value{sel.X, u, whole}, true
}

// A namedStore is the one that a session of a name comes from.
type namedStore struct {
	name  string
	store value
}

// namedStores returns the sessions that a call of a store's method gets, each with its store: callers may decide both.
func (f *finder) namedStores(u *unit, call *ast.CallExpr) []namedStore {
	a, ok := f.acquisitionOf(u, call)
	if !ok {
		return nil
	}
	store, ok := f.storeOf(u, call, a)
	if !ok {
		return nil
	}
	if a.name < 0 || a.name >= len(call.Args) {
		return []namedStore{{"", store}}
	}
	var list []namedStore
	for _, c := range f.callings(value{call.Args[a.name], u, whole}, nil, 0) {
		of := namedStore{c.name, store}
		if p, ok := f.placeAt(u, store.expr); ok && c.given[p].expr != nil {
			of.store = c.given[p]
		}
		list = append(list, of)
	}
	return list
}
