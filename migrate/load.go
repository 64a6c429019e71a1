package migrate

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"go/types"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sessiongen/sessiongen/internal/golist"
)

// A unit is a package of the program, or a package together with its tests.
type unit struct {
	path, name, dir string
	tests           bool // files holds the test files only; the types are those of the whole
	goVersion       string
	names           []string // of files, absolute
	files           []*ast.File
	types           *types.Package
	info            *types.Info
	errors          []types.Error
	listed          *golist.Package
	all             []*ast.File // what is checked: files, and for tests the package's own as well
}

// A program is the part of a module that reaches a session library.
type program struct {
	dir     string // the working directory of the command
	module  golist.Module
	fset    *token.FileSet
	units   []*unit // each after its imports, tests last
	tests   []*unit // those that must only compile afterwards
	listed  map[string]*golist.Package
	checked map[string]*types.Package
	known   *known               // nil unless runs share packages
	syntax  map[string]*ast.File // by file name
	source  map[string][]byte    // by file name
	ondisk  map[string][]byte    // as the files are on disk
	overlay map[string][]byte    // new contents of files
	joined  []string             // packages with sessions that no pattern names
	aside   map[string]bool      // the folders of packages that are not of the program
	unread  map[string]error     // by file name, why a file of the program is not understood
}

// load reads and type-checks a program. A package that lacks a dependency is kept as far as it type-checks.
func load(cfg Config) (*program, error) {
	p := &program{
		dir: cfg.Dir, fset: token.NewFileSet(), listed: map[string]*golist.Package{}, checked: map[string]*types.Package{},
		syntax: map[string]*ast.File{}, source: map[string][]byte{}, ondisk: map[string][]byte{}, overlay: cfg.overlay,
		known: cfg.known, aside: map[string]bool{},
	}
	if cfg.known != nil {
		p.fset = cfg.known.fset
	}
	command := golist.Command{Dir: cfg.Dir, Tags: cfg.Tags}
	closure := command.Closure
	if cfg.closure != nil {
		closure = cfg.closure
	}
	list, err := p.list(command, closure, cfg)
	if err != nil {
		return nil, err
	}
	if cfg.only != "" {
		list = p.onlyOf(cfg.only, list)
	}
	if all, err := withTests(closure, list); err == nil {
		list = all
	} else if cfg.Tests {
		return nil, err
	}
	if errs := p.outdated(list); len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	for _, l := range list {
		p.listed[l.ImportPath] = l
	}
	needed, err := p.needed(list, reachesLibrary), error(nil)
	if p.module.Path == "" {
		err = errMigrated
	}
	maps.Copy(needed, p.needed(list, reachesRuntime)) // an earlier run may have left a part of the program
	if !slices.ContainsFunc(list, own) {
		return nil, errors.New("there is no package of a module here: run it in the module of the program")
	}
	p.unreadable(list)
	if p.module.Path == "" {
		return p, errors.Join(slices.Concat(p.unreadErrors(), p.unbuiltErrors(), []error{errNoLibrary})...)
	}
	for _, l := range list {
		switch {
		case !needed[l.ImportPath]:
		case own(l):
			p.check(l)
		case libraryOf(l.ImportPath) != nil || isRuntime(l.ImportPath):
			p.dependency(l.ImportPath)
		}
	}
	n := len(p.units)
	p.checkTests(list, needed)
	if !cfg.Tests {
		p.tests = slices.Clone(p.units[n:])
		p.units = p.units[:n]
	}
	if errs := p.unreadErrors(); len(errs) > 0 {
		return nil, errors.Join(append(errs, errUnread)...)
	}
	return p, err
}

// supports are the packages that the migrated program may import besides the runtime.
var supports = []string{runtimePath + "/scsstore", runtimePath + "/sqlstore", legacyPath, redisStore, ginAdapter, echoAdapter, echo5Adapter}

// isRuntime reports whether a package is of the runtime, as far as migrated programs use it.
func isRuntime(path string) bool {
	return path == runtimePath || path == runtimePath+"/codec" || slices.Contains(supports, path)
}

// ownModules are those of supports that are separate modules.
var ownModules = supports[3:]

// available lists the supports that the module has. If the go command were asked about a module that is not required,
// it might look for it on the network.
func available(dir string) []string {
	var list []string
	for up := dir; ; up = filepath.Dir(up) {
		mod, err := os.ReadFile(filepath.Join(up, "go.mod"))
		if err == nil {
			for _, path := range supports {
				if requires(string(mod), path) || !slices.Contains(ownModules, path) {
					list = append(list, path)
				}
			}
		}
		if err == nil || up == filepath.Dir(up) {
			return list
		}
	}
}

