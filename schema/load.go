package schema

import (
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/sessiongen/sessiongen/internal/code"
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

	// Dependencies also loads packages of dependencies. It is only for reading them.
	Dependencies bool
}

// defaultOutput is the generated file's name unless Config has another.
const defaultOutput = "session_gen.go"

// Load reads the packages that patterns name. One call of the go command lists them and their files, a second one
// finds the export data of their imports. The error is a *LoadError if packages could not be read, or Findings if
// schemas have errors; there are no packages then.
//
// Packages need not compile: before their first generation they cannot, as handlers call accessors that do not exist
// yet. So the type check leaves out function bodies and all files that sessiongen wrote, whatever state they are in,
// and an error only matters if a schema's types depend on it. Dependencies come from export data; those that do not
// compile come from source.
func Load(cfg Config) ([]*Package, error) {
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, loadError(code.LoadFailed, "", "%v", err)
	}
	if _, err := os.Stat(dir); err != nil {
		return nil, loadError(code.LoadFailed, "", "%v", err)
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
		reads:  cfg.Dependencies,
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

type loader struct {
	dir    string
	output string
	only   []TypeName
	fset   *token.FileSet

	golist  golist.Command
	context golist.Context
	dirs    []*directory
	reads   bool            // also read packages of dependencies
	foreign *golist.Package // of a dependency, named by a pattern; nil if there is none
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
		l.add(p)
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

// add notes a package to generate. A package of a dependency is that module's to generate, wherever it lies, as with
// go generate.
func (l *loader) add(p *golist.Package) {
	if !l.reads && p.Module != nil && !p.Module.Main {
		l.foreign = p
		return
	}
	l.dirs = append(l.dirs, l.directory(p))
}

// fileArguments is the error of a run on files, as with $GOFILE in a directive: declarations in other files would seem
// to be gone.
func fileArguments(patterns []string) error {
	return loadError(code.InvalidArguments, "name the package, or nothing for the one in this directory; -type session chooses a schema of it",
		"%s names files, but a package is generated as a whole", strings.Join(patterns, " "))
}

// load makes the model of the listed packages.
func (l *loader) load() ([]*Package, error) {
	var units []*unit
	var findings Findings
	for _, d := range l.dirs {
		ofDir := l.units(d)
		findings = append(findings, l.settle(d, ofDir)...)
		units = append(units, ofDir...)
	}
	// Callers get tests after all packages.
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

func (l *loader) position(at token.Pos) token.Position {
	p := l.fset.PositionFor(at, false)
	p.Filename = relative(l.dir, p.Filename)
	return p
}
