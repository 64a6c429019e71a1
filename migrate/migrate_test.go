package migrate

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/diff"
	"golang.org/x/tools/txtar"

	"github.com/sessiongen/sessiongen/internal/golist"
	"github.com/sessiongen/sessiongen/internal/long"
	"github.com/sessiongen/sessiongen/internal/testmodule"
)

var update = flag.Bool("update", false, "rewrite what the tests compare with")

func TestMain(m *testing.M) {
	long.CollectRarely()
	for _, v := range testmodule.Env("example.org") {
		name, value, _ := strings.Cut(v, "=")
		os.Setenv(name, value)
	}
	os.Exit(m.Run())
}

// TestPrograms migrates small programs in each library's style: an archive has a program and, from the file "report"
// on, the expected result without the generator's files. Afterwards the program compiles, a second run changes
// nothing, and its report is the file "again". By default, every tenth program has that second run, and only
// there the go command lists the packages. With -short, every tenth program runs, once.
func TestPrograms(t *testing.T) {
	names, err := filepath.Glob("testdata/programs/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("got error %v, %d programs", err, len(names))
	}
	packages := newListing(t)
	for i, name := range names {
		if testing.Short() && i%10 > 0 {
			continue
		}
		again := !testing.Short() && i%long.Of(10, 1) == 0
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			program, want := split(archive)
			dir := write(t, program)
			var list []*golist.Package
			if !*update && long.Of(0, 1) == 0 {
				list = packages.of(t, dir)
			}
			res := runListed(t, dir, list)
			got := outcome(res, dir)
			named(t, res)
			if strings.HasPrefix(filepath.Base(name), "page_") {
				shown(t, res, dir)
			}
			before := slices.Clone(res.Left)
			if err := res.Write(); err != nil {
				t.Fatal(err)
			}
			followed(t, res, before, dir)
			if *update || again {
				second := run(t, dir)
				if len(second.Files) > 0 {
					t.Errorf("a second run would change %q", second.Relative(dir))
				}
				got = append(got, txtar.File{Name: "again", Data: []byte(report(second))})
			} else if n := len(want) - 1; n >= 0 && want[n].Name == "again" {
				want = want[:n]
			}
			if *update {
				program = append(program, got...)
				if err := os.WriteFile(name, txtar.Format(&txtar.Archive{Comment: archive.Comment, Files: program}), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			compare(t, want, got)
			if !strings.HasPrefix(filepath.Base(name), "left") { // those programs do not compile, and their reports say so
				compiles(t, dir)
			}
		})
	}
}

