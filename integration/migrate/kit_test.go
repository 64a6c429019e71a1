package migrate

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/sessiongen/sessiongen/internal/testmodule"
	"github.com/sessiongen/sessiongen/migrate"
)

const module = "example.org/shop"

func TestMain(m *testing.M) {
	os.Setenv("GOWORK", "off")
	os.Setenv("GOFLAGS", "-mod=mod")
	os.Exit(m.Run())
}

// unpack makes a module of a program, with the requirements of this one.
func unpack(t *testing.T, files []txtar.File) (dir string) {
	t.Helper()
	dir = testmodule.Dir(t)
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	mod := read(t, "go.mod")
	mod = bytes.Replace(mod, []byte("module github.com/sessiongen/sessiongen/integration/migrate"), []byte("module "+module), 1)
	mod = bytes.ReplaceAll(mod, []byte("=> ../../"), []byte("=> "+filepath.ToSlash(filepath.Join(here, "../.."))+"/"))
	put(t, dir, append([]txtar.File{{Name: "go.mod", Data: mod}, {Name: "go.sum", Data: read(t, "go.sum")}}, files...))
	return dir
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func put(t *testing.T, dir string, files []txtar.File) {
	t.Helper()
	for _, f := range files {
		name := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// each runs a test on every archive, several at once, and waits for all.
func each(t *testing.T, archives []string, test func(t *testing.T, archive string)) {
	t.Helper()
	t.Run("each", func(t *testing.T) {
		for _, name := range archives {
			t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
				t.Parallel()
				test(t, name)
			})
		}
	})
}

func parse(t *testing.T, name string) *txtar.Archive {
	t.Helper()
	a, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// run runs a command in a directory, with this module's dependencies.
func run(t *testing.T, dir, name string, args ...string) (output string, err error) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// moved runs package migrate on a program.
func moved(t *testing.T, dir string) *migrate.Result {
	t.Helper()
	res, err := migrate.Run(migrate.Config{Dir: dir, Patterns: []string{"./..."}})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// snapshot has every file of a program.
func snapshot(t *testing.T, dir string) string {
	t.Helper()
	var b bytes.Buffer
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			fmt.Fprintf(&b, "-- %s --\n%s", path, read(t, path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}
