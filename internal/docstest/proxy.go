package docstest

import (
	"archive/zip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Proxy returns a directory that is a module proxy, as GOPROXY takes one, with this module as v0.0.1: what the
// users of a release get.
func Proxy(t *testing.T, root string) string {
	t.Helper()
	list := exec.Command("git", "ls-files", "-co", "--exclude-standard")
	list.Dir = root
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	versions := filepath.Join(dir, filepath.FromSlash(own), "@v")
	if err := os.MkdirAll(versions, 0o755); err != nil {
		t.Fatal(err)
	}
	file, err := os.Create(filepath.Join(versions, "v0.0.1.zip"))
	if err != nil {
		t.Fatal(err)
	}
	w := zip.NewWriter(file)
	var modules []string // within this one
	names := strings.Split(strings.TrimSpace(string(out)), "\n")
	for _, name := range names {
		if mod, ok := strings.CutSuffix(name, "/go.mod"); ok {
			modules = append(modules, mod+"/")
		}
	}
	for _, name := range names {
		if slices.ContainsFunc(modules, func(mod string) bool { return strings.HasPrefix(name, mod) }) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			continue // deleted, and not yet committed
		}
		f, err := w.Create(own + "@v0.0.1/" + name)
		if err == nil {
			_, err = f.Write(text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"list": "v0.0.1\n", "v0.0.1.info": `{"Version":"v0.0.1","Time":"2026-01-01T00:00:00Z"}`, "v0.0.1.mod": string(mod),
	} {
		if err := os.WriteFile(filepath.Join(versions, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
