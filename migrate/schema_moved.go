package migrate

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/types"
	"regexp"
	"slices"
)

// A movedType is a type of a session's values that moves to the package of the schemas. An alias stays in its place.
type movedType struct {
	of      *types.TypeName
	in      *unit
	spec    *ast.TypeSpec
	name    string // in the new package
	imports map[string]bool
	with    []*types.TypeName // types of its package that it names: they have to go along
}

// moved describes a type that goes to the package of the schemas, or says why it cannot.
func (l *lodging) moved(t *types.TypeName) (*movedType, string) {
	m, why := l.movedAlone(t)
	for i := 0; why == "" && i < len(m.with); i++ { // m.with grows
		var other *movedType
		if other, why = l.movedAlone(m.with[i]); why != "" {
			break
		}
		if other.name != other.of.Name() {
			return nil, "it holds " + other.of.Name() + ", which is not exported"
		}
		m.with = union(m.with, other.with)
	}
	return m, why
}

// movedAlone is moved without the types that the type names.
func (l *lodging) movedAlone(t *types.TypeName) (*movedType, string) {
	u, spec := l.r.declarationOfType(t)
	named, ok := t.Type().(*types.Named)
	switch {
	case l.in != nil:
		return nil, "package " + l.in.name + " cannot import that"
	case spec == nil || !ok || spec.TypeParams != nil:
		return nil, "its declaration cannot be moved"
	case named.NumMethods() > 0:
		return nil, "it has methods"
	}
	m := &movedType{of: t, in: u, spec: spec, name: upper(t.Name()), imports: map[string]bool{}}
	return m, l.look(m)
}

// look finds the objects that the declaration of a type names. It returns the reason if the type cannot move.
func (l *lodging) look(m *movedType) (why string) {
	ast.Inspect(m.spec.Type, func(n ast.Node) bool {
		if why != "" {
			return false
		}
		switch n := n.(type) {
		case *ast.Field:
			for _, name := range n.Names {
				if !name.IsExported() {
					why = "its member " + name.Name + " is not exported"
				}
			}
		case *ast.SelectorExpr:
			why = l.needsPackage(m, n)
			return false
		case *ast.Ident:
			why = m.names(m.in.info.Uses[n])
		}
		return true
	})
	return why
}

// needsPackage notes an import that the declaration needs.
func (l *lodging) needsPackage(m *movedType, n *ast.SelectorExpr) (why string) {
	id, _ := n.X.(*ast.Ident)
	pkg, ok := m.in.info.Uses[id].(*types.PkgName)
	switch {
	case !ok || pkg.Name() != pkg.Imported().Name():
		return "it names a package by another name"
	case l.r.reachesUser(pkg.Imported().Path(), l.users):
		return "it names package " + pkg.Name() + ", which uses sessions too"
	}
	m.imports[pkg.Imported().Path()] = true
	return ""
}

// names notes what else the declaration names, nil for the name of a member.
func (m *movedType) names(obj types.Object) (why string) {
	t, isType := obj.(*types.TypeName)
	switch {
	case obj == nil || obj.Pkg() == nil:
	case obj == m.of && m.name != obj.Name():
		return "it holds itself, and is not exported"
	case obj == m.of:
	case !isType || obj.Pkg() != m.of.Pkg():
		return "it names " + obj.Name()
	default:
		m.with = union(m.with, []*types.TypeName{t})
	}
	return ""
}

// movedTypes lists the types that go to the package of the schemas: those of fields, and what they name.
func (r *rewriter) movedTypes() []*movedType {
	l := r.lodging()
	var names []*types.TypeName
	for _, d := range r.schemaFields() {
		for _, t := range l.ownTypes(d.typ) {
			if l.isOutOfReach(t) {
				names = union(names, []*types.TypeName{t})
			}
		}
	}
	var list []*movedType
	for i := 0; i < len(names); i++ { // names grows
		if m, why := l.moved(names[i]); why == "" {
			list = append(list, m)
			names = union(names, m.with)
		}
	}
	slices.SortFunc(list, func(a, b *movedType) int { return cmp.Compare(a.name, b.name) })
	return list
}

// source is the declaration in the package of the schemas.
func (m *movedType) source(p *program) string {
	return fmt.Sprintf("\n// %s is %s.%s: it is declared here as sessions keep it.\ntype %[1]s %[4]s\n", m.name, m.in.name, m.of.Name(), p.text(m.spec.Type))
}

// movedName is a moved type in the text of a type: typeAtHome writes $ for its package.
var movedName = regexp.MustCompile(`\$\.\w+`)

// typeAtHome is how the package of the schemas writes a type. It adds what it has to import for that.
func (r *rewriter) typeAtHome(t types.Type, imports map[string]bool) string {
	from := map[string]bool{}
	for _, m := range r.movedTypes() {
		from[m.in.path] = true
	}
	text := types.TypeString(t, func(p *types.Package) string {
		switch {
		case p.Path() == r.home.path:
			return ""
		case from[p.Path()]:
			return "$"
		}
		imports[p.Path()] = true
		return p.Name()
	})
	return movedName.ReplaceAllStringFunc(text, func(name string) string { return upper(name[2:]) })
}

// moveTypes plans the aliases that stay in place of moved types.
func (r *rewriter) moveTypes() {
	for _, m := range r.movedTypes() {
		r.changes = append(r.changes, &change{at: value{m.spec.Name, m.in, whole}, fixed: true,
			edits: []edit{r.p.replaceRange(m.spec.Name.End(), m.spec.End(), " = "+r.qualify(m.in, m.spec, m.name))},
			note:  fmt.Sprintf("type %s is declared in package %s from now on: sessions keep it, and package %s uses sessions itself", m.of.Name(), r.home.name, m.in.name),
		})
		r.nameMembers(m)
	}
}

// nameMembers writes the names of members into literals of a moved type. The type is now in another package, and vet
// requires the names.
func (r *rewriter) nameMembers(m *movedType) {
	st, ok := m.of.Type().Underlying().(*types.Struct)
	for _, u := range r.p.units {
		if !ok || u.dir != m.in.dir {
			continue
		}
		for _, file := range u.files {
			ast.Inspect(file, func(n ast.Node) bool {
				lit, ok := n.(*ast.CompositeLit)
				if !ok || len(lit.Elts) != st.NumFields() || !isDeclaredAs(u.info.TypeOf(lit), m.of) {
					return true
				}
				c := &change{at: value{lit, u, whole}}
				for i, e := range lit.Elts {
					if _, named := e.(*ast.KeyValueExpr); !named {
						c.edits = append(c.edits, r.p.replaceRange(e.Pos(), e.Pos(), st.Field(i).Name()+": "))
					}
				}
				r.changes = append(r.changes, c)
				return true
			})
		}
	}
}

// isDeclaredAs reports whether a type is a declared one, or a pointer to it.
func isDeclaredAs(t types.Type, name *types.TypeName) bool {
	named := namedOf(t)
	return named != nil && named.Obj().Pos() == name.Pos()
}
