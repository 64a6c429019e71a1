package schema

import (
	"fmt"
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/sessiongen/sessiongen/internal/golist"
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

// defaultOutput is the generated file's name if Config does not say another.
const defaultOutput = "session_gen.go"

// Load reads the packages that patterns name. The go command says which they are and which files belong
// to them, and in a second call where the export data of their imports is. The error is a *LoadError if
// packages could not be read, or Findings if schemas are at fault; there are no packages then.
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
		dir:    dir,
		output: cfg.Output,
		only:   only,
		fset:   token.NewFileSet(),
		golist: golist.Command{Dir: dir, Env: cfg.Env, Tags: cfg.Tags},
	}
	if l.output == "" {
		l.output = defaultOutput
	}
	patterns := cfg.Patterns
	if len(patterns) == 0 {
		patterns = []string{"."}
	}
	if err := l.checkOutput(); err != nil {
		return nil, err
	}
	if err := l.list(patterns); err != nil {
		return nil, err
	}
	return l.load()
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
	fset   *token.FileSet

	golist  golist.Command
	context golist.Context
	dirs    []*directory
}

// list asks the go command for the packages, and reads their files.
func (l *loader) list(patterns []string) error {
	var contextErr error
	var asking sync.WaitGroup
	asking.Go(func() { l.context, contextErr = l.golist.Context() })
	pkgs, err := l.golist.Packages(patterns...)
	asking.Wait()
	if err == nil {
		err = contextErr
	}
	if err != nil {
		return l.goFailed(err.Error())
	}
	for _, p := range pkgs {
		if p.ImportPath == "command-line-arguments" {
			return fileArguments(patterns)
		}
		l.dirs = append(l.dirs, l.directory(p))
	}
	if err := l.withoutOurs(patterns); err != nil {
		return err
	}
	for _, d := range l.dirs {
		if len(d.written) > 0 || slices.ContainsFunc(d.hand(), (*file).mayHaveSchema) || d.Error != nil {
			l.parse(d.hand())
		}
	}
	return l.problems(patterns)
}

// fileArguments is the error of a run on files, as with $GOFILE in a directive: what other files declare would
// seem to be gone.
func fileArguments(patterns []string) error {
	return &LoadError{fmt.Sprintf("%s names files, but a package is generated as a whole", strings.Join(patterns, " ")),
		"name the package, or nothing for the one in this directory; -type session chooses a schema of it"}
}

