package migrate

import (
	"fmt"
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"strconv"

	"github.com/sessiongen/sessiongen/internal/golist"
)

// successors are the packages to move to first, by the older ones that they replace. Those have other methods, or are
// for older frameworks.
var successors = map[string]string{
	"github.com/alexedwards/scs":            "github.com/alexedwards/scs/v2",
	"github.com/alexedwards/scs/session":    "github.com/alexedwards/scs/v2",
	"github.com/gin-gonic/contrib/sessions": "github.com/gin-contrib/sessions",
	"github.com/ipfans/echo-session":        "github.com/labstack/echo-contrib/session",
}

// oldEcho has no major version in its path: it is echo before v4. There is no adapter for it.
const oldEcho = "github.com/labstack/echo"

// outdated are errors for the imports of packages that are too old, each with its place.
func (p *program) outdated(list []*golist.Package) (errs []error) {
	old := maps.Clone(successors)
	for _, l := range list {
		if libraryOf(l.ImportPath) == echoSession && slices.Contains(l.Deps, oldEcho) {
			old[l.ImportPath] = "echo v4 and its version of the package"
		}
	}
	for _, l := range list {
		reaches := func(path string) bool { return old[path] != "" }
		if own(l) && slices.ContainsFunc(slices.Concat(l.Deps, l.TestImports, l.XTestImports), reaches) {
			for _, name := range slices.Concat(sources(l), l.TestGoFiles, l.XTestGoFiles) {
				errs = append(errs, outdatedImports(p.dir, name, old)...)
			}
		}
	}
	return errs
}

func outdatedImports(dir, name string, old map[string]string) (errs []error) {
	fset := token.NewFileSet()
	f, _ := parser.ParseFile(fset, name, nil, parser.ImportsOnly)
	if f == nil {
		return nil
	}
	for _, spec := range f.Imports {
		path, _ := strconv.Unquote(spec.Path.Value)
		if old[path] != "" {
			pos := fset.Position(spec.Pos())
			pos.Filename = relative(dir, name)
			errs = append(errs, fmt.Errorf("%s: this version of %s is not supported: move to %s first", pos, path, old[path]))
		}
	}
	return errs
}
