package docstest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/sessiongen/sessiongen/internal/output"
	"github.com/sessiongen/sessiongen/internal/plan"
	"github.com/sessiongen/sessiongen/schema"
)

// modulePath is the path of the module with the packages.
const modulePath = "example.org/docs"

// Write writes the packages and their generated files into a module in dir. Its go.mod has the requirements of the one
// in the directory from.
func Write(t *testing.T, dir, from string, packages []*Package) {
	t.Helper()
	WriteModule(t, dir, from)
	for _, pkg := range packages {
		for name, text := range pkg.Files {
			file := filepath.Join(dir, pkg.Dir, name)
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	p, err := plan.Make(schema.Config{Dir: dir, Patterns: []string{"./..."}, Output: "session_gen.go"}, plan.Options{})
	if err == nil {
		err = output.Apply(p.Changes)
	}
	if err != nil {
		t.Fatalf("sessiongen fails: %v", err)
	}
}

// Vet vets all packages of a module. Errors name the pages' lines.
func Vet(t *testing.T, dir string) {
	t.Helper()
	cmd := exec.Command("go", "vet", "./...")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("go vet: %v\n%s", err, out)
	}
}

// WriteModule writes a go.mod and go.sum like those in the directory from, with another path.
func WriteModule(t *testing.T, dir, from string) {
	t.Helper()
	// For the go command in the generator and the tests.
	t.Setenv("GOFLAGS", "-mod=mod")
	t.Setenv("GOWORK", "off")
	mod, err := os.ReadFile(filepath.Join(from, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(mod)
	own := regexp.MustCompile(`(?m)^module (.*)$`).FindStringSubmatch(text)[1]
	text = strings.Replace(text, "module "+own, "module "+modulePath, 1)
	text = regexp.MustCompile(`=> (\.\S*)`).ReplaceAllStringFunc(text, func(s string) string {
		return fmt.Sprintf("=> %q", filepath.Join(from, strings.TrimPrefix(s, "=> ")))
	})
	if own == "github.com/sessiongen/sessiongen" {
		text += fmt.Sprintf("\nrequire %s v0.0.0-00010101000000-000000000000\nreplace %[1]s => %[2]q\n", own, from)
	}
	sum, err := os.ReadFile(filepath.Join(from, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"go.mod": text, "go.sum": string(sum)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
