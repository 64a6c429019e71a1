package gen

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/sessiongen/sessiongen/internal/testmodule"
	"github.com/sessiongen/sessiongen/schema"
)

var update = flag.Bool("update", false, "rewrite the golden file")

// moduleEnv is the go command's environment in the modules that module writes.
var moduleEnv = append(append(os.Environ(), "GOWORK=off"), testmodule.Env("example.com/app")...)

// module writes the files of an archive as a module that uses this repository.
func module(t *testing.T, files []txtar.File) (dir string) {
	t.Helper()
	dir = testmodule.Dir(t)
	if err := testmodule.Write(dir, "example.com/app"); err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		name := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func archive(t *testing.T, name string) *txtar.Archive {
	t.Helper()
	a, err := txtar.ParseFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// generate runs the generator on every package of a module and writes its files.
func generate(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	pkgs, err := schema.Load(schema.Config{Dir: dir, Patterns: []string{"./..."}, Env: moduleEnv})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for _, pkg := range pkgs {
		if len(pkg.Schemas) == 0 {
			continue
		}
		src, err := Generate(pkg)
		if err != nil {
			t.Fatal(err)
		}
		out[pkg.Name] = src
		if err := os.WriteFile(filepath.Join(pkg.Dir, "session_gen.go"), src, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func goCommand(t *testing.T, dir string, args ...string) (output string, ok bool) {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = moduleEnv
	out, err := cmd.CombinedOutput()
	return string(out), err == nil
}

func firstDifference(got, want []byte) string {
	g, w := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	for i := range g {
		if i >= len(w) || g[i] != w[i] {
			return fmt.Sprintf("line %d: %s", i+1, g[i])
		}
	}
	return "the end is missing"
}
