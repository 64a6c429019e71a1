package migrate

import (
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

const single = `
-- main.go --
package main

import (
	"net/http"
	"os"

	"github.com/gorilla/sessions"
)

var store = sessions.NewCookieStore([]byte(os.Getenv("SESSION_SECRET")))

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s, _ := store.Get(r, "shop")
		s.Values["name"] = r.FormValue("name")
		s.Save(r, w)
	})
	http.ListenAndServe(":8080", nil)
}
`

// TestUnread has a file that nobody understands: the uses in it would be passed over, so the run fails. Files that have
// nothing to do with sessions do not count.
func TestUnread(t *testing.T) {
	if testing.Short() {
		t.Skip("this test runs migrate often")
	}
	const broken = "package main\n\nfunc other( {\n"
	for _, test := range []struct{ name, content, want string }{
		{"other.go", broken, "other.go:3:13: expected ')', found '{'"},
		{"other_test.go", broken, "other_test.go:3:13: "},
		{"other.go", "package other\n", "other.go is of package other, and the others in its folder are of main"},
		{"sub/other.go", "package sub\n\nimport (\n\t\"github.com/gorilla/sessions\n)\n", "sub/other.go:4:2: "},
		{"sub/other.go", "package {{.Name}}\n", ""},
		{"sub/other.go", "package sub\n\nfunc other( {\n", ""},
	} {
		dir := write(t, append(txtar.Parse([]byte(single)).Files, txtar.File{Name: test.name, Data: []byte(test.content)}))
		res, err := Run(Config{Dir: dir, Patterns: []string{"./..."}, known: common})
		switch {
		case test.want == "" && (err != nil || len(res.Files) == 0):
			t.Errorf("%s %q: got %v, want a run", test.name, test.content, err)
		case test.want != "" && (err == nil || !strings.HasPrefix(err.Error(), test.want) || !strings.HasSuffix(err.Error(), errUnread.Error())):
			t.Errorf("%s %q: got %v, want %s", test.name, test.content, err, test.want)
		}
	}
}

// TestKeyless has programs without a key: the report says what is left of the library, or that nothing is found.
func TestKeyless(t *testing.T) {
	if testing.Short() {
		t.Skip("this test runs migrate often")
	}
	const test = "package main\n\nimport (\n\t\"net/http/httptest\"\n\t\"testing\"\n\n\t\"github.com/gorilla/sessions\"\n)\n\nfunc TestStore(t *testing.T) {\n" +
		"\ts, _ := sessions.NewCookieStore([]byte(\"secret\")).Get(httptest.NewRequest(\"GET\", \"/\", nil), \"shop\")\n\ts.Values[\"name\"] = 1\n}\n"
	for _, test := range []struct{ name, content, want string }{
		{"main.go", strings.Replace(single, "\t\ts.Values[\"name\"] = r.FormValue(\"name\")\n", "", 1)[len("\n-- main.go --\n"):],
			"main.go:10:13: gorilla/sessions: sessions.NewCookieStore; the program keeps nothing in a session; remove it\n"},
		{"main.go", "package main\n\nimport \"github.com/alexedwards/scs/v2\"\n\nvar manager = scs.New()\n\nfunc main() {}\n",
			"main.go:5:15: alexedwards/scs: scs.New; the program keeps nothing in a session; remove it\n"},
		{"main.go", "package main\n\nimport _ \"github.com/gorilla/sessions\"\n\nfunc main() {}\n",
			"the program imports a session library, and no use of a session is found\n"},
		{"main_test.go", test, "only tests use sessions: -tests rewrites them\n"},
	} {
		dir := write(t, []txtar.File{{Name: "main.go", Data: []byte("package main\n\nfunc main() {}\n")}, {Name: test.name, Data: []byte(test.content)}})
		res, err := Run(Config{Dir: dir, Patterns: []string{"./..."}, known: common})
		if err != nil {
			t.Fatal(err)
		}
		if got := report(res); got != test.want {
			t.Errorf("got\n%s\nwant\n%s", got, test.want)
		}
	}
}
