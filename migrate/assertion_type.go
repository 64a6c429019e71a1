package migrate

import (
	"cmp"
	"go/types"
	"slices"
)

// A replacedType is a type whose values are others after the run: the old library's, or one of the program that has
// methods of these because it embeds one.
type replacedType struct {
	typ     types.Type
	key     string
	managed bool            // it is of a library with managers
	store   bool            // it is a manager or a store, which managers replace
	own     *types.TypeName // nil for a type of the library
	reaches map[string]bool // the keys of the interface types that its values come to
}

// replacedTypes lists them, those of the libraries first.
func (r *rewriter) replacedTypes() []*replacedType {
	var list []*replacedType
	add := func(t replacedType) {
		t.key = typeKey(t.typ)
		if !slices.ContainsFunc(list, func(other *replacedType) bool { return other.key == t.key }) {
			list = append(list, &t)
		}
	}
	for _, l := range r.libraryTypes {
		if l.lib.rewrite {
			add(replacedType{typ: l.typ, managed: l.lib.managed, store: l.lib.managed})
		}
	}
	for _, m := range r.makers() {
		if !m.at.in.tests {
			add(replacedType{typ: m.fn.Signature().Results().At(0).Type(), managed: m.managed(), store: true})
		}
	}
	for _, u := range r.p.units {
		if u.tests || u.types == nil {
			continue
		}
		for _, name := range u.types.Scope().Names() {
			if obj, ok := u.types.Scope().Lookup(name).(*types.TypeName); ok && hasOldMethods(obj) {
				add(replacedType{typ: obj.Type(), own: obj})
				add(replacedType{typ: types.NewPointer(obj.Type()), own: obj})
			}
		}
	}
	slices.SortFunc(list, func(a, b *replacedType) int { return cmp.Compare(a.key, b.key) })
	ofProgram := func(t *replacedType) bool { return t.own != nil }
	return slices.Concat(slices.DeleteFunc(slices.Clone(list), ofProgram), slices.DeleteFunc(list, func(t *replacedType) bool { return !ofProgram(t) }))
}

// hasOldMethods reports whether a type of the program has methods of a library.
func hasOldMethods(obj *types.TypeName) bool {
	named, ok := obj.Type().(*types.Named)
	if !ok || obj.IsAlias() || types.IsInterface(named) || isGeneric(named) {
		return false
	}
	for sel := range types.NewMethodSet(types.NewPointer(named)).Methods() {
		if pkg := sel.Obj().Pkg(); len(sel.Index()) > 1 && pkg != nil && (libraryOf(pkg.Path()) != nil || makesStores(pkg.Path())) {
			return true
		}
	}
	return false
}

// The newTypes are those of the draft.
type newTypes struct {
	r        *rewriter
	packages map[string]*types.Package
}

func (d *draft) newTypes() *newTypes { return &newTypes{d.r, d.builder().p.checked} }

// A newType takes the place of another.
type newType struct {
	name string // in the report
	typ  types.Type
}

// inPlaceOf lists the types that take the place of another.
func (n *newTypes) inPlaceOf(old *replacedType, u *unit) []newType {
	if old.own != nil {
		return n.named(old.own.Pkg().Path(), old.own.Name(), old.typ, u)
	}
	var list []newType
	for _, t := range n.r.targets {
		name := t.generated()
		if old.store {
			name += "Manager"
		}
		if t.fields[0].lib.managed == old.managed {
			list = append(list, n.named(n.r.home.path, name, types.NewPointer(types.Typ[types.Invalid]), u)...)
		}
	}
	return list
}

// named is a type of the draft, or the pointer to it if like is a pointer.
func (n *newTypes) named(path, name string, like types.Type, u *unit) []newType {
	pkg := n.packages[path]
	if pkg == nil {
		return nil
	}
	obj, ok := pkg.Scope().Lookup(name).(*types.TypeName)
	if !ok {
		return nil
	}
	if path != u.path {
		name = pkg.Name() + "." + name
	}
	if _, ok := like.(*types.Pointer); ok {
		return []newType{{"*" + name, types.NewPointer(obj.Type())}}
	}
	return []newType{{name, obj.Type()}}
}

// refusal says why an assertion is not true any more, nil if it is.
func (n *newTypes) refusal(old *replacedType, a assertion) *refusal {
	for _, next := range n.inPlaceOf(old, a.typ.in) {
		method := lacks(next.typ, a.to)
		if method == "" {
			continue
		}
		if old.own != nil {
			return &refusal{next.name + " had " + method + " from the old library, and has no such method now: " + a.effect,
				"declare " + method + " for it, or assert " + next.name}
		}
		fix := "assert an interface whose methods the new type has"
		if n.r.mayName(a.typ.in, n.r.home.path) {
			fix = "assert " + next.name + ", and call its methods"
		}
		return &refusal{typeText(old.typ) + " has its methods, and " + next.name + " in its place has no such " + method + ": " + a.effect, fix}
	}
	return nil
}

// mayName reports whether a package may have names of another, which it may have to import for that.
func (r *rewriter) mayName(u *unit, path string) bool {
	if u.path == path {
		return true
	}
	l := r.p.listed[path]
	return r.home.name != "main" && (l == nil || !slices.Contains(l.Deps, u.path))
}

// lacks returns the name of a method of an interface that a type does not have, "" if it has all. The type is of the
// draft, and the interface of the program before, so that their types are compared by their texts.
func lacks(t types.Type, i *types.Interface) string {
	set := types.NewMethodSet(t)
	for m := range i.Methods() {
		if sel := set.Lookup(m.Pkg(), m.Name()); sel == nil || signatureKey(sel.Obj()) != signatureKey(m) {
			return m.Name()
		}
	}
	return ""
}

// signatureKey identifies a method's signature, whatever its parameters' names are.
func signatureKey(m types.Object) string {
	sig := m.Type().(*types.Signature)
	return typeKey(types.NewSignatureType(nil, nil, nil, unnamed(sig.Params()), unnamed(sig.Results()), sig.Variadic()))
}

func unnamed(t *types.Tuple) *types.Tuple {
	var list []*types.Var
	for v := range t.Variables() {
		list = append(list, types.NewParam(v.Pos(), v.Pkg(), "", v.Type()))
	}
	return types.NewTuple(list...)
}
