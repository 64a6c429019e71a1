package schema

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/tools/go/packages"
)

// Config says what to load.
type Config struct {
	Dir      string   // where the go command runs, "" for the working directory
	Patterns []string // of packages, as the go command takes them; none means "."

	// Types chooses schemas, as name or name=GeneratedName; none means all. With some, others in
	// the same packages are left out.
	Types []string

	Output string   // base name of the generated file, "" for session_gen.go
	Tags   string   // build tags, separated by commas
	Env    []string // of the go command, nil for this process's own
}

// Load reads the packages that patterns name, in one call of the go command; in another one if a
// package was renamed since its file was generated, and if test files have schemas. The error is a
// *LoadError if packages could not be read, or Findings if schemas are at fault; there are no
// packages then.
//
// Packages need not compile, as before their first generation they cannot: handlers call what is
// not there yet. So the files that sessiongen wrote, whatever state they are in, and the bodies of
// functions are not part of the type check, and an error matters only where a schema's types depend
// on it. Dependencies come from export data; those that do not compile, from source.
func Load(cfg Config) ([]*Package, error) {
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, &LoadError{Message: err.Error()}
	}
	if _, err := os.Stat(dir); err != nil {
		return nil, &LoadError{Message: err.Error()}
	}
	only, err := typeNames(cfg.Types)
	if err != nil {
		return nil, err
	}
	l := &loader{
		dir:      dir,
		output:   cfg.Output,
		only:     only,
		syntax:   map[string]scanner.ErrorList{},
		sessions: map[string]bool{},
		dirs:     map[string]*directory{},
	}
	if l.output == "" {
		l.output = "session_gen.go"
	}
	patterns := cfg.Patterns
	if len(patterns) == 0 {
		patterns = []string{"."}
	}
	conf := &packages.Config{
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedImports |
			packages.NeedTypes | packages.NeedTypesInfo | packages.NeedSyntax | packages.NeedModule,
		Dir:       dir,
		Env:       cfg.Env,
		Fset:      token.NewFileSet(),
		ParseFile: l.parse,
	}
	if cfg.Tags != "" {
		conf.BuildFlags = []string{"-tags=" + cfg.Tags}
	}
	pkgs, err := packages.Load(conf, patterns...)
	if stale := l.misnamed(pkgs); err == nil && len(stale) > 0 {
		tmp, terr := os.MkdirTemp("", "sessiongen")
		if terr != nil {
			return nil, &LoadError{Message: terr.Error()}
		}
		defer os.RemoveAll(tmp)
		pkgs, err = loadOver(conf, tmp, stale, patterns)
	}
	if err != nil {
		return nil, l.goFailed(err.Error())
	}
	if err := l.problems(pkgs, patterns); err != nil {
		return nil, err
	}
	tests, err := l.loadTests(conf, pkgs)
	if err != nil {
		return nil, err
	}
	return l.inspect(conf.Fset, slices.Concat(pkgs, tests))
}

// loadTests loads the packages again whose test files have schemas, with these files. To go/packages,
// a package with its tests is another one.
func (l *loader) loadTests(conf *packages.Config, pkgs []*packages.Package) ([]*packages.Package, error) {
	var paths []string
	for _, p := range pkgs {
		if len(l.directory(p.Dir).tests) > 0 {
			paths = append(paths, p.PkgPath)
		}
	}
	if len(paths) == 0 {
		return nil, nil
	}
	conf.Tests = true
	conf.Mode |= packages.NeedForTest
	tests, err := packages.Load(conf, paths...)
	if err != nil {
		return nil, l.goFailed(err.Error())
	}
	tests = slices.DeleteFunc(tests, func(p *packages.Package) bool { return p.ForTest == "" })
	if len(tests) == 0 {
		return nil, nil // of another build configuration
	}
	return tests, l.problems(tests, paths)
}

