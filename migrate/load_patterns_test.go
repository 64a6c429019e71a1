package migrate

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// shared is a module in which two packages use the sessions of a third, and another program has its own.
const shared = `
-- main.go --
package main

import (
	"net/http"

	"example.org/site/login"
	"example.org/site/page"
)

func main() {
	http.HandleFunc("/login", login.Login)
	http.HandleFunc("/", page.Home)
	http.ListenAndServe(":8080", nil)
}
-- kept/kept.go --
package kept

import (
	"net/http"
	"os"

	"github.com/gorilla/sessions"
)

var Store = sessions.NewCookieStore([]byte(os.Getenv("SESSION_SECRET")))

func Get(r *http.Request) *sessions.Session {
	s, _ := Store.Get(r, "shop")
	return s
}
-- login/login.go --
package login

import (
	"net/http"

	"example.org/site/kept"
	"example.org/site/name"
)

func Login(w http.ResponseWriter, r *http.Request) {
	s := kept.Get(r)
	s.Values["name"] = name.Of(r)
	s.Save(r, w)
}
-- page/page.go --
package page

import (
	"fmt"
	"net/http"

	"example.org/site/kept"
)

func Home(w http.ResponseWriter, r *http.Request) {
	name, _ := kept.Get(r).Values["name"].(string)
	fmt.Fprintln(w, name)
}
-- name/name.go --
package name

import "net/http"

func Of(r *http.Request) string { return r.FormValue("name") }
-- other/main.go --
package main

import (
	"net/http"
	"os"

	"example.org/site/name"
	"github.com/gorilla/sessions"
)

var store = sessions.NewCookieStore([]byte(os.Getenv("SESSION_SECRET")))

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s, _ := store.Get(r, "other")
		s.Values["name"] = name.Of(r)
		s.Save(r, w)
	})
	http.ListenAndServe(":8081", nil)
}
`

// TestPatterns migrates a program by some of its packages, and from its folders: all that import what changes change.
func TestPatterns(t *testing.T) {
	if testing.Short() {
		t.Skip("this test runs migrate often")
	}
	program := []string{"internal/websession/session.go", "internal/websession/session_gen.go", "kept/kept.go", "kept/session_manager.go", "login/login.go", "main.go", "page/page.go"}
	other := []string{"other/main.go", "other/session.go", "other/session_gen.go", "other/session_manager.go"}
	dir := write(t, txtar.Parse([]byte(shared)).Files)
	for _, test := range []struct {
		dir, patterns, joined string
		want                  []string
	}{
		{"", ".", "", program},
		{"", "./login", "example.org/site, example.org/site/page", program},
		{"", "./kept ./name", "example.org/site, example.org/site/login, example.org/site/page", program},
		{"page", "./...", "example.org/site, example.org/site/login", program},
		{"name", "example.org/site/login", "example.org/site, example.org/site/page", program},
		{"other", "./...", "", other},
		{"other", ".", "", other},
	} {
		res, err := Run(Config{Dir: filepath.Join(dir, test.dir), Patterns: strings.Fields(test.patterns), known: common})
		if err != nil {
			t.Errorf("%s %s: %v", test.dir, test.patterns, err)
			continue
		}
		if got := res.Relative(dir); !slices.Equal(got, test.want) || len(res.Left) > 0 {
			t.Errorf("%s %s: got %q and\n%s", test.dir, test.patterns, got, report(res))
		}
		note := "also migrated, as they belong to the same program: " + test.joined
		if slices.Contains(res.Notes, note) != (test.joined != "") {
			t.Errorf("%s %s: got the notes %q", test.dir, test.patterns, res.Notes)
		}
	}
	for patterns, want := range map[string]string{
		"./typo":           "./typo: ",
		"./login ./typo":   "./typo: ",
		"./typo/...":       "./typo/...: ",
		"./login/x...":     "the patterns name no package",
		"example.org/none": "example.org/none: ",
		"login/login.go":   "name packages",
		"./name":           "no package imports a session library",
	} {
		if _, err := Run(Config{Dir: dir, Patterns: strings.Fields(patterns), known: common}); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", patterns, err, want)
		}
	}
	if _, err := Run(Config{Dir: t.TempDir(), Patterns: []string{"./..."}, known: common}); err == nil || !strings.HasPrefix(err.Error(), "there is no package of a module here") {
		t.Errorf("outside of a module: got %v", err)
	}
}
