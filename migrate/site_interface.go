package migrate

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

// A standIn is an interface of the program through which a library's session or manager is used: it has some of its
// methods.
type standIn struct {
	lib    *library
	typ    string          // the library's type, by its name in the tables
	name   *types.TypeName // nil if it has none
	shared bool            // other types are used through it too
}

// A libraryType is the type of a library's sessions or managers.
type libraryType struct {
	lib  *library
	name string
	typ  types.Type
}

// libraryTypes lists those of the libraries that the program uses.
func (p *program) libraryTypes() []libraryType {
	var list []libraryType
	for path, pkg := range p.checked {
		lib := libraryOf(path)
		if lib == nil || pkg == nil {
			continue
		}
		for name := range lib.types {
			if obj, ok := pkg.Scope().Lookup(name).(*types.TypeName); ok {
				t := obj.Type()
				if !types.IsInterface(t) {
					t = types.NewPointer(t)
				}
				list = append(list, libraryType{lib, name, t})
			}
		}
	}
	return list
}

// standsIn is the interface of a call if the library's session or manager may be called through it.
func (f *finder) standsIn(u *unit, call *ast.CallExpr, fn *types.Func) *standIn {
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !ok || fn == nil || fn.Signature().Recv() == nil || !types.IsInterface(fn.Signature().Recv().Type()) {
		return nil
	}
	t := types.Unalias(u.info.TypeOf(sel.X))
	if literal, ok := t.(*types.Interface); ok {
		return f.withoutName(literal, value{sel.X, u, whole})
	}
	named, ok := t.(*types.Named)
	if !ok || !types.IsInterface(named) || named.Obj().Pkg() == nil || f.p.unit(named.Obj().Pkg().Path()) == nil {
		return nil
	}
	if known, ok := f.standIns[named.Obj().Pos()]; ok {
		return known
	}
	found := f.findStandIn(named)
	f.standIns[named.Obj().Pos()] = found
	return found
}

func (f *finder) findStandIn(named *types.Named) *standIn {
	for _, l := range f.libraryTypes {
		if !types.Implements(l.typ, named.Underlying().(*types.Interface)) {
			continue
		}
		s := &standIn{lib: l.lib, typ: l.name, name: named.Obj()}
		found := false
		for _, v := range f.comeBy(named.Obj()) {
			switch t := valueType(v); {
			case t == nil || types.IsInterface(t) && !types.Identical(t, l.typ):
			case types.Identical(t, l.typ):
				found = true
			case !v.in.tests:
				s.shared = true
			}
		}
		if found {
			s.shared = s.shared || f.assertedOfOthers(named)
			return s
		}
	}
	return nil
}

// withoutName is the stand-in for an unnamed interface of a value.
func (f *finder) withoutName(t *types.Interface, at value) *standIn {
	for _, l := range f.libraryTypes {
		if !types.Implements(l.typ, t) {
			continue
		}
		for _, from := range f.origins(at, false) {
			if from := valueType(from.value); from != nil && types.Identical(from, l.typ) {
				return &standIn{lib: l.lib, typ: l.name}
			}
		}
	}
	return nil
}

// comeBy lists the values that reach places of a named type: variables, parameters, fields and results.
func (f *flow) comeBy(name *types.TypeName) []value {
	var list []value
	for _, u := range f.p.units {
		for id, obj := range u.info.Uses {
			if obj.Pos() != name.Pos() || obj.Pos() == token.NoPos {
				continue
			}
			for _, p := range f.placesOfType(id) {
				for _, from := range f.into[p] {
					list = append(list, from)
					for _, l := range f.origins(from, false) {
						list = append(list, l.value)
					}
				}
			}
		}
	}
	return list
}

// placesOfType lists the places that are declared with a type.
func (f *flow) placesOfType(t ast.Expr) []place {
	var n ast.Node = t
	if sel, ok := f.parents[t].(*ast.SelectorExpr); ok && sel.Sel == t {
		n = sel
	}
	var places []place
	switch parent := f.parents[n].(type) {
	case *ast.Field:
		for _, name := range parent.Names {
			places = append(places, place{name.Pos(), self})
		}
		if len(parent.Names) == 0 {
			places = f.resultPlaces(parent)
		}
	case *ast.ValueSpec:
		for _, name := range parent.Names {
			places = append(places, place{name.Pos(), self})
		}
	}
	return places
}

