package runtime_test

import (
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Leaves work on plain values: of this module, they know other leaves alone, and so neither
// the manager nor Config.
func TestLeavesKnowLeavesAlone(t *testing.T) {
	checked := 0
	err := filepath.WalkDir("internal", func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" {
			return err
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		checked++
		for _, wrong := range leafImports(path, src) {
			t.Error(wrong)
		}
		return nil
	})
	if err != nil || checked < 10 {
		t.Errorf("got %d files checked, error %v", checked, err)
	}
}

// leafImports returns what is wrong with the imports of a file below runtime/internal.
func leafImports(path string, src []byte) (wrong []string) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, path, src, parser.ImportsOnly)
	if err != nil {
		return []string{err.Error()}
	}
	for _, spec := range f.Imports {
		name, _ := strconv.Unquote(spec.Path.Value)
		ofModule := name == ownModule || strings.HasPrefix(name, ownModule+"/")
		leaf := strings.HasPrefix(name, ownPackage+"/internal/")
		// Tests may import the module's own kits.
		kit := strings.HasSuffix(path, "_test.go") && strings.HasPrefix(name, ownModule+"/internal/")
		if ofModule && !leaf && !kit {
			wrong = append(wrong, fmt.Sprintf("%s: a leaf imports %s", fset.Position(spec.Pos()), name))
		}
	}
	return wrong
}

func TestLeafImports(t *testing.T) {
	for _, c := range []struct {
		path, imports string
		wrong         int
	}{
		{"internal/cookie/cookie.go", `"net/http"; "github.com/sessiongen/sessiongen/runtime/internal/wire"`, 0},
		{"internal/cookie/cookie.go", `"github.com/sessiongen/sessiongen/runtime"`, 1},
		{"internal/payload/payload.go", `rt "github.com/sessiongen/sessiongen/runtime"; . "github.com/sessiongen/sessiongen/schema"`, 2},
		{"internal/payload/payload.go", `"github.com/sessiongen/sessiongen/runtime/codec"`, 1},
		{"internal/payload/payload.go", `"github.com/sessiongen/sessiongen/internal/long"`, 1},
		{"internal/payload/payload_test.go", `"github.com/sessiongen/sessiongen/internal/long"`, 0},
		{"internal/payload/payload_test.go", `"github.com/sessiongen/sessiongen/runtime"`, 1},
		{"internal/payload/payload.go", `"github.com/sessiongen/sessiongenerator"`, 0},
	} {
		src := "package x\n\nimport (" + c.imports + ")\n"
		if got := leafImports(c.path, []byte(src)); len(got) != c.wrong {
			t.Errorf("%s importing %s: got %q, want %d findings", c.path, c.imports, got, c.wrong)
		}
	}
}

// With a test in package runtime, go test would compile the package and all that imports it a second
// time. Tests that look inside are beside a leaf, or read the source: see runtimeSource.
func TestTestsAreOutside(t *testing.T) {
	dir, err := build.ImportDir(".", 0)
	if err != nil || len(dir.TestGoFiles) > 0 {
		t.Errorf("got tests %v in the package itself, error %v, want none", dir.TestGoFiles, err)
	}
}

// A home knows what all have in common, and nothing of another home. Other files know the interface
// alone, so that none can ask where a session lives.
func TestHomesKnowNoOther(t *testing.T) {
	for _, wrong := range crossings(runtimeSource(t)) {
		t.Error(wrong)
	}
}

// homeFile matches the files of a home: home_store.go, home_store_merge.go.
var homeFile = regexp.MustCompile(`^home_([a-z]+)(?:_\w+)?\.go$`)

// homeOf returns which home a file belongs to, "" if to none.
func homeOf(filename string) string {
	if m := homeFile.FindStringSubmatch(filepath.Base(filename)); m != nil {
		return m[1]
	}
	return ""
}

// knowHomes lists what other files may use of the homes' files: home.go chooses one, and state.go
// holds what each notes of a session.
var knowHomes = map[string][]string{
	"home.go":  {"newStoreHome", "newRevocableHome", "cookieHome"},
	"state.go": {"storedSession", "revocableSession"},
}

