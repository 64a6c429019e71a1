package migrate

import (
	"cmp"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// nameAt returns the expression for a maker's result at a position, or "" if there is none.
func (r *rewriter) nameAt(m *maker, u *unit, pos token.Pos) string {
	for scope := u.types.Scope().Innermost(pos); scope != nil && scope != types.Universe; scope = scope.Parent() {
		for _, name := range scope.Names() {
			obj := scope.Lookup(name)
			if _, seen := u.types.Scope().Innermost(pos).LookupParent(name, pos); seen != obj {
				continue
			}
			if text := r.nameIn(m, u, obj); text != "" {
				return text
			}
		}
	}
	return ""
}

// nameIn is the expression for a maker's result within an object: the object itself, one of its fields, or a variable
// of the package that it stands for.
func (r *rewriter) nameIn(m *maker, u *unit, obj types.Object) string {
	switch obj := obj.(type) {
	case *types.PkgName:
		return r.exportedBy(m, obj.Imported(), obj.Name())
	case *types.Func:
		return r.called(m, obj, obj.Name())
	case *types.Var:
		if m.held[placeOf(obj)] {
			return obj.Name()
		}
		t := obj.Type()
		if p, ok := t.Underlying().(*types.Pointer); ok {
			t = p.Elem()
		}
		s, ok := t.Underlying().(*types.Struct)
		for i := range fields(s, ok) {
			f := s.Field(i)
			if m.held[placeOf(f.Origin())] && (f.Exported() || f.Pkg() == u.types || f.Pkg().Path() == u.path) {
				return obj.Name() + "." + f.Name()
			}
		}
	}
	return ""
}

// exportedBy is the expression for a maker's result that another package exports: a variable, or a function that returns
// it. It is "" if there is none.
func (f *flow) exportedBy(m *maker, p *types.Package, name string) string {
	function := ""
	for _, of := range p.Scope().Names() {
		switch obj := p.Scope().Lookup(of).(type) {
		case *types.Var:
			if obj.Exported() && m.held[placeOf(obj)] {
				return name + "." + of
			}
		case *types.Func:
			if obj.Exported() && function == "" {
				function = f.called(m, obj, name+"."+of)
			}
		}
	}
	return function
}

// called returns the call of a function that needs no argument and returns a maker's result, or "". The function must
// not make a new result: it must return a field, or a variable of a package.
func (f *flow) called(m *maker, fn *types.Func, text string) string {
	result := place{fn.Pos(), 0}
	sig := fn.Signature()
	if sig.Recv() != nil || sig.Params().Len() > 0 || sig.TypeParams().Len() > 0 || sig.Results().Len() != 1 || !m.held[result] {
		return ""
	}
	for _, v := range f.into[result] {
		if !isNil(v) && !isKept(v) {
			return ""
		}
	}
	return text + "()"
}

// isKept reports whether a value is the value of a field, or of a variable of a package.
func isKept(v value) bool {
	var id *ast.Ident
	switch e := ast.Unparen(v.expr).(type) {
	case *ast.Ident:
		id = e
	case *ast.SelectorExpr:
		id = e.Sel
	default:
		return false
	}
	kept, ok := v.in.info.ObjectOf(id).(*types.Var)
	return ok && (kept.IsField() || isPackageLevel(kept))
}

// nameByImport is nameAt for code whose file may have to import the package that holds the maker's result.
func (w *wiring) nameByImport(m *maker, v value) string {
	if name := w.r.nameAt(m, v.in, v.expr.Pos()); name != "" {
		return name
	}
	units := slices.SortedFunc(slices.Values(w.r.p.units), func(a, b *unit) int { return cmp.Compare(a.path, b.path) })
	for _, u := range units {
		if u.tests || u.name == "main" || u.path == v.in.path || w.reaches(u.path, v.in.path) || !mayImport(v.in.path, u.path) {
			continue
		}
		if _, seen := v.in.types.Scope().Innermost(v.expr.Pos()).LookupParent(u.name, token.NoPos); seen != nil {
			continue
		}
		if name := w.r.exportedBy(m, u.types, u.name); name != "" {
			w.need(v.in, v.expr, u.path)
			return name
		}
	}
	return ""
}

// mayImport reports whether the rule for folders named internal lets a package import another.
func mayImport(from, to string) bool {
	i := strings.LastIndex("/"+to+"/", "/internal/")
	return i < 0 || strings.HasPrefix(from+"/", strings.TrimPrefix(("/" + to)[:i]+"/", "/"))
}

func fields(s *types.Struct, ok bool) int {
	if !ok {
		return 0
	}
	return s.NumFields()
}
