package migrate

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strconv"
	"strings"

	"github.com/sessiongen/sessiongen/internal/modpath"
)

// leaveRest reports the remaining uses of the old library if no use of a key is rewritten: an earlier run has rewritten
// them, perhaps with exceptions.
func (r *rewriter) leaveRest() {
	keyed := slices.ContainsFunc(r.sites, func(s *site) bool { return s.verb.keyed() })
	if !r.findGenerated() {
		if !keyed {
			before := len(r.left)
			r.leaveUnread()
			if len(r.left) == before {
				r.leaveKeyless()
			}
		}
		return
	}
	rest := r.oldUses(r.p.units)
	if len(rest) == 0 && !slices.ContainsFunc(r.makers(), func(m *maker) bool { return !m.at.in.tests }) { // only tests use it
		r.leaveBroken()
		return
	}
	w := newWiring(r)
	why := refusal{"it was not wired", ""}
	if refused := w.plan(); refused != nil {
		why = *refused
	}
	w.reportManagers(why)
	if keyed { // which need the old library
		r.leaveBroken()
		return
	}
	for _, v := range rest {
		if !r.saidOf(v) {
			r.leave(v, oldPackage(v.in, v.expr)+": "+r.p.text(v.expr), stillUsed)
		}
	}
}

var stillUsed = refusal{"the old library is still used here", "remove it once the new manager is in its place"}

// leaveBroken reports the type errors of the packages that reach sessions: an earlier run has left them. A missing
// package is another matter.
func (r *rewriter) leaveBroken() {
	for _, u := range slices.Concat(r.p.units, r.p.tests) {
		for _, e := range u.errors {
			pos := r.p.place(e.Pos)
			pos.Filename = relative(r.p.dir, pos.Filename)
			if !strings.HasPrefix(e.Msg, "could not import") {
				r.left = append(r.left, broken(pos, e))
			}
		}
	}
}

// leaveUnread reports the first type error of each file. No use of a key was found, perhaps because of these errors.
func (r *rewriter) leaveUnread() {
	said := map[string]bool{}
	for _, u := range r.p.units {
		for _, e := range u.errors {
			pos := r.p.place(e.Pos)
			if said[pos.Filename] {
				continue
			}
			said[pos.Filename] = true
			pos.Filename = relative(r.p.dir, pos.Filename)
			r.left = append(r.left, Left{pos, firstLine(e.Msg), "no use of a session is found where a program does not compile", "make it compile first"})
		}
	}
}

// leaveKeyless reports what a program without keys has of the old library: there is no schema to write, and nothing
// to rewrite.
func (r *rewriter) leaveKeyless() {
	for _, v := range r.oldUses(r.p.units) {
		if !r.saidOf(v) {
			r.leave(v, oldPackage(v.in, v.expr)+": "+r.p.text(v.expr), refusal{"the program keeps nothing in a session", "remove it"})
		}
	}
}

// nothing is the note for a program in which nothing is found.
func (r *rewriter) nothing() string {
	for _, u := range r.p.tests {
		u := *u
		u.tests = false
		if len(r.oldUses([]*unit{&u})) > 0 {
			return "only tests use sessions: -tests rewrites them"
		}
	}
	return "the program imports a session library, and no use of a session is found"
}

// oldUses lists the names of old libraries that packages still use.
func (r *rewriter) oldUses(units []*unit) []value {
	var list []value
	for _, u := range units {
		for _, file := range u.files {
			ast.Inspect(file, func(n ast.Node) bool {
				e, ok := n.(ast.Expr)
				if ok && !u.tests && oldPackage(u, e) != "" {
					list = append(list, value{e, u, whole})
					return false
				}
				return true
			})
		}
	}
	return list
}

// saidOf reports whether the report already mentions a line.
func (r *rewriter) saidOf(v value) bool {
	pos := r.p.place(v.expr.Pos())
	name := relative(r.p.dir, pos.Filename)
	return slices.ContainsFunc(r.left, func(l Left) bool { return l.Pos.Filename == name && l.Pos.Line == pos.Line })
}

// oldPackage is the report's name for the package of a qualified name, or of a name from a dot import, if it is a library
// or makes stores for one; otherwise "".
func oldPackage(u *unit, e ast.Expr) string {
	pkg := packageOf(u, e)
	if pkg == nil {
		return ""
	}
	if l := libraryOf(pkg.Path()); l != nil {
		return l.name
	}
	if makesStores(pkg.Path()) {
		return strings.TrimPrefix(modpath.WithoutMajor(pkg.Path()), "github.com/")
	}
	return ""
}

// packageOf is the package that declares what such a name means, nil if it is the program's own.
func packageOf(u *unit, e ast.Expr) *types.Package {
	switch e := e.(type) {
	case *ast.SelectorExpr:
		if id, ok := e.X.(*ast.Ident); ok {
			if pkg, ok := u.info.Uses[id].(*types.PkgName); ok {
				return pkg.Imported()
			}
		}
	case *ast.Ident:
		if obj := u.info.Uses[e]; obj != nil && obj.Pkg() != nil && obj.Pkg() != u.types && obj.Parent() == obj.Pkg().Scope() {
			return obj.Pkg()
		}
	}
	return nil
}

// findGenerated finds the sessions that have been generated already. It reports whether there are any.
func (r *rewriter) findGenerated() bool {
	for _, u := range r.p.units {
		for _, typ := range generatedIn(u) {
			r.home = &home{path: u.path, name: u.name, dir: u.dir}
			r.targets = append(r.targets, &target{session: cookieOf(u, typ), typeName: typ, names: map[*field]string{}})
		}
	}
	return r.home != nil
}

// generatedIn lists the types of the sessions that have been generated in a package.
func generatedIn(u *unit) []string {
	if u.tests || u.types == nil {
		return nil
	}
	var list []string
	for _, name := range u.types.Scope().Names() {
		typ, ok := strings.CutSuffix(name, "Manager")
		if ok && u.types.Scope().Lookup("New"+name) != nil && u.types.Scope().Lookup(typ+"From") != nil {
			list = append(list, typ)
		}
	}
	return list
}

// cookieOf is the cookie's name in the doc comment of a session's schema, "" if it names none.
func cookieOf(u *unit, typ string) string {
	for _, file := range u.files {
		for _, d := range file.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.TYPE || len(g.Specs) != 1 || upper(g.Specs[0].(*ast.TypeSpec).Name.Name) != typ {
				continue
			}
			_, text, _ := strings.Cut(strings.Join(strings.Fields(g.Doc.Text()), " "), inCookie)
			quoted, _ := strconv.QuotedPrefix(text)
			if name, err := strconv.Unquote(quoted); err == nil {
				return name
			}
		}
	}
	return ""
}