// crossings returns where a file of a package uses what the file of another home declares: a
// function, type, variable or constant, a method or a field.
func crossings(src *source) (wrong []string) {
	for id, obj := range src.uses {
		if obj.Pkg() != src.pkg {
			continue
		}
		where := src.fset.Position(id.Pos())
		user, owner := homeOf(where.Filename), ownerOf(src.fset, obj)
		if user == "" && owner != "" && !slices.Contains(knowHomes[filepath.Base(where.Filename)], obj.Name()) {
			wrong = append(wrong, fmt.Sprintf("%s: a file of no home uses %s, which is the %s home's", where, obj.Name(), owner))
		}
		if user != "" && owner != "" && user != owner {
			wrong = append(wrong, fmt.Sprintf("%s: the %s home uses %s, which is the %s home's", where, user, obj.Name(), owner))
		}
	}
	slices.Sort(wrong)
	return wrong
}

// ownerOf returns the home that obj is of, "" if of none. A field that holds what a home declares is
// that home's: whether it is nil says where the session lives.
func ownerOf(fset *token.FileSet, obj types.Object) string {
	owner := homeOf(fset.Position(obj.Pos()).Filename)
	if v, ok := obj.(*types.Var); ok && v.IsField() && owner == "" {
		t := v.Type()
		if p, ok := t.(*types.Pointer); ok {
			t = p.Elem()
		}
		if named, ok := t.(*types.Named); ok {
			owner = homeOf(fset.Position(named.Obj().Pos()).Filename)
		}
	}
	return owner
}

func TestCrossings(t *testing.T) {
	shared := map[string]string{
		"home.go": "package p\n\ntype home interface{ open() int }\n\nfunc shared() int { return 1 }\n\n" +
			"var homes = []home{cookieHome{}, newStoreHome()}\n\nvar first cookieHome\n",
		"home_cookie.go": "package p\n\ntype cookieHome struct{ n int }\n\nfunc (c cookieHome) open() int { return shared() }\n\n" +
			"const limit = 1\n\nvar count int\n\nfunc seal() int { return 1 }\n",
		"home_store_merge.go": "package p\n\nfunc merge() int { return 2 }\n",
	}
	for name, c := range map[string]struct {
		body, outside string
		wrong         int
	}{
		"its own":                            {"return merge() + shared()", "", 0},
		"by the interface":                   {"return homes[0].open()", "", 0},
		"local of the name":                  {"limit, seal := 1, 2; return limit + seal", "", 0},
		"a field of the name":                {"var x struct{ count int }; return x.count", "", 0},
		"function":                           {"return seal()", "", 1},
		"constant and var":                   {"return limit + count", "", 2},
		"type":                               {"return len([]cookieHome{})", "", 1},
		"method":                             {"return first.open()", "", 1},
		"field":                              {"return first.n", "", 1},
		"outside, by the interface":          {"return 1", "_ = homes[0].open() + shared()", 0},
		"outside, a function":                {"return 1", "_ = seal()", 1},
		"outside, the constructor":           {"return 1", "_ = newStoreHome()", 1},
		"outside, a type assertion":          {"return 1", "_, _ = homes[0].(cookieHome)", 1},
		"outside, a type switch":             {"return 1", "switch homes[0].(type) { case cookieHome, storeHome: }", 2},
		"outside, a field that a home notes": {"return 1", "_ = state{}.stored != nil", 1},
		"in a closure":                       {"return func() int { return seal() }()", "", 1},
	} {
		fset := token.NewFileSet()
		var files []*ast.File
		sources := map[string]string{
			"home_store.go": "package p\n\ntype storeHome struct{}\n\ntype storedSession struct{}\n\nfunc newStoreHome() home { return storeHome{} }\n\n" +
				"func (storeHome) open() int { " + c.body + " }\n",
			"state.go":   "package p\n\ntype state struct{ stored *storedSession }\n",
			"manager.go": "package p\n\nfunc outside() int { " + c.outside + "; return 0 }\n",
		}
		for file, src := range shared {
			sources[file] = src
		}
		for file, src := range sources {
			f, err := parser.ParseFile(fset, file, src, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, f)
		}
		src, err := checkSource("p", fset, files, nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if wrong := crossings(src); len(wrong) != c.wrong {
			t.Errorf("%s: got findings %q, want %d", name, wrong, c.wrong)
		}
	}
	for file, want := range map[string]string{
		"home.go": "", "home_store.go": "store", "x/home_store_merge_queue.go": "store", "homes_store.go": "", "store_home_cookie.go": "",
	} {
		if got := homeOf(file); got != want {
			t.Errorf("%s: got home %q, want %q", file, got, want)
		}
	}
}
