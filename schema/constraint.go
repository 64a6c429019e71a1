package schema

import (
	"fmt"
	"go/ast"
	"go/build"
	"go/build/constraint"
	"io"
	"path/filepath"
	"strings"
)

// buildConstraint is the condition under which a file is built: what its //go:build line, its name
// and an import of "C" ask for.
func (in *inspector) buildConstraint(file *ast.File) constraint.Expr {
	expr := nameConstraint(filepath.Base(in.src.Fset.Position(file.Package).Filename))
	// What cgo makes of a file that imports "C" lies in the build cache, under a name of its own.
	if filepath.Ext(in.src.Fset.File(file.FileStart).Name()) != ".go" {
		expr = and(&constraint.TagExpr{Tag: "cgo"}, expr)
	}
	for _, group := range file.Comments {
		for _, c := range group.List {
			if c.Pos() > file.Package || !constraint.IsGoBuild(c.Text) {
				continue
			}
			if line, err := constraint.Parse(c.Text); err == nil {
				expr = and(line, expr)
			}
		}
	}
	return expr
}

func and(a, b constraint.Expr) constraint.Expr {
	switch {
	case a == nil:
		return b
	case b == nil || a.String() == b.String():
		return a
	}
	return &constraint.AndExpr{X: a, Y: b}
}

// nameConstraint is the condition in a file's name, as in session_linux_amd64.go. Package build is
// asked, because nobody else knows the names of systems.
func nameConstraint(name string) constraint.Expr {
	name = strings.TrimSuffix(strings.TrimSuffix(name, ".go"), "_test")
	built := func(goos, goarch string) bool {
		conf := build.Context{GOOS: goos, GOARCH: goarch, OpenFile: func(string) (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader("package p\n")), nil
		}}
		ok, err := conf.MatchFile("", name+".go")
		return ok || err != nil
	}
	if built("", "") {
		return nil
	}
	words := strings.Split(name, "_")
	last := words[len(words)-1]
	if built(last, "") || built("", last) {
		return &constraint.TagExpr{Tag: last}
	}
	return and(&constraint.TagExpr{Tag: words[len(words)-2]}, &constraint.TagExpr{Tag: last})
}

// constraints reports schemas that one file cannot serve, as it is to be built where both of them are
// and nowhere else.
func (in *inspector) constraints(schemas []*Schema) {
	for _, s := range schemas {
		if first := schemas[0]; s.Constraint != first.Constraint {
			apart := s
			if s.Constraint == "" {
				apart = first
			}
			in.reportAt(s.Pos, "generate "+apart.Name+" into a file of its own: -type "+apart.Name+" -output "+fileFor(apart.Name),
				"schema %s is built %s, but schema %s, declared at %s, %s: one generated file cannot serve both",
				s.Name, when(s.Constraint), first.Name, first.Pos, when(first.Constraint))
		}
	}
}

// misnamed reports an output that its name keeps out of builds which its schemas are in.
func misnamed(pkg *Package) Findings {
	byName := nameConstraint(pkg.Output)
	if byName == nil {
		return nil
	}
	built, err := constraint.Parse("//go:build " + pkg.Constraint)
	if err == nil && implies(built, byName) {
		return nil
	}
	first := pkg.Schemas[0]
	return Findings{{
		Pos: first.Pos,
		Message: fmt.Sprintf("schema %s is built %s, but by its name %s would be built %s",
			first.Name, when(pkg.Constraint), pkg.Output, when(byName.String())),
		Hint: "choose another name: -output " + strings.TrimSuffix(pkg.Output, ".go") + "_gen.go",
	}}
}

// implies reports whether one condition plainly asks for all that another one, of a name, does.
func implies(expr, name constraint.Expr) bool {
	if and, ok := name.(*constraint.AndExpr); ok {
		return implies(expr, and.X) && implies(expr, and.Y)
	}
	if and, ok := expr.(*constraint.AndExpr); ok {
		return implies(and.X, name) || implies(and.Y, name)
	}
	return expr.String() == name.String()
}

// excludedSchemas finds the schemas of files that are built at another time.
func excludedSchemas(src Source, files []*ast.File) []*Schema {
	in := &inspector{src: src}
	var list []*Schema
	for _, file := range files {
		for name := range taggedStructs(file) {
			s := &Schema{Name: name}
			if expr := in.buildConstraint(file); expr != nil {
				s.Constraint = expr.String()
			}
			list = append(list, s)
		}
	}
	return list
}

func when(expr string) string {
	if expr == "" {
		return "always"
	}
	return "if " + expr
}
