package schema

import (
	"go/ast"
	"path/filepath"
	"slices"

	"github.com/sessiongen/sessiongen/internal/code"
)

// A unit is type-checked as a whole: a package, a package with its tests, or the tests from outside.
type unit struct {
	dir     *directory
	name    string
	path    string
	files   []*file  // to type-check
	own     []*file  // those that may have schemas
	tests   bool     // own are tests
	outside bool     // they are of another package than what they test
	schemas []string // the ones that this run generates
	pkg     *Package

	checked
}

// target is the absolute name of the file to generate.
func (u *unit) target() string { return filepath.Join(u.dir.Dir, u.pkg.Output) }

// units lists the package of a directory, and its tests if they have schemas.
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
		// Of a package with its tests, only the tests: the rest has its own unit.
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

// broken lists the syntax errors of a package that may have a schema: the unreadable part may change it.
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
		found = append(found, NewFinding(code.SyntaxError, err.Pos, l.tooNew(), "%s", err.Msg))
	}
	return found
}

// inspect fills in a unit's package: its schemas, and what their generated code must know.
func (l *loader) inspect(u *unit, check *checker) Findings {
	u.pkg.Types = u.types
	l.exchange(u)
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

// siblings lists files of a unit's package outside the unit, tests or others.
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