// requires reports whether a go.mod file requires a module. Replacing it is not enough.
func requires(mod, path string) bool {
	for line := range strings.Lines(mod) {
		if !strings.Contains(line, "=>") && strings.HasPrefix(strings.TrimSpace(strings.TrimPrefix(line, "require")), path+" ") {
			return true
		}
	}
	return false
}

// errMigrated is returned for a program that uses no session library any more.
var errMigrated = errors.New("no package imports a session library any more")

var errNoLibrary = errors.New("no package imports a session library that migrate knows")

// withTests also lists the packages that only tests import.
func withTests(closure func([]string) ([]*golist.Package, error), list []*golist.Package) ([]*golist.Package, error) {
	listed := map[string]bool{"C": true}
	var imports []string
	for _, l := range list {
		listed[l.ImportPath] = true
		if own(l) {
			imports = slices.Concat(imports, l.TestImports, l.XTestImports)
		}
	}
	has := func(path string) bool { return listed[path] }
	missing := slices.DeleteFunc(imports, has)
	if len(missing) == 0 {
		return list, nil
	}
	slices.Sort(missing)
	more, err := closure(slices.Compact(missing))
	more = slices.DeleteFunc(more, func(l *golist.Package) bool { return has(l.ImportPath) })
	return append(list, more...), err
}

// own reports whether a package may be changed.
func own(l *golist.Package) bool { return l.Module != nil && l.Module.Main }

// needed lists the packages of the main module that reach something, and everything that they import.
func (p *program) needed(list []*golist.Package, reaches func(*golist.Package) bool) map[string]bool {
	needed := map[string]bool{}
	for _, l := range list {
		if !own(l) || !p.reachesInTests(l, reaches) {
			continue
		}
		p.module = *l.Module
		needed[l.ImportPath] = true
		for _, path := range slices.Concat(l.Deps, l.TestImports, l.XTestImports) {
			needed[path] = true
		}
	}
	for path, l := range p.listed {
		if isRuntime(path) && l.Error == nil {
			needed[path] = true
		}
	}
	// Deps lacks the imports of tests, and what those import in turn.
	for i := len(list) - 1; i >= 0; i-- {
		if needed[list[i].ImportPath] {
			for _, path := range list[i].Deps {
				needed[path] = true
			}
		}
	}
	return needed
}

// reachesLibrary reports whether a package or its tests import a library, directly or through others.
func reachesLibrary(l *golist.Package) bool {
	return slices.ContainsFunc(slices.Concat(l.Deps, l.TestImports, l.XTestImports), func(path string) bool {
		return libraryOf(path) != nil
	})
}

// reachesRuntime reports whether a package imports the runtime, directly or through others.
func reachesRuntime(l *golist.Package) bool { return slices.Contains(l.Deps, runtimePath) }

// reachesInTests reports whether a package or an import of its tests reaches something. Other tests have nothing to do
// with sessions, and their imports are not loaded.
func (p *program) reachesInTests(l *golist.Package, reaches func(*golist.Package) bool) bool {
	return reaches(l) || slices.ContainsFunc(slices.Concat(l.TestImports, l.XTestImports), func(path string) bool {
		return p.listed[path] != nil && reaches(p.listed[path])
	})
}

// check type-checks a package of the program.
func (p *program) check(l *golist.Package) {
	u := &unit{path: l.ImportPath, name: l.Name, dir: l.Dir, names: sources(l), goVersion: goVersionOf(l), listed: l}
	u.files = p.parse(u.names, l.Name)
	u.all = u.files
	p.typecheck(u)
	p.checked[u.path] = u.types
	p.units = append(p.units, u)
}

// sources are the files of a package as people wrote them, without tests. What they have from C is of no known type.
func sources(l *golist.Package) []string { return slices.Concat(l.GoFiles, l.CgoFiles) }

// goVersionOf returns the version of Go that a package is written in, or "" if it is unknown.
func goVersionOf(l *golist.Package) string {
	if l.Module == nil || l.Module.GoVersion == "" {
		return ""
	}
	return "go" + l.Module.GoVersion
}

