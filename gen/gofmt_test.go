package gen

import (
	"bytes"
	"fmt"
	"go/format"
	"go/types"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/sessiongen/sessiongen/schema"
)

// Every generated file is a fixed point of gofmt, whatever its schema's comments contain.
func TestGofmtHasNothingToDo(t *testing.T) {
	docs := []string{
		"Mode is one of\n 1. fast\n- slow\n  and long\n",
		"A list\n  - one\n    - two\n      more\n\n    code\n",
		"Heading\n\nText.\n\nAnother heading\n\nText\n",
		"# Heading\ntext\n# Another\n",
		"\tcode\n  list\n\n\n[Link]: https://example.com\n",
		"1. one\n10) two\n * three\n\t+ four\n• five\n",
		"Deprecated: no.\n\nTODO(x): y\n\n//go:build z\n// +build z\n",
	}
	words := []string{"text", "A", "- ", "-", " 1. ", "  ", "\t", "\n", "\n", "\n\n", "# ", "* ", "`", "''", "[x]", "[x]: y", "•", ".", ":", "+build x", "go:y z", "//", "*/", "/*"}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 400 {
		var b strings.Builder
		for range rng.IntN(20) {
			b.WriteString(words[rng.IntN(len(words))])
		}
		docs = append(docs, b.String())
	}
	s := &schema.Schema{Name: "session", TypeName: "Session", Struct: nil}
	for _, doc := range docs {
		s.Doc = doc
		g := newGenerator(&schema.Package{Name: "web", Path: "example.com/web", Schemas: []*schema.Schema{s}})
		g.comment(typeDoc(s))
		g.file.Type().Id("T").Struct()
		g.comment(doc)
		g.file.Var().Id("v").Op("=").Qual("context", "Background").Call()
		var buf bytes.Buffer
		if err := g.file.Render(&buf); err != nil {
			t.Fatalf("%q: %v", doc, err)
		}
		src, err := g.format(buf.Bytes())
		if err != nil {
			t.Errorf("%q: %v", doc, err)
			continue
		}
		again, err := format.Source(src)
		if err != nil || !bytes.Equal(again, src) {
			t.Errorf("%q: gofmt changes\n%s\nto (%v):\n%s", doc, src, err, again)
		}
	}
}

// A large file is formatted in parts. The result must be the same.
func TestGofmtOfParts(t *testing.T) {
	s := &schema.Schema{Name: "session", TypeName: "Session", Struct: types.NewStruct(nil, nil)}
	for i := range 400 {
		f := fieldOf(fmt.Sprintf("Field%d", i), 0, stringType)
		f.Doc = "A list\n  - one\n    - two\n"
		s.Fields = append(s.Fields, f)
	}
	src, err := Generate(&schema.Package{Name: "web", Path: "example.com/web", Schemas: []*schema.Schema{s}})
	if err != nil {
		t.Fatal(err)
	}
	if len(src) < 3*minPart {
		t.Fatalf("%d bytes are too few for several parts", len(src))
	}
	checkForm(t, src)
}
