package migrate

import (
	"go/ast"
	"go/parser"
	"go/token"
	"testing"

	"github.com/sessiongen/sessiongen/internal/golist"
)

// TestAddImports adds imports of each origin to a file of a module whose path has no domain.
func TestAddImports(t *testing.T) {
	const own, other = "app/websession", "example.org/other"
	for _, test := range []struct{ old, path, want string }{
		{"package p\n", own, "package p\n\nimport \"app/websession\"\n\n"},
		{"package p\n\nimport (\n\t\"fmt\"\n)\n", own, "package p\n\nimport (\n\t\"fmt\"\n\n\t\"app/websession\"\n)\n"},
		{"package p\n\nimport \"fmt\"\n", own, "package p\n\nimport \"fmt\"\n\nimport \"app/websession\"\n"},
		{"package p\n\nimport (\n\t\"fmt\"\n\n\t\"example.org/a\"\n)\n", own, "package p\n\nimport (\n\t\"fmt\"\n\n\t\"example.org/a\"\n\t\"app/websession\"\n)\n"},
		{"package p\n\nimport (\n\t\"app/a\" // first\n\n\t\"fmt\"\n\n\t\"example.org/a\"\n)\n", own, "package p\n\nimport (\n\t\"app/a\" // first\n\t\"app/websession\"\n\n\t\"fmt\"\n\n\t\"example.org/a\"\n)\n"},
		{"package p\n\nimport (\n\t\"app/a\"\n\t\"fmt\"\n)\n", other, "package p\n\nimport (\n\t\"app/a\"\n\t\"example.org/other\"\n\t\"fmt\"\n)\n"},
	} {
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, "p.go", test.old, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		p := &program{fset: fset, module: golist.Module{Path: "app"}}
		var pieces []piece
		for _, e := range p.addImports(f, []string{test.path}, func(*ast.ImportSpec) bool { return false }) {
			pieces = append(pieces, piece{edit: e})
		}
		if got, _ := apply([]byte(test.old), pieces); string(got) != test.want {
			t.Errorf("%s in\n%s\ngives\n%s\nwant\n%s", test.path, test.old, got, test.want)
		}
	}
}
