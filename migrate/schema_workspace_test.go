package migrate

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// TestWorkspace has two modules that use the same sessions. They cannot both import one internal package.
func TestWorkspace(t *testing.T) {
	if testing.Short() {
		t.Skip("this test runs migrate often")
	}
	dir := write(t, []txtar.File{
		{Name: "main.go", Data: []byte(`package main

import (
	"net/http"

	"example.org/kept"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s, _ := kept.Store.Get(r, "shop")
		s.Values["name"] = "hubo"
		s.Save(r, w)
	})
	http.ListenAndServe(":8080", nil)
}
`)},
		{Name: "kept/go.mod", Data: []byte(`module example.org/kept

go 1.26

require github.com/gorilla/sessions v1.0.0
`)},
		{Name: "kept/kept.go", Data: []byte(`package kept

import (
	"net/http"
	"os"

	"github.com/gorilla/sessions"
)

var Store = sessions.NewCookieStore([]byte(os.Getenv("SECRET")))

func Name(r *http.Request) string {
	s, _ := Store.Get(r, "shop")
	name, _ := s.Values["name"].(string)
	return name
}
`)},
		{Name: "go.work", Data: []byte("go 1.26.0\n\nuse (\n\t.\n\t./kept\n)\n")},
	})
	t.Setenv("GOWORK", "")
	t.Setenv("GOFLAGS", "")
	cfg := Config{Dir: dir, Patterns: []string{"./..."}, known: common}
	if _, err := Run(cfg); err == nil || !strings.Contains(err.Error(), "the modules example.org/kept and example.org/site use the same sessions") {
		t.Errorf("got error %v", err)
	}
	for path, folder := range map[string]string{
		"example.org/kept": "kept", "example.org/kept/visitors": "kept/visitors", "example.org/site/visitors": "visitors",
	} {
		cfg.Package = path
		res, err := Run(cfg)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if len(res.Left) > 0 || len(res.Rewritten) == 0 || !slices.Contains(res.Relative(dir), folder+"/session.go") {
			t.Errorf("%s: got %q and report\n%s", path, res.Relative(dir), report(res))
		}
	}
	cfg.Package = "example.org/other"
	if _, err := Run(cfg); err == nil || !strings.HasSuffix(err.Error(), "want the path of a package of module example.org/kept or example.org/site") {
		t.Errorf("for no package of the workspace: got error %v", err)
	}
}
