package migrate

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// TestOutdated has packages with the paths of supported ones, or nearly so, that have other methods or are for an older
// framework. A program with one of them is left as it is, even if it also uses a supported library.
func TestOutdated(t *testing.T) {
	if testing.Short() {
		t.Skip("this test runs migrate often")
	}
	for _, test := range []struct{ path, module, next string }{
		{"github.com/alexedwards/scs", "github.com/alexedwards/scs", "github.com/alexedwards/scs/v2"},
		{"github.com/alexedwards/scs/session", "github.com/alexedwards/scs", "github.com/alexedwards/scs/v2"},
		{"github.com/gin-gonic/contrib/sessions", "github.com/gin-gonic/contrib", "github.com/gin-contrib/sessions"},
		{"github.com/ipfans/echo-session", "github.com/ipfans/echo-session", "github.com/labstack/echo-contrib/session"},
	} {
		for _, name := range []string{"main.go", "main_test.go"} {
			dir := write(t, []txtar.File{{Name: "empty.go", Data: []byte("package main\n")}, {Name: name, Data: []byte(using(test.path))}})
			addModule(t, dir, test.module, strings.TrimPrefix(strings.TrimPrefix(test.path, test.module), "/"), "package old\n\nfunc Old() {}\n")
			refusesOutdated(t, dir, name, test.path, test.next)
		}
	}
	const echoSession = "github.com/labstack/echo-contrib/session"
	dir := write(t, []txtar.File{{Name: "main.go", Data: []byte(using(echoSession))}})
	addModule(t, dir, "github.com/labstack/echo", "", "package echo\n")
	put(t, filepath.Join(dir, "../lib/echosession"), []txtar.File{
		{Name: "go.mod", Data: []byte("module github.com/labstack/echo-contrib\n\nrequire github.com/labstack/echo v1.0.0\n")},
		{Name: "session/session.go", Data: []byte("package session\n\nimport _ \"github.com/labstack/echo\"\n\nfunc Old() {}\n")},
	})
	refusesOutdated(t, dir, "main.go", echoSession, "echo v4 and its version of the package")
}

// using is a program that uses an old package beside gorilla/sessions.
func using(path string) string {
	return fmt.Sprintf(`package main

import (
	old %q
	"github.com/gorilla/sessions"
)

func main() { old.Old() }

func set(s *sessions.Session) { s.Values["n"] = 1 }
`, path)
}

// addModule gives a program a module with one package.
func addModule(t *testing.T, dir, module, folder, src string) {
	t.Helper()
	put(t, filepath.Join(dir, "../lib/added"), []txtar.File{
		{Name: "go.mod", Data: []byte("module " + module + "\n")}, {Name: filepath.Join(folder, "added.go"), Data: []byte(src)},
	})
	name := filepath.Join(dir, "go.mod")
	mod, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	mod = fmt.Appendf(mod, "\nrequire %s v1.0.0\n\nreplace %[1]s => ../lib/added\n", module)
	if err := os.WriteFile(name, mod, 0o644); err != nil {
		t.Fatal(err)
	}
}

func refusesOutdated(t *testing.T, dir, name, path, next string) {
	t.Helper()
	_, err := Run(Config{Dir: dir, Patterns: []string{"./..."}, Tests: true, known: common})
	want := name + ":4:2: this version of " + path + " is not supported: move to " + next + " first"
	if err == nil || err.Error() != want {
		t.Errorf("%s in %s: got error %v, want %s", path, name, err, want)
	}
}
