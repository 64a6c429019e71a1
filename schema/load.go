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

// Load reads the packages that patterns name, in one call of the go command, or two if a package
// was renamed since its file was generated. The error is a *LoadError if packages could not be read, or Findings if
// schemas are at fault; there are no packages then.
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
		pkgs, err = loadOver(conf, stale, patterns)
	}
	if err != nil {
		return nil, l.goFailed(err.Error())
	}
	if err := l.problems(pkgs, patterns); err != nil {
		return nil, err
	}
	return l.inspect(conf.Fset, pkgs)
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
}

// parse reads a file for go/packages: its declarations, but not the bodies of functions, and
// nothing at all of the files that we wrote. A body is kept if a schema may be inside it, to be
// reported.
func (l *loader) parse(fset *token.FileSet, name string, src []byte) (*ast.File, error) {
	if isGenerated(src, name, l.output) {
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
			fromSource = append(fromSource, Source{Fset: fset, Files: p.Syntax, Types: p.Types, Info: p.TypesInfo, Errors: typeErrors(p), Dir: l.dir})
		}
	})
	var result []*Package
	var findings Findings
	matched := map[string]bool{}
	for _, p := range pkgs {
		mayHold := slices.ContainsFunc(p.CompiledGoFiles, func(name string) bool { return l.sessions[name] })
		near := readSiblings(fset, p.Dir, p.Name, l.output, slices.Concat(p.GoFiles, p.CompiledGoFiles), mayHold)
		pkg := &Package{Name: p.Name, Path: p.PkgPath, Dir: p.Dir, Types: p.Types, Generated: near.generated}
		result = append(result, pkg)
		if !mayHold {
			continue
		}
		if broken := l.syntaxErrors(p); len(broken) > 0 {
			findings = append(findings, broken...)
			continue
		}
		src := Source{Dir: l.dir, Fset: fset, Files: p.Syntax, Tests: near.tests, Types: p.Types, Info: p.TypesInfo, Errors: typeErrors(p)}
		src.Deps = slices.DeleteFunc(slices.Clone(fromSource), func(s Source) bool { return s.Types == p.Types })
		schemas, wrong := Inspect(src, l.only)
		findings = append(findings, wrong...)
		for _, s := range schemas {
			matched[s.Name] = true
		}
		if len(schemas) > 0 {
			pkg.Schemas = schemas
			pkg.Taken = taken(slices.Concat(p.Syntax, near.tests, near.ignored))
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
		return nil, findings.sorted()
	}
	return result, nil
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