// typeNames reads Config.Types.
func typeNames(list []string) ([]TypeName, error) {
	var names []TypeName
	for _, entry := range list {
		schema, generated, renamed := strings.Cut(entry, "=")
		switch {
		case !token.IsIdentifier(schema):
			return nil, &LoadError{fmt.Sprintf("-type %s: %q is not the name of a type", entry, schema), "write -type session, or -type session=Visitor"}
		case renamed && (!token.IsIdentifier(generated) || !token.IsExported(generated)):
			return nil, &LoadError{fmt.Sprintf("-type %s: %q is not an exported name", entry, generated), "write -type session, or -type session=Visitor"}
		case slices.ContainsFunc(names, func(t TypeName) bool { return t.Schema == schema }):
			return nil, &LoadError{fmt.Sprintf("-type: %s is given twice", schema), ""}
		}
		names = append(names, TypeName{schema, generated})
	}
	return names, nil
}

type loader struct {
	dir    string
	output string
	only   []TypeName

	mu       sync.Mutex // go/packages parses files in parallel
	syntax   map[string]scanner.ErrorList
	sessions map[string]bool // files that may have session tags

	dirs map[string]*directory
}

// parse reads a file for go/packages: its declarations, but not the bodies of functions, and
// nothing at all of the files that we wrote. A body is kept if a schema may be inside it, to be
// reported.
func (l *loader) parse(fset *token.FileSet, name string, src []byte) (*ast.File, error) {
	if Ours(src, l.isOutput(name)) {
		// The package's name is not known here. Under another, the type checker passes the file
		// over, which is as good as an empty one.
		src = []byte(Header + "\n\npackage generated\n")
	}
	file, err := parser.ParseFile(fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
	if file == nil {
		return nil, err
	}
	for _, decl := range file.Decls {
		if fn, ok := decl.(*ast.FuncDecl); ok && fn.Body != nil {
			from, to := int(fn.Body.Pos()-file.FileStart), int(fn.Body.End()-file.FileStart)
			if !bytes.Contains(src[from:min(to, len(src))], []byte("session:")) {
				fn.Body = nil
			}
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if list, ok := err.(scanner.ErrorList); ok {
		l.syntax[name] = list
	}
	l.sessions[name] = bytes.Contains(src, []byte("session:"))
	return file, err
}

// inspect turns what go/packages found into the model.
func (l *loader) inspect(fset *token.FileSet, pkgs []*packages.Package) ([]*Package, error) {
	var fromSource []Source
	packages.Visit(pkgs, nil, func(p *packages.Package) {
		if len(p.Syntax) > 0 && p.Types != nil && p.TypesInfo != nil {
			fromSource = append(fromSource, l.source(fset, p))
		}
	})
	var result []*Package
	var findings Findings
	matched := map[string]bool{}
	byPath := map[string]*Package{} // without tests
	for _, p := range pkgs {
		pkg := &Package{Name: p.Name, Path: p.PkgPath, Dir: p.Dir, Types: p.Types, Output: l.outputFor(p)}
		result = append(result, pkg)
		src := l.source(fset, p)
		src.Deps = slices.DeleteFunc(slices.Clone(fromSource), func(s Source) bool { return s.Types == p.Types })
		if p.ForTest == "" {
			byPath[p.PkgPath] = pkg
		} else if tested := byPath[p.PkgPath]; tested != nil {
			src.Beside = tested.Schemas
		}
		findings = append(findings, l.inspectPackage(src, p, pkg)...)
		for _, s := range pkg.Schemas {
			matched[s.Name] = true
		}
	}
	l.findObsolete(pkgs, result)
	for i, pkg := range result {
		if len(pkg.Schemas) > 0 {
			pkg.Former = l.former(pkgs[i], pkg, result)
		}
	}
	for _, t := range l.only {
		if !matched[t.Schema] {
			wrong, err := l.unmatched(fset, t.Schema, pkgs)
			if err != nil && len(findings) == 0 {
				return nil, err
			}
			findings = append(findings, wrong...)
		}
	}
	if len(findings) > 0 {
		return nil, findings.Sorted()
	}
	return result, nil
}

func (l *loader) source(fset *token.FileSet, p *packages.Package) Source {
	return Source{Dir: l.dir, Fset: fset, Files: p.Syntax, Types: p.Types, Info: p.TypesInfo, Errors: typeErrors(p)}
}

// inspectPackage adds to pkg the schemas of p, and what code generated for them has to know.
func (l *loader) inspectPackage(src Source, p *packages.Package, pkg *Package) Findings {
	for _, file := range p.Syntax {
		// Of a package with its tests, only the tests: the rest was looked at before.
		name := src.Fset.File(file.FileStart).Name()
		if l.sessions[name] && (p.ForTest == "" || isTest(name)) {
			src.Schemas = append(src.Schemas, file)
		}
	}
	if len(src.Schemas) == 0 {
		return nil
	}
	if broken := l.syntaxErrors(p); len(broken) > 0 {
		return broken
	}
	tests, ignored := l.directory(p.Dir).siblings(src.Fset, p.Name, slices.Concat(p.GoFiles, p.CompiledGoFiles))
	src.Tests = tests
	var inUse []*ast.File
	for _, w := range l.others(src.Fset, p) {
		// The same schema once more can only be meant for another build configuration.
		again := func(schema string) bool { return l.chosen(schema) && p.Types.Scope().Lookup(schema) != nil }
		if !l.stays(w) || slices.ContainsFunc(w.schemas, again) {
			continue
		}
		inUse = append(inUse, w.file)
		if !w.excluded {
			src.Tests = append(src.Tests, w.file)
		}
	}
	schemas, findings := Inspect(src, l.only)
	excluded := ignored
	if p.ForTest != "" {
		excluded = tests
	}
	pkg.excluded = excludedSchemas(src, excluded)
	for _, file := range slices.Concat(src.Schemas, excluded) {
		for name := range taggedStructs(file) {
			if !slices.ContainsFunc(schemas, func(s *Schema) bool { return s.Name == name }) {
				pkg.Others = append(pkg.Others, name)
			}
		}
	}
	if len(schemas) > 0 {
		pkg.Schemas, pkg.Constraint = schemas, schemas[0].Constraint
		pkg.Declared, pkg.Imported = map[string]bool{}, map[string]bool{}
		pkg.declare(slices.Concat(p.Syntax, tests, ignored, inUse))
		findings = slices.Concat(findings, misnamed(pkg), l.losses(src.Fset, p, pkg))
	}
	return findings
}

// unmatched says why -type NAME chose nothing.
func (l *loader) unmatched(fset *token.FileSet, name string, pkgs []*packages.Package) (Findings, error) {
	var found Findings
	var structs []string
	for _, p := range pkgs {
		scope := p.Types.Scope()
		if obj := scope.Lookup(name); obj != nil {
			pos := fset.Position(obj.Pos())
			pos.Filename = relative(l.dir, pos.Filename)
			found = append(found, Finding{pos, fmt.Sprintf("-type %s: it is no struct type with session tags", name), "tag its fields, as in `session:\"user_id\"`"})
		}
		for _, name := range scope.Names() {
			if obj, ok := scope.Lookup(name).(*types.TypeName); ok {
				if _, ok := obj.Type().Underlying().(*types.Struct); ok {
					structs = append(structs, name)
				}
			}
		}
	}
	if len(found) > 0 {
		return found, nil
	}
	hint := ""
	if s := suggest(name, structs); s != "" {
		hint = "did you mean " + s + "?"
	}
	return nil, &LoadError{fmt.Sprintf("-type %s: there is no such type in the packages", name), hint}
}

// syntaxErrors are those of a package's hand-written files.
func (l *loader) syntaxErrors(p *packages.Package) Findings {
	var found Findings
	for _, name := range p.CompiledGoFiles {
		for _, err := range l.syntax[name] {
			err.Pos.Filename = relative(l.dir, err.Pos.Filename)
			f := Finding{Pos: err.Pos, Message: err.Msg}
			if tooNew(p) {
				f.Hint = tooNewHint
			}
			found = append(found, f)
		}
	}
	return found
}

// typeErrors are what the type checker found, with advice on further lines. For an import that
// failed, the go command knows the reason better.
func typeErrors(p *packages.Package) []types.Error {
	list := slices.Clone(p.TypeErrors)
	for i, err := range list {
		path, ok := strings.CutPrefix(err.Msg, "could not import ")
		path, _, _ = strings.Cut(path, " ")
		if dep := p.Imports[path]; ok && dep != nil && len(dep.CompiledGoFiles) == 0 && len(dep.Errors) > 0 {
			list[i].Msg = strings.TrimSpace(dep.Errors[0].Msg)
		}
		if tooNew(p) {
			list[i].Msg += "\n" + tooNewHint
		}
	}
	return list
}
