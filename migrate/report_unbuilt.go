package migrate

import (
	"go/ast"
	"go/parser"
	"go/types"
	"maps"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/sessiongen/sessiongen/internal/golist"
)

// leaveUnbuilt reports the files that this build leaves out, because migrate does not read them. A file counts if it
// imports a library, or names something in the program that has a library's type.
func (r *rewriter) leaveUnbuilt() {
	handed := r.handedOut()
	packages := map[string]*golist.Package{} // by directory
	for _, l := range r.p.listed {
		if own(l) {
			packages[l.Dir] = l
		}
	}
	for _, name := range r.p.unbuilt() {
		f, _ := parser.ParseFile(r.p.fset, name, nil, 0) // with its declarations resolved, unlike the program's files
		if f == nil {
			continue
		}
		var inPackage map[string]bool
		if l := packages[filepath.Dir(name)]; l != nil {
			inPackage = handed[l.ImportPath]
		} else if !r.p.concerns(f) {
			continue
		}
		if n := usesSessions(f, handed, inPackage); n != nil {
			r.leave(value{expr: n}, "a file of another build", leftOut(f))
		}
	}
}

// leftOut is the reason why a build leaves a file out.
func leftOut(f *ast.File) refusal {
	if slices.ContainsFunc(f.Imports, func(spec *ast.ImportSpec) bool { return spec.Path.Value == `"C"` }) {
		return refusal{"cgo is off, or build tags or its name leave it out here", "run it where there is a C compiler, or with CGO_ENABLED=1, or change the file by hand"}
	}
	return refusal{"build tags or its name leave it out here", "change it by hand"}
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
