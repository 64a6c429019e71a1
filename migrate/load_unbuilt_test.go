package migrate

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// elsewhere are folders whose files are all of other builds. One of them has nothing to do with the program.
const elsewhere = `
-- main.go --
package main

import (
	"net/http"

	"example.org/site/web"
)

func main() { http.ListenAndServe(":8080", web.Handler()) }
-- web/web.go --
package web

import (
	"net/http"
	"os"

	"github.com/gorilla/sessions"
)

var Store = sessions.NewCookieStore([]byte(os.Getenv("SECRET")))

func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, _ := Store.Get(r, "shop")
		s.Values["n"] = 1
		s.Save(r, w)
	})
}
-- service/service_plan9.go --
package service

import (
	"net/http"

	"example.org/site/web"
)

func count(r *http.Request) {
	s, _ := web.Store.Get(r, "shop")
	s.Values["n"] = 2
}
-- check/check_test.go --
//go:build integration

package check

import (
	"net/http/httptest"
	"testing"

	"example.org/site/web"
)

func TestCount(t *testing.T) {
	s, _ := web.Store.Get(httptest.NewRequest("GET", "/", nil), "shop")
	s.Values["n"] = 2
}
-- tool/tool.go --
//go:build tool

package tool

import "github.com/gorilla/sessions"

func count(s *sessions.Session) { s.Values["n"] = 2 }
-- testdata/x.go --
package x

import "github.com/gorilla/sessions"

func count(s *sessions.Session) { s.Values["n"] = 2 }
-- other/go.mod --
module example.org/other
-- other/x_plan9.go --
package other

import "github.com/gorilla/sessions"

func count(s *sessions.Session) { s.Values["n"] = 2 }
-- apart/apart.go --
package apart
`

// TestUnbuiltFolders has folders that the go command does not list, because this build leaves out all of their files.
// The patterns "." and "./web" leave a package aside, so that files that only import the library may be of another program.
func TestUnbuiltFolders(t *testing.T) {
	if testing.Short() {
		t.Skip("this test runs migrate often")
	}
	all := []string{"check/check_test.go:13:10", "service/service_plan9.go:10:10", "tool/tool.go:5:8"}
	dir := write(t, txtar.Parse([]byte(elsewhere)).Files)
	for pattern, want := range map[string][]string{"./...": all, ".": all[:2], "./web": all[:2]} {
		res, err := Run(Config{Dir: dir, Patterns: []string{pattern}, known: common})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, l := range res.Left {
			got = append(got, l.Pos.String())
		}
		if !slices.Equal(got, want) || len(res.Files) == 0 {
			t.Errorf("%s: got left %q and %d files, want left %q", pattern, got, len(res.Files), want)
		}
	}
}

// TestUnbuiltProgram has all sessions in files of other builds: the error says which builds.
func TestUnbuiltProgram(t *testing.T) {
	if testing.Short() {
		t.Skip("this test runs migrate often")
	}
	t.Setenv("CGO_ENABLED", "0")
	for _, test := range []struct{ name, head string }{
		{"main.go", "//go:build web\n\npackage main\n"},
		{"web/web_plan9.go", "package web\n"},
		{"web/web.go", "package web\n\nimport \"C\"\n"},
	} {
		dir := write(t, []txtar.File{
			{Name: "empty/empty.go", Data: []byte("package empty\n")},
			{Name: test.name, Data: []byte(test.head + "\nimport \"github.com/gorilla/sessions\"\n\nfunc count(s *sessions.Session) { s.Values[\"n\"] = 2 }\n")},
		})
		_, err := Run(Config{Dir: dir, Patterns: []string{"./..."}, known: common})
		if err == nil || !strings.HasPrefix(err.Error(), test.name+": build tags") || !strings.HasSuffix(err.Error(), errNoLibrary.Error()) {
			t.Errorf("%s: got error %v", test.name, err)
		}
	}
}

// withC is a program with sessions in files that import "C", in all forms of imports.
const withC = `
-- main.go --
package main

import (
	"net/http"

	"example.org/site/page"
	"example.org/site/web"
)

func main() {
	http.HandleFunc("/", page.Count)
	http.HandleFunc("/n", web.Count)
	http.ListenAndServe(":8080", nil)
}
-- web/web.go --
package web

// static int twice(int x) { return 2*x; }
import "C"

import (
	"net/http"
	"os"

	"github.com/gorilla/sessions"
)

var Store = sessions.NewCookieStore([]byte(os.Getenv("SECRET")))

func Count(w http.ResponseWriter, r *http.Request) {
	s, _ := Store.Get(r, "shop")
	n, _ := s.Values["n"].(int)
	s.Values["n"] = int(C.twice(C.int(n)))
	s.Save(r, w)
}
-- page/alone.go --
package page

// static int alone(int x) { return 2*x; }
import "C"
import "github.com/gorilla/sessions"

func alone(s *sessions.Session) { s.Values["n"] = int(C.alone(4)) }
-- page/group.go --
package page

import (
	"net/http"

	"example.org/site/web"
	"github.com/gorilla/sessions"
	// static int grouped(int x) { return 2*x; }
	"C"
)

func grouped(s *sessions.Session) { s.Values["n"] = int(C.grouped(4)) }

func Count(w http.ResponseWriter, r *http.Request) {
	s, _ := web.Store.Get(r, "shop")
	alone(s)
	grouped(s)
	s.Values["m"] = count()
	s.Save(r, w)
}
-- page/count.go --
package page

// static int count(void) { return 7; }
import "C"

func count() int { return int(C.count()) }
`

// TestC migrates files that import "C". What they have from C is of no known type.
func TestC(t *testing.T) {
	if testing.Short() {
		t.Skip("this test runs migrate often")
	}
	t.Setenv("CGO_ENABLED", "1")
	dir := write(t, txtar.Parse([]byte(withC)).Files)
	res := runListed(t, dir, nil)
	if len(res.Left) > 0 {
		t.Errorf("got\n%s", report(res))
	}
	if err := res.Write(); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"web/web.go":    "s.SetN(int(C.twice(C.int(n))))",
		"page/alone.go": "import \"C\"\nimport \"example.org/site/internal/websession\"\n\nfunc alone(s *websession.Session) { s.SetN(int(C.alone(4))) }",
		"page/group.go": "\t\"example.org/site/internal/websession\"\n\t// static int grouped(int x) { return 2*x; }\n\t\"C\"\n)\n\nfunc grouped(s *websession.Session) { s.SetN(int(C.grouped(4))) }",
	} {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !strings.Contains(string(got), want) {
			t.Errorf("%s: got %v\n%s\nwant\n%s", name, err, got, want)
		}
	}
	if _, err := exec.LookPath("gcc"); err == nil {
		compiles(t, dir)
	}
}
