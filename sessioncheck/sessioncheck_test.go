package sessioncheck_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/go/analysis/analysistest"
	"golang.org/x/tools/txtar"

	"github.com/sessiongen/sessiongen/internal/output"
	"github.com/sessiongen/sessiongen/internal/plan"
	"github.com/sessiongen/sessiongen/internal/testmodule"
	"github.com/sessiongen/sessiongen/schema"
	"github.com/sessiongen/sessiongen/sessioncheck"
)

// TestAnalyzer runs the analyzer on one module: each archive has a check's packages, with the expected reports, and
// with correct code that looks similar. The sessions are generated, and the runtime is the real one.
func TestAnalyzer(t *testing.T) {
	if testing.Short() {
		t.Skip("this test type-checks the standard library")
	}
	for _, v := range testmodule.Env("example.org") {
		name, value, _ := strings.Cut(v, "=")
		t.Setenv(name, value)
	}
	dir := testmodule.Dir(t)
	if err := testmodule.Write(dir, "example.org/site"); err != nil {
		t.Fatal(err)
	}
	requireLibraries(t, dir)
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("got error %v, %d archives", err, len(archives))
	}
	for _, name := range archives {
		write(t, dir, name, false)
	}
	p, err := plan.Make(schema.Config{Dir: dir, Patterns: []string{"./..."}, Output: "session_gen.go"}, plan.Options{})
	if err == nil {
		err = output.Apply(p.Changes)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range archives {
		write(t, dir, name, true)
	}
	analysistest.Run(t, dir, sessioncheck.Analyzer, "./...")
}

// requireLibraries adds the libraries' stubs to the module.
func requireLibraries(t *testing.T, dir string) {
	name := filepath.Join(dir, "go.mod")
	mod, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for path, version := range map[string]string{
		"github.com/gorilla/sessions": "v1.0.0", "github.com/alexedwards/scs/v2": "v2.0.0", "github.com/gin-contrib/sessions": "v1.0.0",
		"github.com/gin-gonic/gin": "v1.0.0", "github.com/labstack/echo/v4": "v4.0.0", "github.com/markbates/goth": "v1.0.0",
	} {
		mod = fmt.Appendf(mod, "\nrequire %s %s\n\nreplace %[1]s => ./lib/%[1]s\n", path, version)
	}
	if err := os.WriteFile(name, mod, 0o644); err != nil {
		t.Fatal(err)
	}
}

// write writes an archive's files: either those that claim to be generated, which sessiongen would remove, or all
// others.
func write(t *testing.T, dir, archive string, generated bool) {
	a, err := txtar.ParseFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range a.Files {
		if strings.HasSuffix(f.Name, "_gen.go") != generated {
			continue
		}
		name := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