// TestRequired migrates a module that lacks dependencies of the wiring: one line names all of them, and nothing is
// wired.
func TestRequired(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/programs/wire_redis.txtar")
	if err != nil {
		t.Fatal(err)
	}
	program, _ := split(archive)
	dir := write(t, program)
	name := filepath.Join(dir, "go.mod")
	mod, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	lines := slices.DeleteFunc(strings.Split(string(mod), "\n"), func(line string) bool {
		return strings.Contains(line, redisStore+" ") || strings.Contains(line, ginAdapter+" ")
	})
	if err := os.WriteFile(name, []byte(strings.Join(lines, "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
	got := report(run(t, dir))
	for _, want := range []string{"the module does not require " + redisStore + " and " + ginAdapter, "run go get " + redisStore + " " + ginAdapter} {
		if !strings.Contains(got, want) {
			t.Errorf("the report does not have %q:\n%s", want, got)
		}
	}
}

// split takes an archive apart into the program and the expected result.
func split(a *txtar.Archive) (program, want []txtar.File) {
	for i, f := range a.Files {
		if f.Name == "report" {
			return a.Files[:i:i], a.Files[i:]
		}
	}
	return a.Files, nil
}

// modules are the stubs of the libraries, by module path.
var modules = map[string]string{
	"github.com/gorilla/sessions": "gorilla", "github.com/gorilla/securecookie": "securecookie", "github.com/alexedwards/scs/v2": "scs", "github.com/gin-gonic/gin": "gin",
	"github.com/gin-contrib/sessions": "ginsessions", "github.com/labstack/echo/v4": "echo", "github.com/labstack/echo-contrib": "echosession",
	"github.com/rbcervilla/redisstore/v8": "redisstore", "github.com/srinathgs/mysqlstore": "mysqlstore", "github.com/tylerb/graceful": "graceful",
	"github.com/gofiber/fiber/v2": "fiber", "github.com/sessiongen/sessiongen/runtime/ginsession": "ginsession",
	"github.com/sessiongen/sessiongen/runtime/echosession": "echosession2",
	"github.com/urfave/cli/v2":                             "cli", "github.com/spf13/cobra": "cobra",
	"github.com/boj/redistore": "redistore", "github.com/redis/go-redis/v9": "goredis",
	"github.com/sessiongen/sessiongen/runtime/redisstore": "redisstore2",
}

// gorillaVersion is the version of gorilla/sessions that programs require: the defaults depend on it.
const gorillaVersion = "v1.4.0"

// write makes a module of a program. It needs no network.
func write(t *testing.T, program []txtar.File) string {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	libraries, err := txtar.ParseFile("testdata/libraries.txtar")
	if err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(root, "lib"), libraries.Files)
	dir := filepath.Join(root, "program")
	if err := testmodule.Write(dir, "example.org/site"); err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	for path, lib := range modules {
		version := "v1.0.0"
		if major := path[strings.LastIndex(path, "/")+1:]; len(major) == 2 && major[0] == 'v' {
			version = major + ".0.0"
		}
		if lib == "gorilla" {
			version = gorillaVersion
		}
		mod = fmt.Appendf(mod, "\nrequire %s %s\n\nreplace %[1]s => ../lib/%[3]s\n", path, version, lib)
	}
	put(t, dir, append([]txtar.File{{Name: "go.mod", Data: mod}}, program...))
	return dir
}

func put(t *testing.T, dir string, files []txtar.File) {
	t.Helper()
	for _, f := range files {
		name := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// common has the packages that the tests' programs share.
var common = newKnown()

func run(t *testing.T, dir string) *Result {
	t.Helper()
	return runListed(t, dir, nil)
}

// runListed runs with these packages in place of those that the go command lists, unless there are none.
func runListed(t *testing.T, dir string, list []*golist.Package) *Result {
	t.Helper()
	cfg := Config{Dir: dir, Patterns: []string{"./..."}, Tests: true, known: common}
	if list != nil {
		cfg.closure = func([]string) ([]*golist.Package, error) { return list, nil }
	}
	if strings.HasSuffix(t.Name(), "legacy") {
		cfg.Legacy = time.Date(2030, 3, 31, 0, 0, 0, 0, time.UTC)
	}
	res, err := Run(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// named checks that each use of a key that is rewritten names it.
func named(t *testing.T, res *Result) {
	t.Helper()
	keys := map[string][]string{}
	for _, k := range res.Keys {
		for _, s := range k.Sites {
			keys[s.Pos] = append(keys[s.Pos], k.Name)
		}
	}
	for _, s := range res.Rewritten {
		if want := keys[s.Pos]; len(want) > 0 && !slices.Contains(want, s.Key) && s.Key != strings.Join(want, ", ") {
			t.Errorf("%s: %s of %q, want %q", s.Pos, s.Verb, s.Key, want)
		}
	}
}

// followed checks the positions in the report after the files are written: each has the same line as before, unless
// the file no longer has that line.
func followed(t *testing.T, res *Result, before []Left, dir string) {
	t.Helper()
	for _, f := range res.Files {
		for i, l := range before {
			if relative(dir, f.Path) != l.Pos.Filename {
				continue
			}
			was, now := strings.Split(string(f.Old), "\n"), strings.Split(string(f.New), "\n")
			line := was[l.Pos.Line-1]
			if at := res.Left[i].Pos.Line; slices.Contains(now, line) && (at > len(now) || now[at-1] != line) {
				t.Errorf("%v is reported in line %d after the run, which is %q, want %q", l, at, now[min(at, len(now))-1], line)
			}
		}
	}
}

// shown checks that the docs page shows the output of a run: the command's diff, and the report.
func shown(t *testing.T, res *Result, dir string) {
	t.Helper()
	page, err := os.ReadFile("../docs/migrating.md")
	if err != nil {
		t.Fatal(err)
	}
	parts := []string{report(res)}
	for _, f := range res.Files {
		switch name := relative(dir, f.Path); name {
		case "session_gen.go":
		case "session.go", "session_manager.go":
			parts = append(parts, string(f.New))
		default:
			parts = append(parts, string(diff.Diff(name, f.Old, name+" (migrated)", f.New)))
		}
	}
	for _, text := range parts {
		if !strings.Contains(string(page), text) {
			t.Errorf("docs/migrating.md does not show\n%s", text)
		}
	}
}

// report is the text that a run prints, with what is left.
func report(res *Result) string {
	text := res.String()
	for _, l := range res.Left {
		text += l.String() + "\n"
	}
	return text
}

// outcome is the report and the files of a run.
func outcome(res *Result, dir string) []txtar.File {
	files := []txtar.File{{Name: "report", Data: []byte(report(res))}}
	for _, f := range res.Files {
		if filepath.Base(f.Path) == "session_gen.go" {
			continue
		}
		name, _ := filepath.Rel(dir, f.Path)
		files = append(files, txtar.File{Name: "want/" + filepath.ToSlash(name), Data: f.New})
	}
	return files
}

func compare(t *testing.T, want, got []txtar.File) {
	t.Helper()
	for i := range max(len(want), len(got)) {
		switch {
		case i >= len(got):
			t.Errorf("the run does not write %s", want[i].Name)
		case i >= len(want):
			t.Errorf("the run writes %s unexpectedly", got[i].Name)
		case want[i].Name != got[i].Name || string(want[i].Data) != string(got[i].Data):
			t.Errorf("got %s:\n%s\nwant %s:\n%s", got[i].Name, got[i].Data, want[i].Name, want[i].Data)
		}
	}
}

// compiles builds and vets the program as it is now. By default, the command's own check of its output stands in for
// that: errors are in its report.
func compiles(t *testing.T, dir string) {
	t.Helper()
	if long.Of(0, 1) == 0 {
		return
	}
	cmd := exec.Command("go", "vet", "./...")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("the program does not compile: %v\n%s", err, out)
	}
}
