package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/internal/testmodule"
	"github.com/sessiongen/sessiongen/schema"
)

// keepVar is an environment variable for tests: the command then keeps a copy of each module that it generates code
// for, in the directory that the variable names. .ci/run sets it for the scripts' own run, so that TestSystems does not
// run them again.
const keepVar = "SESSIONGEN_TEST_KEEP"

// freshFile lists, in a copy, the directories whose code this run generated.
const freshFile = "fresh"

// mainOfTests is main, and keeps what it has generated if asked to.
func mainOfTests() {
	dir := os.Getenv(keepVar)
	if dir == "" {
		main()
	}
	start := time.Now()
	code := run(os.Args[1:], os.Stdout, os.Stderr)
	if code == exitOK {
		if err := keep(dir, start); err != nil {
			panic(err)
		}
	}
	os.Exit(code)
}

// keep copies the Go files of the module around the working directory to a new directory in dir, if some of them were
// generated since start.
func keep(dir string, start time.Time) error {
	start = start.Add(-10 * time.Millisecond) // the clock of a file system is coarse
	root, err := testmodule.Root()
	if err != nil {
		return nil // no module
	}
	files, fresh, err := goFiles(root, start)
	if err != nil || len(fresh) == 0 {
		return err
	}
	slices.Sort(fresh)
	files[freshFile] = []byte(strings.Join(slices.Compact(fresh), "\n"))
	to, err := os.MkdirTemp(dir, "")
	if err != nil {
		return err
	}
	for name, src := range files {
		if err := write(filepath.Join(to, name), src); err != nil {
			return err
		}
	}
	return nil
}

// goFiles reads the Go files and the go.mod of a module, and lists the directories with files that were generated
// since start.
func goFiles(root string, start time.Time) (files map[string][]byte, fresh []string, err error) {
	files = map[string][]byte{}
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch name := filepath.Join(path, "go.mod"); {
		case err != nil:
			return err
		case d.IsDir() && path != root && exists(name):
			return fs.SkipDir // another module
		case !d.Type().IsRegular() || filepath.Ext(path) != ".go" && d.Name() != "go.mod":
			return nil
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if files[name], err = os.ReadFile(path); err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && isOurs(files[name]) && info.ModTime().After(start) {
			fresh = append(fresh, filepath.Dir(name))
		}
		return err
	})
	return files, fresh, err
}

var header = regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(schema.Header) + `\r?$`)

func isOurs(src []byte) bool { return header.Match(src) }

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

func write(name string, b []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return err
	}
	return os.WriteFile(name, b, 0o666)
}

// A bundle is one module with the packages of many, so that one call of the go command is enough.
type bundle struct {
	dir      string
	packages []string // the patterns of packages with generated code, the first of equal ones
}

func newBundle(t *testing.T, kept string) *bundle {
	t.Helper()
	b := &bundle{dir: testmodule.Dir(t)}
	if err := testmodule.Write(b.dir, "all.example"); err != nil {
		t.Fatal(err)
	}
	modules, err := os.ReadDir(kept)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[[sha256.Size]byte]bool{}
	for i, m := range modules {
		name := fmt.Sprintf("m%d", i)
		for dir, sum := range b.add(t, filepath.Join(kept, m.Name()), name) {
			if !seen[sum] {
				seen[sum] = true
				b.packages = append(b.packages, "./"+name+"/"+dir)
			}
		}
	}
	t.Logf("%d packages of %d modules", len(b.packages), len(modules))
	return b
}

