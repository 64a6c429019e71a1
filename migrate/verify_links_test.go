package migrate

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// TestLinks has files that are links. A link to a file of the module stays, and the file changes. One that leads out of the
// module, and a file with two names, are errors.
func TestLinks(t *testing.T) {
	if testing.Short() {
		t.Skip("this test runs migrate often")
	}
	for _, test := range []struct {
		name, target string // the link, and the file or folder that it leads to
		want         string
	}{
		{"login/login.go", "texts/login.txt", ""},
		{"login/login.go", "../outside.go", "login/login.go is a link that leads out of the module"},
		{"login", "../outside", "login/login.go is a link that leads out of the module"},
		{"login/login.go", "again/login.go", "again/login.go and login/login.go are one file"},
	} {
		dir := write(t, txtar.Parse([]byte(shared)).Files)
		link, target := filepath.Join(dir, test.name), filepath.Join(dir, test.target)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(link, target); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, link); err != nil {
			t.Skip(err)
		}
		res, err := Run(Config{Dir: dir, Patterns: []string{"./..."}, known: common})
		switch {
		case test.want != "":
			if err == nil || !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("%s: got %v, want %s", test.target, err, test.want)
			}
			continue
		case err != nil:
			t.Fatal(err)
		}
		if err := res.Write(); err != nil {
			t.Fatal(err)
		}
		if to, err := os.Readlink(link); err != nil || to != target {
			t.Errorf("the link leads to %s, %v", to, err)
		}
		if text := contentOf(target); !strings.Contains(string(text), "SetName") {
			t.Errorf("the file has not changed:\n%s", text)
		}
	}
}
