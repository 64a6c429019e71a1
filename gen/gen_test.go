package gen

import (
	"bytes"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/sessiongen/sessiongen/schema"
)

func TestGolden(t *testing.T) {
	a := archive(t, "rich.txtar")
	const name = "web/session_gen.go"
	var files []txtar.File
	var want []byte
	for _, f := range a.Files {
		if f.Name == name {
			want = f.Data
			continue
		}
		files = append(files, f)
	}
	dir := module(t, files)
	got := generate(t, dir)["web"]
	if out, ok := goCommand(t, dir, "vet", "./..."); !ok {
		t.Errorf("go vet fails:\n%s", out)
	}
	checkForm(t, got)
	if *update {
		a.Files = append(files, txtar.File{Name: name, Data: got})
		if err := os.WriteFile(filepath.Join("testdata", "rich.txtar"), txtar.Format(a), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the output differs from testdata/rich.txtar (go test ./gen -update rewrites it):\n%s", firstDifference(got, want))
	}
}

// TestHard compiles the output for difficult names and all kinds of types, and runs the archive's own tests, which
// compare the codecs with msgpack v5. With -short, it only generates.
func TestHard(t *testing.T) { compiles(t, "hard.txtar", "./...") }

// TestForms does the same for the ways in which values are stored: the archive's tests read every value back.
func TestForms(t *testing.T) { compiles(t, "forms.txtar", "./web") } // go vet complains about the other package

// compiles generates code for an archive twice, vets it and runs the archive's tests.
func compiles(t *testing.T, name, packages string) {
	dir := module(t, archive(t, name).Files)
	first := generate(t, dir)
	for _, src := range first {
		checkForm(t, src)
	}
	if testing.Short() {
		return
	}
	// Not go test -vet=all, which would have the standard library vetted once more.
	if out, ok := goCommand(t, dir, "vet", packages); !ok {
		t.Errorf("go vet fails:\n%s", out)
	}
	if out, ok := goCommand(t, dir, "test", "-vet=off", packages); !ok {
		t.Errorf("go test fails:\n%s", out)
	}
	for name, src := range generate(t, dir) {
		if !bytes.Equal(src, first[name]) {
			t.Errorf("package %s: the second run writes other bytes: %s", name, firstDifference(src, first[name]))
		}
	}
}

// checkForm checks the properties that every generated file must have.
func checkForm(t *testing.T, src []byte) {
	t.Helper()
	if formatted, err := format.Source(src); err != nil || !bytes.Equal(formatted, src) {
		t.Errorf("the file is not in gofmt's form: %v", err)
	}
	if !bytes.HasPrefix(src, []byte(schema.Header+"\n")) {
		t.Error("the file has no header")
	}
	file, err := parser.ParseFile(token.NewFileSet(), "", src, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	for _, group := range file.Comments {
		for _, c := range group.List {
			if !strings.HasPrefix(c.Text, "// ") && !strings.HasPrefix(c.Text, "//\t") && c.Text != "//" {
				t.Errorf("comment %q could be a directive", c.Text)
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		var name string
		var doc *ast.CommentGroup
		switch n := n.(type) {
		case *ast.FuncDecl:
			name, doc = n.Name.Name, n.Doc
			if name == "_" { // a guard, whose name is never seen
				return false
			}
		case *ast.GenDecl:
			if n.Tok != token.TYPE {
				return false
			}
			name, doc = n.Specs[0].(*ast.TypeSpec).Name.Name, n.Doc
		default:
			return true
		}
		text := strings.TrimPrefix(doc.Text(), "A ")
		if !strings.HasPrefix(text, name+" ") {
			t.Errorf("the doc comment of %s begins %.30q", name, text)
		}
		return false
	})
	wire, err := parseWire(src)
	if err != nil {
		t.Error(err)
	}
	listed := map[string]bool{}
	for _, typ := range wire {
		if listed[typ.Name] {
			t.Errorf("the wire format lists %s twice", typ.Name)
		}
		listed[typ.Name] = true
	}
}

func TestGuards(t *testing.T) {
	if testing.Short() {
		t.Skip("this test compiles much")
	}
	const source = `package web

type session struct {
	Name string ` + "`session:\"name\"`" + `
	Box  Box    ` + "`session:\"box\"`" + `
}

type Box struct {
	*Base
	Size int
}

type Base struct{ ID int }
`
	dir := module(t, []txtar.File{{Name: "web/web.go", Data: []byte(source)}})
	generate(t, dir)
	for _, change := range []struct{ old, new, names string }{
		{`"name"`, `"name,secret"`, "session"},
		{"Name string", "Name []byte", "session"},
		{"Size int", "Size int64", "Box"},
		{"Size int", "Size int\n\tMore int", "Box"},
		{"ID int", "No int", "Base"},
		{"", "", ""},
	} {
		changed := strings.Replace(source, change.old, change.new, 1)
		if err := os.WriteFile(filepath.Join(dir, "web", "web.go"), []byte(changed), 0o666); err != nil {
			t.Fatal(err)
		}
		out, ok := goCommand(t, dir, "build", "./web")
		if ok != (change.names == "") {
			t.Errorf("%s -> %s: the package compiles: %v", change.old, change.new, ok)
		}
		if !ok && !(strings.Contains(out, "session_gen.go") && strings.Contains(out, change.names+"{}") &&
			strings.Contains(out, change.names+"_has_changed__run_go_generate")) {
			t.Errorf("%s -> %s: got\n%s", change.old, change.new, out)
		}
	}
}
