package runtime_test

import (
	"bytes"
	"go/ast"
	"go/build"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

const (
	ownModule  = "github.com/sessiongen/sessiongen"
	ownPackage = ownModule + "/runtime"
)

// A source is a package as its files declare it. Tests read there what programs cannot see.
type source struct {
	fset *token.FileSet
	pkg  *types.Package
	uses map[*ast.Ident]types.Object
}

// runtimeSource returns package runtime. It is type-checked once for all tests.
func runtimeSource(t *testing.T) *source {
	t.Helper()
	s, err := loadRuntime()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var loadRuntime = sync.OnceValues(func() (*source, error) {
	dir, err := build.ImportDir(".", 0)
	if err != nil {
		return nil, err
	}
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range dir.GoFiles {
		f, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	open, err := exportData()
	if err != nil {
		return nil, err
	}
	return checkSource(ownPackage, fset, files, importer.ForCompiler(fset, "gc", open))
})

func checkSource(path string, fset *token.FileSet, files []*ast.File, imports types.Importer) (*source, error) {
	info := &types.Info{Uses: make(map[*ast.Ident]types.Object)}
	conf := types.Config{Importer: imports}
	pkg, err := conf.Check(path, fset, files, info)
	return &source{fset, pkg, info.Uses}, err
}

// exportData finds what the compiler wrote of the packages that this one imports.
func exportData() (open func(path string) (io.ReadCloser, error), err error) {
	cmd := exec.Command("go", "list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}", ".")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	files := make(map[string]string)
	for line := range bytes.Lines(out) {
		path, file, _ := strings.Cut(strings.TrimSpace(string(line)), " ")
		files[path] = file
	}
	return func(path string) (io.ReadCloser, error) { return os.Open(files[path]) }, nil
}

// typeOf returns a type that the package declares.
func (s *source) typeOf(t *testing.T, name string) types.Type {
	t.Helper()
	obj, ok := s.pkg.Scope().Lookup(name).(*types.TypeName)
	if !ok {
		t.Fatalf("package %s declares no type %s", s.pkg.Name(), name)
	}
	return obj.Type()
}

// fieldOf returns the type of a struct's field.
func (s *source) fieldOf(t *testing.T, name, field string) types.Type {
	t.Helper()
	obj, _, _ := types.LookupFieldOrMethod(s.typeOf(t, name), true, s.pkg, field)
	if obj == nil {
		t.Fatalf("%s has no field %s", name, field)
	}
	return obj.Type()
}
