package dirfuzz

import (
	"errors"
	"flag"
	"fmt"
	"go/build"
	"go/parser"
	"go/scanner"
	"go/token"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/internal/golist"
	"github.com/sessiongen/sessiongen/internal/long"
	"github.com/sessiongen/sessiongen/internal/output"
	"github.com/sessiongen/sessiongen/internal/plan"
	"github.com/sessiongen/sessiongen/schema"
)

var (
	count = flag.Int("edits", long.Of(40, 300), "how many edits to try")
	seed  = flag.Uint64("seed", 1, "of what is random")
)

// limit is how long one run may take.
const limit = 30 * time.Second

// batch is the number of directories that are listed with one call of the go command.
const batch = 50

// environments are those in which an edited directory is generated.
var environments = [][]string{
	nil, nil, nil,
	{"GOOS=windows"}, {"GOOS=linux", "GOARCH=386"}, {"GOOS=js", "GOARCH=wasm"}, {"CGO_ENABLED=0"},
	{"GOFLAGS=-cover"}, {"GOFLAGS=-tags=special"}, {"GOFLAGS=-tags=ignore"},
}

func TestEdits(t *testing.T) {
	if testing.Short() {
		t.Skip("this test runs the generator often")
	}
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	write(t, root, files{"go.mod": "module example.org/fuzz\n\ngo 1.26.0\n"})
	f := &fuzzer{t: t, root: root, contexts: map[string]golist.Context{}}
	defer func() { golist.Known = nil }()
	rng := rand.New(rand.NewPCG(*seed, 0))
	for done := 0; done < *count && f.failures < 10; done += batch {
		f.batch(rng, pick(rng, bases), pick(rng, environments), min(batch, *count-done))
		if n := done + batch; n%1000 == 0 && n < *count {
			t.Logf("%d edits: %v", n, f)
		}
	}
	t.Logf("%d edits, seed %d: %v", *count, *seed, f)
}

func (f *fuzzer) String() string {
	return fmt.Sprintf("%d runs, of which %d were refused; after %d edits a generated file had changed, after %d one had gone",
		f.ran, f.refused, f.changed, f.gone)
}

type fuzzer struct {
	t        *testing.T
	root     string
	contexts map[string]golist.Context

	mu                                    sync.Mutex
	failures, ran, refused, changed, gone int
}

// A trial is a directory with its edits.
type trial struct {
	base  base
	env   []string
	dir   string
	want  files // the generated files of the base
	now   files // the edited files
	edits string
	err   error // of the last run
}

func (f *fuzzer) fail(c *trial, format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failures++
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(c.now)) {
		text := c.now[name]
		if isOurs(text) {
			text, _, _ = strings.Cut(text, "\nimport (")
		}
		fmt.Fprintf(&b, "-- %s --\n%q\n", name, text)
	}
	f.t.Errorf("seed %d, %s, env %v, %s:\n%s\nThe error was: %v\nThe edited files:\n%s", *seed, c.base.name, c.env, c.edits, fmt.Sprintf(format, args...), c.err, &b)
}

// batch tries edits of one base, each in its own directory.
func (f *fuzzer) batch(rng *rand.Rand, b base, env []string, n int) {
	template := &trial{base: b, dir: filepath.Join(f.root, "template"), now: b.hand}
	defer os.RemoveAll(template.dir)
	write(f.t, template.dir, b.hand)
	f.generate([]*trial{template}, nil)
	if template.err != nil {
		f.fail(template, "the base cannot be generated")
		return
	}
	want := generated(f.t, template.dir)
	if len(want) == 0 {
		f.t.Fatalf("%s: nothing was generated", b.name)
	}
	var trials []*trial
	for i := range n {
		c := &trial{base: b, env: env, want: want, dir: filepath.Join(f.root, fmt.Sprintf("d%d", i))}
		c.now, c.edits = edited(rng, b.hand)
		for name, text := range want {
			_, taken := c.now[name]
			if _, isDir := c.now[name+"/"]; !taken && !isDir {
				c.now[name] = text
			}
		}
		write(f.t, c.dir, c.now)
		defer os.RemoveAll(c.dir)
		trials = append(trials, c)
	}
	f.generate(trials, env)
	for _, c := range trials {
		f.check(c)
	}
	f.undo(trials)
}

