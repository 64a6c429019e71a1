package migrate

import (
	"go/ast"
	"go/types"
	"slices"
	"strings"
)

// Arrivals tell which values may come to an assertion.
type arrivals struct {
	*draft
	replaced []*replacedType
	moves    conversions
	held     map[heldKey][]value
	next     *newTypes // nil until first needed
}

// fails says why an assertion was true of values of an old type, and is not of those in their place. It is nil if the
// answer stays, or no such value comes to the assertion.
func (w *arrivals) fails(old *replacedType, a assertion) *refusal {
	if !types.Implements(old.typ, a.to) || !old.reaches[typeKey(typeOf(a.x))] || !w.comesTo(old, a) {
		return nil
	}
	if w.next == nil {
		w.next = w.newTypes()
	}
	return w.next.refusal(old, a)
}

// comesTo reports whether an old value may come to an assertion.
func (w *arrivals) comesTo(old *replacedType, a assertion) bool {
	t := &tracer{f: w.r.flow, seen: map[place]bool{}, visited: map[value]bool{}, stop: func(t types.Type) bool {
		return t != nil && (!types.IsInterface(t) || w.isReplaced(t))
	}}
	t.value(a.x)
	open := false
	for i := 0; i < len(t.leaves); i++ { // values that are held elsewhere add to the list
		l := t.leaves[i]
		typ := valueType(l.value)
		if held, ok := w.heldUnder(l.value); ok {
			for _, v := range held {
				t.value(v)
			}
			continue
		}
		switch {
		case l.isNil || l.constant != nil:
		case l.part == keysOf || l.part == elementsOf || typ == nil:
			open = true
		case typeKey(typ) == old.key:
			if old.store || !w.staysWithOld(l.value) {
				return true
			}
		case !w.isReplaced(typ):
			open = open || isOpen(typ)
		}
	}
	return open && w.isMeant(a)
}

func (w *arrivals) isReplaced(t types.Type) bool {
	key := typeKey(t)
	return slices.ContainsFunc(w.replaced, func(old *replacedType) bool { return old.key == key })
}

// isOpen reports whether anything may be in a value, or come out of it.
func isOpen(t types.Type) bool {
	switch u := t.Underlying().(type) {
	case *types.Interface, *types.Chan:
		return true
	case *types.Pointer:
		return types.IsInterface(u.Elem())
	}
	return false
}

// staysWithOld reports whether a session certainly comes from calls that the draft does not change.
func (w *arrivals) staysWithOld(v value) bool {
	leaves := w.r.origins(v, false)
	return len(leaves) > 0 && !slices.ContainsFunc(leaves, func(l leaf) bool {
		call, ok := ast.Unparen(l.expr).(*ast.CallExpr)
		if !ok {
			return true
		}
		_, gets := w.r.acquisitionOf(l.in, call)
		return !gets || w.isChanged(l.value)
	})
}

// isMeant reports whether no other value that may come to an assertion has the methods: neither types of the program
// whose values come there, nor types of dependencies, whose values may come from anywhere.
func (w *arrivals) isMeant(a assertion) bool {
	if w.r.othersAt(a) {
		return false
	}
	for path, pkg := range w.r.p.checked {
		if pkg == nil || w.r.p.unit(path) != nil || libraryOf(path) != nil || makesStores(path) || strings.HasPrefix(path, runtimePath) {
			continue
		}
		for _, obj := range typesWith(pkg, a.to) {
			if !isStore(types.NewPointer(obj.Type()), pkg) {
				return false
			}
		}
	}
	return true
}

// othersAt reports whether values of one of the program's own types, or pointers to them, may come to an assertion and have
// the methods. Types with methods of a library do not count.
func (f *flow) othersAt(a assertion) bool {
	at, moves := typeKey(typeOf(a.x)), f.conversions()
	for _, u := range f.p.units {
		if u.tests || u.types == nil {
			continue
		}
		for _, obj := range typesWith(u.types, a.to) {
			t := obj.Type()
			if !types.IsInterface(t) && !hasOldMethods(obj) && (isGeneric(t) || moves.from(t)[at] || moves.from(types.NewPointer(t))[at]) {
				return true
			}
		}
	}
	return false
}

// typesWith lists the types of a package that have the methods of an interface.
func typesWith(pkg *types.Package, i *types.Interface) []*types.TypeName {
	var list []*types.TypeName
	for _, name := range pkg.Scope().Names() {
		if obj, ok := pkg.Scope().Lookup(name).(*types.TypeName); ok && !obj.IsAlias() && hasMethods(obj.Type(), i) {
			list = append(list, obj)
		}
	}
	return list
}

// hasMethods reports whether a type, or a pointer to it, has the methods of an interface.
func hasMethods(t types.Type, i *types.Interface) bool {
	if isGeneric(t) {
		for m := range i.Methods() {
			if found, _, _ := types.LookupFieldOrMethod(types.NewPointer(t), true, m.Pkg(), m.Name()); found == nil {
				return false
			}
		}
		return true // one of its instances may have them
	}
	return types.Implements(t, i) || !types.IsInterface(t) && types.Implements(types.NewPointer(t), i)
}

func isGeneric(t types.Type) bool {
	named, ok := t.(*types.Named)
	return ok && named.TypeParams().Len() > 0
}
