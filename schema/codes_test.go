package schema

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/sessiongen/sessiongen/internal/code"
)

// codesByName reads the list of codes, by the names of their constants.
func codesByName(t *testing.T) map[string]code.Code {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../internal/code/code.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	list := map[string]code.Code{}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && nameOf(spec.Type) == "Code" {
			word, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			list[spec.Names[0].Name] = code.Code(word)
		}
		return true
	})
	if len(list) < 90 {
		t.Fatalf("the source has only %d codes", len(list))
	}
	return list
}

// TestCodes checks that each code is a word, is in docs/errors.md, is used by a finding, and occurs in a test: in
// testdata/findings.txtar or in a script.
func TestCodes(t *testing.T) {
	page := readFile(t, "../docs/errors.md")
	used := usedCodes(t)
	produced := producedCodes(t)
	codes := codesByName(t)
	seen := map[code.Code]bool{}
	for name, word := range codes {
		if !regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`).MatchString(string(word)) || seen[word] {
			t.Errorf("code.%s is %q, want a unique word in kebab-case", name, word)
		}
		seen[word] = true
		if !strings.Contains(page, "`"+string(word)+"`") {
			t.Errorf("docs/errors.md does not have the code %s", word)
		}
		if !used[name] {
			t.Errorf("no finding has the code %s", word)
		}
		if !produced[word] {
			t.Errorf("no run in a test has the code %s", word)
		}
	}
	for word := range produced {
		if !seen[word] {
			t.Errorf("a test has the code %s, which the list does not have", word)
		}
	}
	for _, row := range documented(t) {
		if row.code != "" && !seen[row.code] {
			t.Errorf("docs/errors.md has the code %s, which the list does not have", row.code)
		}
	}
}

// producedCodes lists the codes in the tests' expected output.
func producedCodes(t *testing.T) map[code.Code]bool {
	produced := map[code.Code]bool{}
	collect := func(name, pattern string) {
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(readFile(t, name), -1) {
			produced[code.Code(m[1])] = true
		}
	}
	collect("testdata/findings.txtar", `(?m)^\[([a-z-]+)\] \S+:\d+:\d+: `)
	scripts, err := filepath.Glob("../testdata/script/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatal(err)
	}
	for _, name := range scripts {
		collect(name, `(?m)^\{"code":"([a-z-]+)","severity"`)
	}
	return produced
}

// usedCodes lists the names of the codes that findings are made with. The test fails if a call names no code of the
// list, or has none.
func usedCodes(t *testing.T) map[string]bool {
	used := map[string]bool{}
	makers := []string{"in.report", "c.report", "in.reportAt", "NewFinding", "schema.NewFinding", "loadError"}
	literals := []string{"Finding", "schema.Finding", "LoadError", "schema.LoadError"}
	globs := []string{"*.go", "../gen/*.go", "../internal/*/*.go", "../cmd/*/*.go", "../migrate/*.go", "../sessioncheck/*.go"}
	eachSource(t, globs, func(fset *token.FileSet, file *ast.File) {
		passes := passers(file)
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if !slices.Contains(makers, nameOf(n.Fun)) {
					break
				}
				if name := codeIn(n); name != "" {
					used[name] = true
				} else if !slices.ContainsFunc(passes, func(f *ast.FuncDecl) bool { return f.Pos() <= n.Pos() && n.End() <= f.End() }) {
					t.Errorf("%s: the code is not from the list", fset.Position(n.Pos()))
				}
			case *ast.CompositeLit:
				inMaker := slices.ContainsFunc(passes, func(f *ast.FuncDecl) bool { return f.Pos() <= n.Pos() && n.End() <= f.End() })
				if slices.Contains(literals, nameOf(n.Type)) && len(n.Elts) > 0 && !inMaker {
					t.Errorf("%s: a finding has no code", fset.Position(n.Pos()))
				}
			}
			return true
		})
	})
	if missing := slices.Collect(maps.Keys(used)); len(missing) < 90 {
		t.Errorf("the source uses only %d codes", len(missing))
	}
	return used
}

// passers lists the functions of a file that pass on a code from a parameter or field.
func passers(file *ast.File) (list []*ast.FuncDecl) {
	for _, decl := range file.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if ok && slices.Contains([]string{"report", "reportAt", "NewFinding", "loadError", "Finding"}, f.Name.Name) {
			list = append(list, f)
		}
	}
	return list
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
