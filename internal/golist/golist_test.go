package golist

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func module(t *testing.T, files map[string]string) Command {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	files["go.mod"] = "module example.org/m\n\ngo 1.26.0\n"
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return Command{Dir: dir, Env: append(os.Environ(), "GOFLAGS=", "GOWORK=off", "GOPROXY=off", "GOOS=linux", "CGO_ENABLED=1")}
}

// Each file is listed once, in the right list, whatever GOFLAGS says.
func TestPackages(t *testing.T) {
	c := module(t, map[string]string{
		"a.go": "package m\n", "c.go": "package m\n\nimport \"C\"\n", "a_windows.go": "package m\n", "a_test.go": "package m\n",
		"x_test.go": "package m_test\n", "bad.go": "//go:build a,b\n\npackage m\n", "_b.go": "package m\n", ".c.go": "package m\n",
	})
	c.Env = append(c.Env, "GOFLAGS=-cover -compiled -test")
	list, err := c.Packages(".")
	if err != nil || len(list) != 1 {
		t.Fatalf("got %v, %v", list, err)
	}
	p := list[0]
	for want, got := range map[string][]string{
		"a.go": p.GoFiles, "c.go": p.CgoFiles, "a_test.go": p.TestGoFiles, "x_test.go": p.XTestGoFiles, "a_windows.go": p.IgnoredGoFiles, "bad.go": p.InvalidGoFiles,
	} {
		if len(got) != 1 || got[0] != filepath.Join(c.Dir, want) {
			t.Errorf("got %v, want %s", got, want)
		}
	}
	if p.Error == nil || !strings.Contains(p.Error.Err, "bad.go: parsing //go:build line") {
		t.Errorf("got error %v", p.Error)
	}
}

func TestOver(t *testing.T) {
	c := module(t, map[string]string{"a.go": "package m\n\nimport _ \"example.org/m\"\n"})
	list, err := c.Packages(".")
	if err != nil || len(list) != 1 || list[0].Error == nil {
		t.Fatalf("got %v, %v, want one package with an error", list, err)
	}
	over, closeOver, err := c.Over(map[string]string{filepath.Join(c.Dir, "a.go"): "package n\n", filepath.Join(c.Dir, "b.go"): "package n\n"})
	defer closeOver()
	if err != nil {
		t.Fatal(err)
	}
	list, err = over.Packages(".")
	if err != nil || len(list) != 1 || list[0].Error != nil || list[0].Name != "n" || len(list[0].GoFiles) != 2 {
		t.Errorf("got %+v, %v, want package n with two files", list[0], err)
	}
}

// Export data is found for packages that compile, and the sources of the others.
func TestExports(t *testing.T) {
	c := module(t, map[string]string{"a.go": "package m\n\nimport _ \"errors\"\n\nvar x Missing\n"})
	list, err := c.Exports([]string{"errors", "example.org/m"})
	if err != nil || len(list) != 2 || list[0].Export == "" || list[1].Export != "" {
		t.Errorf("got %v, %v, want two packages", list, err)
	}
	list, err = c.Sources([]string{"example.org/m"})
	if last := len(list) - 1; err != nil || last < 1 || list[last].ImportPath != "example.org/m" || len(list[last].GoFiles) != 1 {
		t.Errorf("got %v, %v, want package m last", list, err)
	}
}

// The error has the go command's words.
func TestErrors(t *testing.T) {
	c := module(t, map[string]string{"a.go": "package m\n"})
	c.Env = append(c.Env, "GOFLAGS=-nonsense")
	_, err := c.Packages(".")
	_, contextErr := c.Context()
	for _, err := range []error{err, contextErr} {
		if err == nil || !strings.Contains(err.Error(), "unknown flag -nonsense") {
			t.Errorf("got error %v", err)
		}
	}
}

func TestContext(t *testing.T) {
	c := module(t, map[string]string{})
	c.Env = append(c.Env, "GOOS=js", "GOARCH=wasm")
	got, err := c.Context()
	if err != nil || got.GOOS != "js" || got.GOARCH != "wasm" || got.Compiler != "gc" || !strings.HasPrefix(runtime.Version(), got.Release) {
		t.Errorf("got %+v, %v", got, err)
	}
}