// checkTests type-checks the packages with their tests. The objects of a package then exist twice, at the same
// positions.
func (p *program) checkTests(list []*golist.Package, needed map[string]bool) {
	for _, l := range list {
		if !own(l) || !needed[l.ImportPath] || !p.reachesInTests(l, reachesLibrary) && !p.reachesInTests(l, reachesRuntime) {
			continue
		}
		base := p.unit(l.ImportPath)
		tested := base.types
		if len(l.TestGoFiles) > 0 {
			u := &unit{path: l.ImportPath, name: l.Name, dir: l.Dir, tests: true, names: l.TestGoFiles, goVersion: base.goVersion, listed: l}
			u.files = p.parse(u.names, l.Name)
			u.all = append(slices.Clone(base.files), u.files...)
			p.typecheck(u)
			tested = u.types
			p.units = append(p.units, u)
		}
		if len(l.XTestGoFiles) > 0 {
			u := &unit{path: l.ImportPath + "_test", name: l.Name + "_test", dir: l.Dir, tests: true, names: l.XTestGoFiles, goVersion: base.goVersion, listed: l}
			u.files = p.parse(u.names, u.name)
			u.all = u.files
			plain := maps.Clone(p.checked)
			p.checked[l.ImportPath] = tested
			if tested != base.types {
				p.recheckFor(l)
			}
			p.typecheck(u)
			p.checked = plain
			p.units = append(p.units, u)
		}
	}
}

// recheckFor type-checks again what a package's external tests import and what imports that package, as the go command
// does: these are of the package with its internal tests, too, or one type would be two.
func (p *program) recheckFor(l *golist.Package) {
	for _, u := range p.units {
		imported := slices.ContainsFunc(l.XTestImports, func(path string) bool {
			return path == u.path || p.listed[path] != nil && slices.Contains(p.listed[path].Deps, u.path)
		})
		if u.tests || !imported || !slices.Contains(u.listed.Deps, l.ImportPath) {
			continue
		}
		again := &unit{path: u.path, all: u.all, goVersion: u.goVersion, listed: u.listed}
		p.typecheck(again)
		p.checked[u.path] = again.types
	}
}

func (p *program) unit(path string) *unit {
	for _, u := range p.units {
		if u.path == path && !u.tests {
			return u
		}
	}
	return nil
}

func (p *program) typecheck(u *unit) {
	u.info = &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{},
		Implicits: map[ast.Node]types.Object{}, Selections: map[*ast.SelectorExpr]*types.Selection{}, Scopes: map[ast.Node]*types.Scope{},
		Instances: map[*ast.Ident]types.Instance{},
	}
	conf := types.Config{
		Importer:    importer{p, u.listed},
		FakeImportC: true,
		GoVersion:   u.goVersion,
		Error: func(err error) {
			if e, ok := errors.AsType[types.Error](err); ok {
				u.errors = append(u.errors, e)
			}
		},
	}
	u.types, _ = conf.Check(u.path, p.fset, u.all, u.info)
}

// parse parses files. Files of another package, which the go command would reject, are left out.
func (p *program) parse(names []string, pkg string) []*ast.File {
	var files []*ast.File
	for _, name := range names {
		f := p.file(name)
		switch {
		case f == nil:
		case f.Name.Name == pkg:
			files = append(files, f)
		default:
			p.misread(name, fmt.Errorf("%s is of package %s, and the others in its folder are of %s", relative(p.dir, name), f.Name.Name, pkg))
		}
	}
	return files
}

func (p *program) file(name string) *ast.File {
	if f := p.syntax[name]; f != nil {
		return f
	}
	src, ok := p.overlay[name]
	if !ok {
		var err error
		if src, err = os.ReadFile(name); err != nil {
			p.misread(name, err)
			return nil
		}
	}
	p.ondisk[name] = src
	src = plain(src)
	f, err := parser.ParseFile(p.fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
	if list, ok := errors.AsType[scanner.ErrorList](err); ok {
		p.misread(name, fmt.Errorf("%s:%d:%d: %s", relative(p.dir, name), list[0].Pos.Line, list[0].Pos.Column, list[0].Msg))
	}
	p.syntax[name], p.source[name] = f, src
	return f
}

// An importer finds the packages that a package imports.
type importer struct {
	p *program
	l *golist.Package
}

func (i importer) Import(path string) (*types.Package, error) {
	path = i.l.Imported(path)
	if pkg := i.p.checked[path]; pkg != nil {
		return pkg, nil
	}
	if pkg := i.p.dependency(path); pkg != nil {
		return pkg, nil
	}
	return nil, notThere(path)
}

// notThere is the error for a missing package. Before and after a run it reads the same, so that an old error is not
// reported as new.
func notThere(path string) error { return errors.New("package " + path + " is not there") }