// check examines what a run left of an edited directory.
func (f *fuzzer) check(c *trial) {
	left := generated(f.t, c.dir)
	for name, text := range c.now {
		if _, ours := c.want[name]; ours {
			continue
		}
		if got, err := os.ReadFile(filepath.Join(c.dir, name)); err == nil && string(got) != text && !isOurs(text) && text != link {
			f.fail(c, "%s, which is not generated, is another", name)
		}
	}
	if c.err != nil && len(c.base.runs) == 1 && !maps.Equal(left, generatedOf(c.now)) {
		f.fail(c, "the run failed, and changed something")
	}
	for name, text := range c.want {
		if _, ok := left[name]; ok || c.now[name] != text {
			continue
		}
		f.gone++
		for _, s := range schemasOf(text) {
			if why := f.mayBeThere(c, name, s); why != "" && !anyHas(left, s) {
				f.fail(c, "%s is gone, but of its schema %s: %s", name, s, why)
			}
		}
	}
}

// undo restores the directories, and then makes a change that must be refused.
func (f *fuzzer) undo(trials []*trial) {
	var survived []*trial
	for _, c := range trials {
		left := generated(f.t, c.dir)
		if !maps.Equal(left, c.want) {
			f.changed++
		}
		if containsAll(left, c.want) {
			survived = append(survived, c)
		}
		if err := os.RemoveAll(c.dir); err != nil {
			f.t.Fatal(err)
		}
		write(f.t, c.dir, c.base.hand)
		for name := range left { // files that the edits added are removed, too
			if _, ours := c.want[name]; !ours && c.now[name] != "" {
				delete(left, name)
			}
		}
		write(f.t, c.dir, left)
		c.now = maps.Clone(left)
	}
	f.generate(trials, nil)
	for _, c := range trials {
		same := maps.Equal(c.now, c.want)
		got := generated(f.t, c.dir)
		switch {
		case c.err != nil && same:
			f.fail(c, "the edit is undone, and yet the run fails")
		case c.err == nil && same && !maps.Equal(got, c.want):
			f.fail(c, "the edit is undone, and the output is another: %s", difference(got, c.want))
		case c.err == nil && len(c.base.runs) == 1 && !maps.Equal(code(got), code(c.want)):
			// With several files, the one that is written first gets the shorter names.
			f.fail(c, "the edit is undone, and the code is another: %s", difference(code(got), code(c.want)))
		}
	}
	for _, c := range survived {
		write(f.t, c.dir, c.base.breaking())
	}
	f.generate(survived, nil)
	for _, c := range survived {
		if findings, ok := errors.AsType[schema.Findings](c.err); !ok || !strings.Contains(findings.Error(), "which cannot read it") && !strings.Contains(findings.Error(), "brings") {
			f.fail(c, "a change that breaks what browsers hold is not refused")
		}
	}
}

// generate runs a base in the directories of its trials. The directories are listed together.
func (f *fuzzer) generate(trials []*trial, env []string) {
	if len(trials) == 0 {
		return
	}
	for _, c := range trials {
		c.err = nil
	}
	for _, r := range trials[0].base.runs {
		all := slices.Concat(os.Environ(), []string{"GOFLAGS=", "GOWORK=off", "GOPROXY=off"}, r.env, env)
		f.list(trials, all)
		work := make(chan *trial)
		var workers sync.WaitGroup
		for range runtime.GOMAXPROCS(0) {
			workers.Go(func() {
				for c := range work {
					f.run(c, r, all)
				}
			})
		}
		for _, c := range trials {
			if c.err == nil { // go generate stops at an error, too
				work <- c
			}
		}
		close(work)
		workers.Wait()
	}
}

// list calls the go command once for all directories.
func (f *fuzzer) list(trials []*trial, env []string) {
	command := golist.Command{Dir: f.root, Env: env}
	var patterns []string
	for _, c := range trials {
		patterns = append(patterns, "./"+filepath.Base(c.dir))
	}
	golist.Known = map[string]*golist.Package{}
	list, err := command.Packages(patterns...)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, p := range list {
		golist.Known[p.Dir] = p
	}
	key := strings.Join(env, " ")
	if _, ok := f.contexts[key]; !ok {
		if f.contexts[key], err = command.Context(); err != nil {
			f.t.Fatal(err)
		}
	}
	golist.KnownContext = f.contexts[key]
}

