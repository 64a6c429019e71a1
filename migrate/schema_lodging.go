package migrate

import (
	"errors"
	"go/ast"
	"go/types"
	"slices"
)

// A lodging says which package the schemas go to. That package imports the types of the fields, and the packages that
// use sessions import it, so it may be unable to import a type's package. Such a type moves to the schemas, if their
// package is new.
type lodging struct {
	r     *rewriter
	users map[string]*unit // those that will import the schemas
	in    *unit            // the package of the program that the schemas go to, nil for a new one
}

// lodging decides where the schemas go, once.
func (r *rewriter) lodging() *lodging {
	if r.lodges == nil {
		l := &lodging{r: r, users: r.users()}
		r.storeUsers(l.users)
		l.in = l.choose()
		r.lodges = l
	}
	return r.lodges
}

func (l *lodging) choose() *unit {
	if l.r.wanted != "" {
		return l.r.p.unit(l.r.wanted)
	}
	if len(l.users) == 1 {
		for _, u := range l.users {
			return u
		}
	}
	if u := l.besideType(l.users); u != nil || !l.leavesSome() {
		return u
	}
	return l.besideType(l.rewritten()) // a store stays then
}

// rewritten are the packages with uses that may be rewritten: those in the program's own store are not.
func (l *lodging) rewritten() map[string]*unit {
	users := map[string]*unit{}
	for _, s := range l.r.sites {
		if !s.at.in.tests && !l.r.inStore(s.at) {
			users[s.at.in.path] = s.at.in
		}
	}
	return users
}

// besideType is the package of a field's type that has to stay there, nil if there is none that all users can import.
func (l *lodging) besideType(users map[string]*unit) *unit {
	for _, mustStay := range []func(*types.TypeName) bool{
		func(t *types.TypeName) bool { return !t.Exported() },
		func(t *types.TypeName) bool { return l.r.reachesUser(t.Pkg().Path(), l.users) },
	} {
		for _, t := range l.fieldTypes() {
			if u := l.r.p.unit(t.Pkg().Path()); mustStay(t) && canImport(u, users) {
				return u
			}
		}
	}
	return nil
}

// leavesSome reports whether a new package could not have some field.
func (l *lodging) leavesSome() bool {
	return slices.ContainsFunc(l.r.fields(), func(d *field) bool { return l.r.unfit(d) == nil && l.homeless(d.typ) != "" })
}

// canImport reports whether all who use sessions can import a package.
func canImport(u *unit, users map[string]*unit) bool {
	return u.name != "main" && (u.listed == nil || !slices.ContainsFunc(u.listed.Deps, func(dep string) bool { return users[dep] != nil }))
}

// fieldTypes lists the program's types that fields name.
func (l *lodging) fieldTypes() []*types.TypeName {
	var list []*types.TypeName
	for _, d := range l.r.fields() {
		if l.r.unfit(d) == nil {
			list = append(list, l.ownTypes(d.typ)...)
		}
	}
	return list
}

// ownTypes lists the types of the program that a type names.
func (l *lodging) ownTypes(t types.Type) []*types.TypeName {
	switch t := types.Unalias(t).(type) {
	case *types.Named:
		if name := l.ownType(t.Obj()); name != nil {
			return []*types.TypeName{name}
		}
	case *types.Map:
		return append(l.ownTypes(t.Key()), l.ownTypes(t.Elem())...)
	case interface{ Elem() types.Type }: // pointers, slices and arrays
		return l.ownTypes(t.Elem())
	}
	return nil
}

// ownType is a type that the program declares, nil if it does not. A package that is checked with its tests has each twice.
func (l *lodging) ownType(t *types.TypeName) *types.TypeName {
	if t.Pkg() == nil {
		return nil
	}
	u := l.r.p.unit(t.Pkg().Path())
	if u == nil {
		return nil
	}
	if same, ok := u.types.Scope().Lookup(t.Name()).(*types.TypeName); ok && same.Pos() == t.Pos() {
		return same
	}
	return t
}

// isOutOfReach reports whether the schemas' package cannot name a type where it is.
func (l *lodging) isOutOfReach(t *types.TypeName) bool {
	u := l.r.p.unit(t.Pkg().Path())
	switch {
	case u == l.in:
		return false
	case u.name == "main" || !t.Exported():
		return true
	case l.in == nil:
		return l.r.reachesUser(u.path, l.users)
	}
	return l.r.reachesUser(u.path, map[string]*unit{l.in.path: l.in})
}

// homeless returns the reason why no schema can have a field of a type, or "" if one can.
func (l *lodging) homeless(t types.Type) string {
	for _, own := range l.ownTypes(t) {
		if !l.isOutOfReach(own) {
			continue
		}
		if _, why := l.moved(own); why != "" {
			if l.r.p.unit(own.Pkg().Path()).name == "main" {
				return "its type is declared in a program, which no other package can import, and " + why
			}
			return "its type is declared in package " + own.Pkg().Name() + ", which uses sessions itself, and " + why
		}
	}
	return ""
}

// choose finds the package for the schemas.
func (r *rewriter) choose() (*home, error) {
	if r.wanted != "" {
		return r.chosen(r.wanted)
	}
	l := r.lodging()
	if len(l.users) > 1 {
		if err := r.inOneModule(l.users); err != nil {
			return nil, err
		}
	}
	if u := l.in; u != nil {
		return &home{path: u.path, name: u.name, dir: u.dir, file: r.free(u)}, nil
	}
	if h := r.leaf(); h != nil {
		return h, nil
	}
	return nil, errors.New("no free name for the package with the schemas: choose one with -package")
}

// declarationOfType is where the program declares a type, nil if it does so within a function.
func (r *rewriter) declarationOfType(t *types.TypeName) (*unit, *ast.TypeSpec) {
	u := r.p.unit(t.Pkg().Path())
	for id := range u.info.Defs {
		if spec, ok := r.parents[id].(*ast.TypeSpec); ok && id == spec.Name && id.Pos() == t.Pos() && t.Parent() == t.Pkg().Scope() {
			return u, spec
		}
	}
	return u, nil
}