// refusal says why a session's use through an interface stays.
func (s *standIn) refusal() *refusal {
	switch {
	case s == nil || s.name != nil && !s.shared:
		return nil
	case s.name == nil:
		return &refusal{"it goes through an interface without a name", "call the accessor, and have the " + s.typ + " itself there"}
	}
	return &refusal{"it goes through the interface " + s.name.Name() + ", which other types have, too", "call the accessor in a type of your own that has the interface"}
}

// retypedInterfaces lists the interfaces that the generated sessions, or managers, replace.
func (f *finder) retypedInterfaces(managed bool) []*standIn {
	var list []*standIn
	for _, s := range f.standIns {
		if s != nil && !s.shared && s.lib.managed == managed && s.lib.rewrite {
			list = append(list, s)
		}
	}
	slices.SortFunc(list, func(a, b *standIn) int { return int(a.name.Pos() - b.name.Pos()) })
	return list
}

// interfaceNames calls a function for each use of a type's name in the program, with the expression around it, except
// within an interface.
func (f *flow) interfaceNames(s *standIn, do func(*unit, ast.Expr)) {
	for _, u := range f.p.units {
		for _, file := range u.files {
			ast.Inspect(file, func(n ast.Node) bool {
				id, ok := n.(*ast.Ident)
				if !ok || u.info.Uses[id] == nil || u.info.Uses[id].Pos() != s.name.Pos() {
					return true
				}
				var all ast.Expr = id
				if sel, ok := f.parents[id].(*ast.SelectorExpr); ok {
					all = sel
				}
				if !f.embedded(all) {
					do(u, all)
				}
				return true
			})
		}
	}
}

// embedded reports whether a type's name is part of an interface.
func (f *flow) embedded(e ast.Expr) bool {
	field, ok := f.parents[e].(*ast.Field)
	if !ok || len(field.Names) > 0 {
		return false
	}
	_, ok = f.parents[f.parents[field]].(*ast.InterfaceType)
	return ok
}

// dropInterface is the edit that removes an interface's declaration with its comment. ok is false if other types are
// declared together with it.
func (r *rewriter) dropInterface(s *standIn) (at value, e edit, ok bool) {
	for _, u := range r.p.units {
		for id, obj := range u.info.Defs {
			if obj == nil || obj.Pos() != s.name.Pos() {
				continue
			}
			spec, isSpec := r.parents[id].(*ast.TypeSpec)
			decl, isDecl := r.parents[spec].(*ast.GenDecl)
			if !isSpec || !isDecl || len(decl.Specs) != 1 {
				return value{}, edit{}, false
			}
			from := decl.Pos()
			if decl.Doc != nil {
				from = decl.Doc.Pos()
			}
			return value{id, u, whole}, r.p.removeRange(from, decl.End()), true
		}
	}
	return value{}, edit{}, false
}

// interfaces puts managers in place of the interfaces that they are used through.
func (w *wiring) interfaces() {
	for _, s := range w.r.retypedInterfaces(true) {
		w.r.interfaceNames(s, func(u *unit, name ast.Expr) {
			if m := w.heldIn(name); m != nil {
				w.change(value{name, u, whole}, w.r.p.replace(name, "*"+w.r.qualify(u, name, w.r.managerType(m))))
			}
		})
		if at, e, ok := w.r.dropInterface(s); ok {
			w.change(at, e)
		}
	}
}

// interfaceTypes puts sessions in place of the interfaces that they are used through.
func (r *rewriter) interfaceTypes() {
	for _, s := range r.retypedInterfaces(false) {
		r.interfaceNames(s, func(u *unit, name ast.Expr) { r.sessionInPlaceOf(name, value{name, u, whole}) })
		if at, e, ok := r.dropInterface(s); ok {
			r.changes = append(r.changes, &change{at: at, fixed: true, edits: []edit{e}})
		}
	}
}