// load makes the model of what list found.
func (l *loader) load() ([]*Package, error) {
	var units []*unit
	var findings Findings
	for _, d := range l.dirs {
		ofDir := l.units(d)
		findings = append(findings, l.settle(d, ofDir)...)
		units = append(units, ofDir...)
	}
	// To the outside, the tests come behind all packages.
	slices.SortStableFunc(units, func(a, b *unit) int { return btoi(a.tests) - btoi(b.tests) })
	for _, u := range units {
		if broken := l.broken(u); len(broken) > 0 {
			findings = append(findings, broken...)
			u.own = nil
		}
	}
	check := newChecker(l, units)
	if err := check.all(); err != nil {
		return nil, l.goFailed(err.Error())
	}
	var result []*Package
	for _, u := range units {
		findings = append(findings, l.inspect(u, check)...)
		result = append(result, u.pkg)
	}
	wrong, err := l.unmatched(units)
	findings = append(findings, wrong...)
	switch {
	case len(findings) > 0:
		return nil, findings.Sorted()
	case err != nil:
		return nil, err
	}
	return result, l.checkTargets(units)
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// A unit is what is type-checked at once: a package, a package with its tests, or the tests from outside.
type unit struct {
	dir     *directory
	name    string
	path    string
	files   []*file  // that are type-checked
	own     []*file  // those of them to look for schemas in
	tests   bool     // own are tests
	outside bool     // they are of another package than what they test
	schemas []string // the ones that this run is about
	pkg     *Package

	checked
}

// target is the absolute name of the file to generate.
func (u *unit) target() string { return filepath.Join(u.dir.Dir, u.pkg.Output) }

// units are the package of a directory, and its tests if there are schemas in them.
func (l *loader) units(d *directory) []*unit {
	tests := slices.Concat(d.built, d.tests)
	list := []*unit{
		{name: d.name, path: d.ImportPath, files: d.built, own: d.built, pkg: &Package{Output: l.outputOf(".go")}},
		{name: d.name, path: d.ImportPath, files: tests, own: d.tests, tests: true, pkg: &Package{Output: l.outputOf("_test.go")}},
		{name: d.name + "_test", path: d.ImportPath + "_test", files: d.xtests, own: d.xtests, tests: true, outside: true, pkg: &Package{Output: l.outputOf("_x_test.go")}},
	}
	for _, u := range list {
		u.dir = d
		u.pkg.Name, u.pkg.Path, u.pkg.Dir = u.name, u.path, d.Dir
		// Of a package with its tests, only the tests: the rest is looked at before.
		u.own = slices.DeleteFunc(slices.Clone(u.own), func(f *file) bool { return f.syntax == nil || !f.mayHaveSchema() })
		for _, f := range u.own {
			for _, name := range taggedStructs(f.syntax) {
				if l.chosen(name) {
					u.schemas = append(u.schemas, name)
				}
			}
		}
	}
	return slices.DeleteFunc(list, func(u *unit) bool { return u.tests && !slices.ContainsFunc(u.own, hasTaggedStruct) })
}

// broken are the syntax errors of a package that may have a schema: what cannot be read may change it.
func (l *loader) broken(u *unit) Findings {
	if len(u.own) == 0 && !slices.ContainsFunc(u.dir.invalid, (*file).mayHaveSchema) {
		return nil
	}
	var found Findings
	for _, f := range u.files {
		found = append(found, l.syntaxErrors(f)...)
	}
	if !u.tests {
		for _, f := range u.dir.invalid {
			found = append(found, l.syntaxErrors(f)...)
		}
	}
	return found
}

// syntaxErrors are those of a hand-written file.
func (l *loader) syntaxErrors(f *file) Findings {
	var found Findings
	for _, err := range f.errs {
		err.Pos.Filename = relative(l.dir, f.path)
		found = append(found, Finding{Pos: err.Pos, Message: err.Msg, Hint: l.tooNew()})
	}
	return found
}

func (l *loader) position(at token.Pos) token.Position {
	p := l.fset.PositionFor(at, false)
	p.Filename = relative(l.dir, p.Filename)
	return p
}

// inspect adds to a unit's package its schemas, and what code generated for them has to know.
func (l *loader) inspect(u *unit, check *checker) Findings {
	u.pkg.Types = u.types
	if !u.tests {
		for _, w := range u.dir.written {
			if w.why != "" {
				u.pkg.Obsolete = append(u.pkg.Obsolete, Obsolete{w.Path, w.why})
			}
		}
	}
	ignored := l.siblings(u, slices.Concat(u.dir.ignored, u.dir.invalid), false)
	tests := l.siblings(u, slices.Concat(u.dir.tests, u.dir.xtests, u.dir.ignored), true)
	excluded := ignored
	if u.tests {
		excluded = tests
	}
	u.pkg.excluded = l.excludedSchemas(u, excluded)
	if len(u.own) == 0 {
		return nil
	}
	together, apart := l.beside(u)
	src := check.source(u)
	src.Tests = slices.Concat(tests, together)
	schemas, findings := Inspect(src, l.only)
	for _, file := range slices.Concat(src.Schemas, excluded) {
		for _, name := range taggedStructs(file) {
			if !slices.ContainsFunc(schemas, func(s *Schema) bool { return s.Name == name }) {
				u.pkg.Others = append(u.pkg.Others, name)
			}
		}
	}
	if len(schemas) == 0 {
		return findings
	}
	pkg := u.pkg
	pkg.Schemas, pkg.Constraint = schemas, schemas[0].Constraint
	pkg.Declared, pkg.Imported = map[string]bool{}, map[string]bool{}
	pkg.declare(slices.Concat(src.Files, tests, ignored, together, apart))
	pkg.Written = u.earlier()
	return slices.Concat(findings, misnamed(pkg), l.losses(u))
}

// siblings are files of a unit's package that are not part of it, tests or others.
func (l *loader) siblings(u *unit, files []*file, tests bool) []*ast.File {
	files = slices.DeleteFunc(slices.Clone(files), func(f *file) bool { return isTest(f.path) != tests || slices.Contains(u.files, f) })
	return syntaxOf(files, u.name)
}

// excludedSchemas finds the schemas of files that are built at another time.
func (l *loader) excludedSchemas(u *unit, files []*ast.File) []*Schema {
	var list []*Schema
	for _, file := range files {
		for _, spec := range typeSpecs(file) {
			if isSchema(spec) {
				list = append(list, &Schema{Name: spec.Name.Name, Pos: l.position(spec.Name.Pos()), Constraint: u.dir.constraint(file)})
			}
		}
	}
	return list
}

// NoSchema is the error of a run that has nothing to generate for packages, and nothing to remove.
func NoSchema(packages []*Package, patterns []string) error {
	var elsewhere []string
	hint := ""
	for _, pkg := range packages {
		for _, s := range pkg.excluded {
			elsewhere = append(elsewhere, fmt.Sprintf("%s, declared at %s, is built %s", s.Name, s.Pos, when(s.Constraint)))
			hint = buildFor(s.Constraint)
		}
	}
	if len(elsewhere) > 0 {
		return &LoadError{fmt.Sprintf("no schema in %s is part of this build: %s", strings.Join(patterns, " "), strings.Join(elsewhere, "; ")), hint}
	}
	return &LoadError{fmt.Sprintf("no schema in %s: a schema is a struct type whose fields have session tags, such as", strings.Join(patterns, " ")),
		"type session struct {\n\t\tUsername string `session:\"username\"`\n\t}"}
}

// constraint is the build constraint of a hand-written file of the directory.
func (d *directory) constraint(syntax *ast.File) string {
	for _, f := range d.hand() {
		if f.syntax != syntax {
			continue
		}
		if expr := buildConstraint(f.path, f.src, syntax); expr != nil {
			return expr.String()
		}
	}
	return ""
}

// unmatched says why -type NAME chose nothing.
func (l *loader) unmatched(units []*unit) (Findings, error) {
	for _, t := range l.only {
		if slices.ContainsFunc(units, func(u *unit) bool { return slices.Contains(u.schemas, t.Schema) }) {
			continue
		}
		var found Findings
		var structs []string
		for _, spec := range l.allTypes(units) {
			if spec.Name.Name == t.Schema {
				found = append(found, Finding{l.position(spec.Name.Pos()), fmt.Sprintf("-type %s: it is no struct type with session tags", t.Schema), "tag its fields, as in `session:\"user_id\"`"})
			}
			if _, ok := spec.Type.(*ast.StructType); ok {
				structs = append(structs, spec.Name.Name)
			}
		}
		if len(found) > 0 {
			return found, nil
		}
		if err := elsewhere(t.Schema, units); err != nil {
			return nil, err
		}
		hint := ""
		if s := suggest(t.Schema, structs); s != "" {
			hint = "did you mean " + s + "?"
		}
		return nil, &LoadError{fmt.Sprintf("-type %s: there is no such type in the packages", t.Schema), hint}
	}
	return nil, nil
}

// elsewhere is the error of choosing a schema that is built at another time, or nil.
func elsewhere(name string, units []*unit) error {
	for _, u := range units {
		for _, s := range u.pkg.excluded {
			if s.Name == name {
				return &LoadError{fmt.Sprintf("-type %s: it is not part of this build: declared at %s, it is built %s", name, s.Pos, when(s.Constraint)), buildFor(s.Constraint)}
			}
		}
	}
	return nil
}

// allTypes are the types that are declared in units.
func (l *loader) allTypes(units []*unit) []*ast.TypeSpec {
	var list []*ast.TypeSpec
	for _, u := range units {
		l.parse(u.files)
		for _, file := range syntaxOf(u.files, u.name) {
			list = append(list, typeSpecs(file)...)
		}
	}
	return list
}