// add copies a module's packages into a directory of the bundle, and rewrites their imports. It returns the
// directories with generated code, each with a checksum of its files.
func (b *bundle) add(t *testing.T, module, name string) map[string][sha256.Size]byte {
	t.Helper()
	files, _, err := goFiles(module, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	path := regexp.MustCompile(`(?m)^module (\S+)`).FindSubmatch(files["go.mod"])[1]
	imports := regexp.MustCompile(`"` + regexp.QuoteMeta(string(path)) + `(["/])`)
	delete(files, "go.mod")
	texts := map[string][]byte{}
	for _, file := range slices.Sorted(maps.Keys(files)) {
		src, dir := files[file], filepath.Dir(file)
		texts[dir] = fmt.Appendf(texts[dir], "%s %d\n%s", filepath.Base(file), len(src), src)
		src = imports.ReplaceAll(src, []byte(`"all.example/`+name+"$1"))
		if err := write(filepath.Join(b.dir, name, file), src); err != nil {
			t.Fatal(err)
		}
	}
	fresh, err := os.ReadFile(filepath.Join(module, freshFile))
	if err != nil {
		t.Fatal(err)
	}
	sums := map[string][sha256.Size]byte{}
	for dir := range strings.SplitSeq(string(fresh), "\n") {
		sums[dir] = sha256.Sum256(texts[dir])
	}
	return sums
}

// list returns the packages that can be built in an environment: their imports exist, and some of their files are for
// that system.
func (b *bundle) list(t *testing.T, env ...string) []string {
	t.Helper()
	return b.listed(t, env, "-f", "{{if not .Incomplete}}{{.ImportPath}}{{end}}")
}

// compile fails unless nearly all packages compile here: go vet skips packages that import one that does not, as some
// scripts have.
func (b *bundle) compile(t *testing.T) {
	t.Helper()
	env := []string{"CGO_ENABLED=0"}
	compiled := b.listed(t, env, "-export", "-f", "{{if .Export}}{{.ImportPath}}{{end}}")
	t.Logf("%d of them compile", len(compiled))
	if len(compiled) < len(b.packages)*8/10 {
		t.Errorf("only %d of %d packages compile: %v", len(compiled), len(b.packages), compiled)
	}
}

func (b *bundle) listed(t *testing.T, env []string, flags ...string) []string {
	t.Helper()
	// The errors of go list about packages that it leaves out do not matter.
	out, err := b.goCommand(env, slices.Concat([]string{"list", "-e"}, flags, b.packages)...).Output()
	if _, failed := errors.AsType[*exec.ExitError](err); err != nil && !failed {
		t.Fatal(err)
	}
	return strings.Fields(string(out))
}

var (
	vetPackage = regexp.MustCompile(`^# \[?([^\s\]]+)`)
	// Errors that are right between two runs that share a package: a schema is in the files of both, or the second has
	// not seen a change yet.
	betweenRuns = regexp.MustCompile(`redeclared in this block|cannot use .* as \w+_has_changed__run_go_generate value`)
	vetFile     = regexp.MustCompile(`^(?:vet: )?(?:\./)?(m[0-9]+/.*?\.go):[0-9]+`)
)

// vet fails if go vet reports anything in a generated file. Some scripts have mistakes in hand-written files; there
// must be few of these.
func (b *bundle) vet(t *testing.T, env ...string) {
	t.Helper()
	packages := b.list(t, env...)
	out, err := b.goCommand(env, append([]string{"vet"}, packages...)...).CombinedOutput()
	wrong := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		if m := vetPackage.FindStringSubmatch(line); m != nil {
			wrong[m[1]] = true
		}
		m := vetFile.FindStringSubmatch(line)
		if m == nil || betweenRuns.MatchString(line) {
			continue
		}
		src, err := os.ReadFile(filepath.Join(b.dir, m[1]))
		if err != nil || isOurs(src) {
			t.Errorf("%s: %s", env, line)
		}
	}
	t.Logf("%s: vetted %d packages, %d of them wrong by hand: %v", env, len(packages), len(wrong), slices.Sorted(maps.Keys(wrong)))
	if (err != nil) != (len(wrong) > 0) || len(wrong) > len(packages)/10 {
		t.Errorf("%s: go vet fails: %v\n%s", env, err, out)
	}
}

// test fails if tests that pass here fail on 386.
func (b *bundle) test(t *testing.T) {
	t.Helper()
	packages := b.list(t, "CGO_ENABLED=0")
	passed := func(env ...string) (map[string]bool, string) {
		b, _ := b.goCommand(env, append([]string{"test"}, packages...)...).CombinedOutput()
		out := string(b)
		paths := map[string]bool{}
		for _, m := range regexp.MustCompile(`(?m)^ok\s+(\S+)`).FindAllStringSubmatch(out, -1) {
			paths[m[1]] = true
		}
		return paths, out
	}
	here, out := passed("CGO_ENABLED=0")
	if len(here) < 3 {
		t.Errorf("the tests of only %d packages pass\n%s", len(here), out)
	}
	there, out := passed("CGO_ENABLED=0", "GOARCH=386")
	t.Logf("tests of %d packages pass, on 386 %d", len(here), len(there))
	for path := range here {
		if !there[path] {
			t.Errorf("the tests of %s fail on 386\n%s", path, out)
		}
	}
}

func (b *bundle) goCommand(env []string, args ...string) *exec.Cmd {
	cmd := exec.Command("go", args...)
	cmd.Dir = b.dir
	cmd.Env = slices.Concat(os.Environ(), testmodule.Env("all.example"), env)
	return cmd
}
