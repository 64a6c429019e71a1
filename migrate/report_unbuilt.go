package migrate

import (
	"go/ast"
	"go/parser"
	"go/types"
	"maps"
	"slices"
	"strconv"
)

// leaveUnbuilt reports the files that build tags or their names exclude from this build, because migrate does not read
// them. A file counts if it imports a library, or names something in the program that has a library's type.
func (r *rewriter) leaveUnbuilt() {
	handed := r.handedOut()
	for _, path := range slices.Sorted(maps.Keys(r.p.listed)) {
		l := r.p.listed[path]
		if !own(l) {
			continue
		}
		for _, name := range l.IgnoredGoFiles {
			f, _ := parser.ParseFile(r.p.fset, name, nil, 0) // with its declarations resolved, unlike the program's files
			if f == nil {
				continue
			}
			if n := usesSessions(f, handed, handed[path]); n != nil {
				r.leave(value{expr: n}, "a file of another build", refusal{"build tags or its name leave it out here", "change it by hand"})
			}
		}
	}
}

// handedOut lists the names of everything with a library's type: package-level names by the package's path, fields and
// methods under "".
func (r *rewriter) handedOut() map[string]map[string]bool {
	names := map[string]map[string]bool{"": {}}
	for _, u := range r.p.units {
		if u.tests || u.types == nil {
			continue
		}
		names[u.path] = map[string]bool{}
		for _, obj := range u.info.Defs {
			if obj == nil || !slices.ContainsFunc(packagesOf(obj.Type()), func(p *types.Package) bool { return libraryOf(p.Path()) != nil || makesStores(p.Path()) }) {
				continue
			}
			switch obj.Parent() {
			case u.types.Scope():
				names[u.path][obj.Name()] = true
			case nil:
				names[""][obj.Name()] = true
			}
		}
	}
	return names
}

// usesSessions returns the first expression of a file that has to do with a library, or nil.
func usesSessions(f *ast.File, handed map[string]map[string]bool, inPackage map[string]bool) (first ast.Expr) {
	imported := map[string]bool{}
	for _, spec := range f.Imports {
		path, _ := strconv.Unquote(spec.Path.Value)
		if libraryOf(path) != nil || makesStores(path) {
			return spec.Path
		}
		maps.Copy(imported, handed[path])
	}
	for _, id := range f.Unresolved {
		if inPackage[id.Name] {
			return id
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok && first == nil && (imported[sel.Sel.Name] || handed[""][sel.Sel.Name]) {
			first = sel
		}
		return first == nil
	})
	return first
}