func (f *fuzzer) run(c *trial, r run, env []string) {
	defer func() {
		if p := recover(); p != nil {
			c.err = fmt.Errorf("panic: %v", p)
			f.fail(c, "%s", debug.Stack())
		}
	}()
	start := time.Now()
	p, err := plan.Make(schema.Config{Dir: c.dir, Patterns: []string{"."}, Types: r.types, Output: r.output, Env: env}, plan.Options{})
	if err == nil {
		err = output.Apply(p.Changes)
	}
	c.err = err
	f.mu.Lock()
	f.ran++
	if err != nil {
		f.refused++
	}
	f.mu.Unlock()
	if took := time.Since(start); took > limit {
		f.fail(c, "a run took %v", took)
	}
}

// write makes a directory contain exactly these files.
func write(t *testing.T, dir string, list files) {
	for name, text := range list {
		path := filepath.Join(dir, name)
		err := os.MkdirAll(filepath.Dir(path), 0o777)
		switch {
		case strings.HasSuffix(name, "/"):
			err = errors.Join(err, os.MkdirAll(path, 0o777))
		case text == link:
			err = errors.Join(err, os.Symlink("nowhere.go", path))
		default:
			err = errors.Join(err, os.WriteFile(path, []byte(text), 0o666))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func isOurs(text string) bool { return schema.Ours([]byte(text), false) }

// generated lists the files in a directory that sessiongen wrote.
func generated(t *testing.T, dir string) files {
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	list := files{}
	for _, e := range entries {
		if text, err := os.ReadFile(filepath.Join(dir, e.Name())); err == nil && strings.HasSuffix(e.Name(), ".go") {
			list[e.Name()] = string(text)
		}
	}
	return generatedOf(list)
}

func generatedOf(list files) files {
	list = maps.Clone(list)
	maps.DeleteFunc(list, func(name, text string) bool { return !strings.HasSuffix(name, ".go") || !isOurs(text) })
	return list
}

func containsAll(have, want files) bool {
	for name := range want {
		if _, ok := have[name]; !ok {
			return false
		}
	}
	return true
}

// code is the text of generated files without the list of stored fields, which depends on earlier runs.
func code(list files) files {
	rest := files{}
	for name, text := range list {
		_, rest[name], _ = strings.Cut(text, "\npackage ")
	}
	return rest
}

func difference(got, want files) string {
	for name := range want {
		g, w := strings.Split(got[name], "\n"), strings.Split(want[name], "\n")
		for i := range min(len(g), len(w)) {
			if g[i] != w[i] {
				return fmt.Sprintf("%s:%d: %q, want %q", name, i+1, g[i], w[i])
			}
		}
	}
	return fmt.Sprintf("%v, want %v", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
}

var guard = regexp.MustCompile(`(?s)If this does not compile, (\w+) has changed`)

// schemasOf lists the schemas of a generated file: its types that have a manager.
func schemasOf(text string) []string {
	var list []string
	for _, m := range guard.FindAllStringSubmatch(text, -1) {
		if m[1] != "Item" {
			list = append(list, m[1])
		}
	}
	return list
}

func anyHas(list files, schema string) bool {
	for _, text := range list {
		if slices.Contains(schemasOf(text), schema) {
			return true
		}
	}
	return false
}

// mayBeThere says where a schema is, or may be, in the edited files that the go command reads.
func (f *fuzzer) mayBeThere(c *trial, generated, name string) string {
	declared := regexp.MustCompile(`(?m)^type ` + name + ` struct`)
	outside := strings.HasSuffix(generated, "_x_test.go")
	for file, text := range c.now {
		if isOurs(text) || !strings.HasSuffix(file, ".go") || strings.HasPrefix(file, "_") || strings.HasPrefix(file, ".") {
			continue
		}
		if text == link {
			return file + " cannot be opened"
		}
		_, err := parser.ParseFile(token.NewFileSet(), file, text, 0)
		if list, ok := err.(scanner.ErrorList); ok {
			return fmt.Sprintf("%s cannot be parsed: %v", file, list[0])
		}
		if _, err := build.Default.MatchFile(c.dir, file); err != nil {
			return fmt.Sprintf("%s: %v", file, err)
		}
		another := strings.HasSuffix(file, "_test.go") && strings.Contains(text, "package web_test") != outside
		if declared.MatchString(text) && !another {
			return file + " declares it"
		}
	}
	return ""
}
