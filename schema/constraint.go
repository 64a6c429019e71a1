package schema

import (
	"bytes"
	"go/ast"
	"go/build"
	"go/build/constraint"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/sessiongen/sessiongen/internal/code"
)

// Package build knows the conditions in a file's name and build lines, but only tells whether a file is built. So
// these functions ask it, with made-up contexts and files, which parts of a name and which lines make a difference.

// built asks whether a file of this name and content is built for a system and an architecture.
func built(name string, src []byte, goos, goarch string) bool {
	conf := build.Context{GOOS: goos, GOARCH: goarch, CgoEnabled: true, OpenFile: func(string) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(src)), nil
	}}
	ok, err := conf.MatchFile("", name)
	return ok && err == nil
}

// buildConstraint is the condition under which a file is built: its build lines, its name, and an import of "C". It is
// nil if there is none.
func buildConstraint(name string, src []byte, syntax *ast.File) constraint.Expr {
	expr := nameConstraint(filepath.Base(name))
	if slices.ContainsFunc(syntax.Imports, func(spec *ast.ImportSpec) bool { return spec.Path.Value == `"C"` }) {
		expr = and(&constraint.TagExpr{Tag: "cgo"}, expr)
	}
	var lines constraint.Expr
	all := constraintLines(src)
	for _, line := range all {
		if parsed, err := constraint.Parse(line.text); err == nil && honoured(src, all, line) {
			lines = and(lines, parsed)
		}
	}
	return and(lines, expr)
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

// A constraintLine is a line that looks like a build line, anywhere in a file.
type constraintLine struct {
	text   string
	number int // from 1
}

func constraintLines(src []byte) []constraintLine {
	var list []constraintLine
	number := 0
	for line := range bytes.Lines(bytes.TrimPrefix(src, []byte(byteOrderMark))) {
		number++
		text := string(bytes.TrimSpace(line))
		if constraint.IsGoBuild(text) || constraint.IsPlusBuild(text) {
			list = append(list, constraintLine{text, number})
		}
	}
	return list
}

// honoured reports whether one of a file's build lines counts: if it alone could not be met, the file would not be
// built.
func honoured(src []byte, all []constraintLine, line constraintLine) bool {
	lines := bytes.SplitAfter(bytes.TrimPrefix(src, []byte(byteOrderMark)), []byte("\n"))
	for _, other := range all {
		tag := "!never"
		if other == line {
			tag = "never"
		}
		kind := "// +build "
		if constraint.IsGoBuild(other.text) {
			kind = "//go:build "
		}
		lines[other.number-1] = []byte(kind + tag + "\n")
	}
	return !built("file.go", bytes.Join(lines, nil), "", "")
}

// nameConstraint is the condition in a file's name, as in session_linux_amd64.go: the words that make the same
// difference by themselves in another name.
func nameConstraint(name string) constraint.Expr {
	words := strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	want := builtFor(name, words)
	if !slices.Contains(want, false) || !slices.Contains(want, true) {
		return nil // without a condition, or a name that the go command ignores
	}
	same := func(suffix string) bool { return slices.Equal(builtFor("x_"+suffix+".go", words), want) }
	for _, word := range words {
		if same(word) {
			return &constraint.TagExpr{Tag: word}
		}
	}
	for _, goos := range words {
		for _, goarch := range words {
			if same(goos + "_" + goarch) {
				return and(&constraint.TagExpr{Tag: goos}, &constraint.TagExpr{Tag: goarch})
			}
		}
	}
	return nil
}

// builtFor reports, for each pair of words and for none, whether a file of this name is built if they are the system
// and architecture.
func builtFor(name string, words []string) []bool {
	var list []bool
	words = append(slices.Clip(words), "")
	for _, goos := range words {
		for _, goarch := range words {
			list = append(list, built(name, []byte("package p\n"), goos, goarch))
		}
	}
	return list
}

// constraints reports schemas with different constraints, which one file cannot serve: it would be built wherever
// either of them is.
func (in *inspector) constraints(schemas []*Schema) {
	for _, s := range schemas {
		if first := schemas[0]; s.Constraint != first.Constraint {
			apart := s
			if s.Constraint == "" {
				apart = first
			}
			in.reportAt(code.MixedConstraints, s.Pos, "generate "+apart.Name+" into a file of its own: -type "+apart.Name+" -output "+fileFor(apart.Name),
				"schema %s is built %s, but schema %s, declared at %s, %s: one generated file cannot serve both",
				s.Name, when(s.Constraint), first.Name, first.Pos, when(first.Constraint))
		}
	}
}

// misnamed reports an output whose name excludes builds that its schemas are in.
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
	return Findings{NewFinding(code.OutputConstraint, first.Pos, "choose another name: -output "+unconstrained(pkg.Output),
		"schema %s is built %s, but by its name %s would be built %s", first.Name, when(pkg.Constraint), pkg.Output, when(byName.String()))}
}

// unconstrained is a similar name without a constraint.
func unconstrained(name string) string {
	stem, _, _ := strings.Cut(strings.TrimSuffix(name, ".go"), ".")
	return stem + "_gen.go"
}

// implies reports whether one condition plainly includes another one, which is from a name.
func implies(expr, name constraint.Expr) bool {
	if and, ok := name.(*constraint.AndExpr); ok {
		return implies(expr, and.X) && implies(expr, and.Y)
	}
	if and, ok := expr.(*constraint.AndExpr); ok {
		return implies(and.X, name) || implies(and.Y, name)
	}
	return expr.String() == name.String()
}

func when(expr string) string {
	if expr == "" {
		return "always"
	}
	return "if " + expr
}
