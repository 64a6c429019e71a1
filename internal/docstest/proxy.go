package docstest

import (
	"archive/zip"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Proxy returns a directory that is a module proxy for GOPROXY, with this module as v0.0.1, as users of a release get
// it.
func Proxy(t *testing.T, root string) string {
	t.Helper()
	dir := t.TempDir()
	versions := filepath.Join(dir, filepath.FromSlash(own), "@v")
	if err := os.MkdirAll(versions, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := zipModule(filepath.Join(versions, "v0.0.1.zip"), root, filesOfModule(t, root)); err != nil {
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

// UseProxy makes the go command take this module from Proxy, and everything else from earlier downloads. It downloads
// everything again, as for a new user.
func UseProxy(t *testing.T, root string) {
	t.Helper()
	cache, err := exec.Command("go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOPROXY", "file://"+Proxy(t, root)+",file://"+strings.TrimSpace(string(cache))+"/cache/download,off")
	t.Setenv("GONOSUMDB", "*")
	t.Setenv("GOFLAGS", "-modcacherw") // so that the test can remove it
	t.Setenv("GOMODCACHE", t.TempDir())
	t.Setenv("GOWORK", "off")
}

// filesOfModule lists the files of this module, without those of nested modules.
func filesOfModule(t *testing.T, root string) []string {
	t.Helper()
	list := exec.Command("git", "ls-files", "-co", "--exclude-standard")
	list.Dir = root
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	names := strings.Split(strings.TrimSpace(string(out)), "\n")
	var modules []string
	for _, name := range names {
		if mod, ok := strings.CutSuffix(name, "/go.mod"); ok {
			modules = append(modules, mod+"/")
		}
	}
	return slices.DeleteFunc(names, func(name string) bool {
		return slices.ContainsFunc(modules, func(mod string) bool { return strings.HasPrefix(name, mod) })
	})
}

func zipModule(to, root string, names []string) error {
	file, err := os.Create(to)
	if err != nil {
		return err
	}
	w := zip.NewWriter(file)
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			continue // deleted, but not yet committed
		}
		f, err := w.Create(own + "@v0.0.1/" + name)
		if err == nil {
			_, err = f.Write(text)
		}
		if err != nil {
			return errors.Join(err, file.Close())
		}
	}
	return errors.Join(w.Close(), file.Close())
}
