package gen

import (
	"bytes"
	"go/parser"
	"go/token"
	"go/types"
	"strconv"
	"strings"
	"testing"

	"github.com/sessiongen/sessiongen/schema"
)

func fakePackage(declared ...string) *schema.Package {
	pkg := &schema.Package{
		Name: "web", Path: "example.com/web", Types: types.NewPackage("example.com/web", "web"),
		Declared: map[string]bool{}, Imported: map[string]bool{},
	}
	for _, name := range declared {
		pkg.Declared[name] = true
		pkg.Types.Scope().Insert(types.NewTypeName(token.NoPos, pkg.Types, name, types.Typ[types.Int]))
	}
	return pkg
}

// TestImportNames checks the import declarations as they are printed: jennifer may change them.
func TestImportNames(t *testing.T) {
	type imported struct{ path, name, want string } // want is the alias, "" for none
	for _, test := range []struct {
		what     string
		declared []string
		user     []string // imports of the user's files
		imports  []imported
	}{
		{"plain", nil, nil, []imported{{"example.com/shop", "shop", ""}}},
		{"name unlike the path", nil, nil, []imported{{"example.com/go-foo", "foo", ""}, {"example.com/bar/v2", "bar", ""}}},
		{"two of a name", nil, nil, []imported{{"example.com/a/item", "item", ""}, {"example.com/b/item", "item", "item2"}, {"example.com/c/item", "item", "item3"}}},
		{"ours first", nil, nil, []imported{
			{"example.com/runtime", "runtime", "runtime2"}, {"example.com/codec", "codec", "codec2"},
			{"example.com/context", "context", "context2"}, {"example.com/time", "time", ""},
			{runtimePath, "runtime", ""}, {codecPath, "codec", ""}, {"context", "context", ""},
		}},
		{"reserved", nil, nil, []imported{
			{"example.com/string", "string", "string2"}, {"example.com/any", "any", "any2"}, {"example.com/err", "err", "err2"},
			{"example.com/init", "init", "init2"}, {"example.com/min", "min", "min2"},
		}},
		{"locals", nil, nil, []imported{
			{"example.com/v", "v", "v2"}, {"example.com/s", "s", "s2"}, {"example.com/e", "e", "e2"}, {"example.com/d", "d", "d2"},
			{"example.com/ctx", "ctx", "ctx2"}, {"example.com/cfg", "cfg", "cfg2"}, {"example.com/ok", "ok", "ok2"},
			{"example.com/f", "f", "f2"}, {"example.com/n", "n", "n2"},
		}},
		{"declared", []string{"shop", "shop2", "runtime", "context"}, nil, []imported{
			{"example.com/shop", "shop", "shop3"}, {runtimePath, "runtime", "runtime2"}, {"context", "context", "context2"},
		}},
		{"the user's imports", nil, []string{"shop", "context"}, []imported{{"example.com/shop", "shop", ""}, {"context", "context", ""}}},
		{"the standard library", nil, nil, []imported{
			{"text/template", "template", ""}, {"html/template", "template", "template2"}, {"example.com/template", "template", "template3"},
		}},
		{"what jennifer would choose", nil, nil, []imported{{"example.com/Upper", "Upper", ""}, {"example.com/123", "x123", ""}}},
	} {
		t.Run(test.what, func(t *testing.T) {
			pkg := fakePackage(test.declared...)
			for _, name := range test.user {
				pkg.Imported[name] = true
			}
			g := newGenerator(pkg)
			want := map[string]string{}
			for _, i := range test.imports {
				g.file.Var().Id("_").Op("=").Add(g.qual(types.NewPackage(i.path, i.name), "X"))
				want[i.path] = i.want
			}
			var buf bytes.Buffer
			if err := g.file.Render(&buf); err != nil {
				t.Fatal(err)
			}
			file, err := parser.ParseFile(token.NewFileSet(), "", &buf, 0)
			if err != nil {
				t.Fatal(err)
			}
			if len(file.Imports) != len(want) {
				t.Errorf("got %d imports, want %d", len(file.Imports), len(want))
			}
			for _, spec := range file.Imports {
				path, _ := strconv.Unquote(spec.Path.Value)
				alias := ""
				if spec.Name != nil {
					alias = spec.Name.Name
				}
				if alias != want[path] {
					t.Errorf("%s is imported as %q, want %q", path, alias, want[path])
				}
			}
		})
	}
}

func TestQualOwnPackage(t *testing.T) {
	g := newGenerator(fakePackage())
	g.file.Var().Id("_").Add(g.qual(g.pkg.Types, "Item"))
	if got := g.file.GoString(); strings.Contains(got, "import") || !strings.HasSuffix(got, "var _ Item") {
		t.Errorf("got %q, want no import", got)
	}
}

func TestFreeNames(t *testing.T) {
	pkg := fakePackage("encodeItem", "encodeItem2")
	pkg.Imported["sub"] = true // another file's import
	n := newNames(pkg)
	for _, test := range []struct{ base, want string }{
		{"encodeItem", "encodeItem3"}, {"encodeItem", "encodeItem4"}, {"decodeItem", "decodeItem"},
		{"sub", "sub2"}, {"v", "v2"}, {"len", "len2"}, {"type", "type2"},
	} {
		if got := n.free(test.base); got != test.want {
			t.Errorf("free(%q) = %q, want %q", test.base, got, test.want)
		}
	}
	if got := n.importName("example.com/x", "decodeItem"); got != "decodeItem2" {
		t.Errorf("an import has a helper's name: %s", got)
	}
}

func TestUnexported(t *testing.T) {
	for name, want := range map[string]string{
		"Session": "session", "UserSession": "userSession", "URLSession": "urlSession", "URL": "url",
		"ÉtatSession": "étatSession", "X": "x", "S2": "s2", "AB2": "aB2",
	} {
		if got := unexported(name); got != want {
			t.Errorf("unexported(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestQuoteTag(t *testing.T) {
	for _, tag := range []string{`session:"a"`, "session:\"`\"", "a\nb", "tab\t", "\r"} {
		if got, err := strconv.Unquote(quoteTag(tag)); err != nil || got != tag {
			t.Errorf("quoteTag(%q) = %s, which is not the tag quoted", tag, quoteTag(tag))
		}
	}
	if got := quoteTag(`session:"a"`); got != "`session:\"a\"`" {
		t.Errorf("quoteTag returns %s", got)
	}
}
