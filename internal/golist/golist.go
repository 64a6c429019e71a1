// Package golist asks the go command which packages exist, which files belong to them, and where the export data of
// their imports is.
//
// It replaces go/packages, which asks for everything in one call, so that the go command compiles the very packages
// that are to be generated; which reports the files that cgo or -cover make instead of the hand-written ones; and
// which ignores a call that failed.
package golist

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Patience limits one call of the go command, which may have to download modules.
const Patience = 10 * time.Minute

// A Package is a package as the go command describes it. Its files have absolute names.
type Package struct {
	Dir, ImportPath, Name string
	Module                *Module
	Export                string // the file with its export data, "" if it could not be compiled
	Deps                  []string
	ImportMap             map[string]string
	Error                 *Error
	Standard              bool // whether it is of the standard library

	TestImports, XTestImports []string

	GoFiles        []string // of this build, without tests
	CgoFiles       []string // files of this build that import "C"; GoFiles does not have them
	TestGoFiles    []string
	XTestGoFiles   []string // tests in the package of the same name with _test
	IgnoredGoFiles []string // of other builds, without files that the go command always ignores
	InvalidGoFiles []string // files that it could not understand; some are in other lists, too
}

// Imported is the path of the package that an import of this one means: paths of vendored packages are longer.
func (p *Package) Imported(path string) string {
	if mapped, ok := p.ImportMap[path]; ok {
		return mapped
	}
	return path
}

// A Module is the module of a package.
type Module struct {
	Path, Version, Dir, GoVersion string
	Main                          bool
}

// An Error is a package's error.
type Error struct {
	ImportStack []string
	Pos         string // "file:line:col", or "" if the error has no place
	Err         string
}

// A Command is the go command, run in a directory.
type Command struct {
	Dir  string
	Env  []string // nil for this process's own
	Tags string   // build tags, separated by commas

	overlay string // a file that replaces files by others
}

const files = "Dir,ImportPath,Name,Module,Deps,ImportMap,Error," +
	"GoFiles,CgoFiles,TestGoFiles,XTestGoFiles,IgnoredGoFiles,InvalidGoFiles"

// Known, if not nil, has packages by their directories, and answers in place of the go command. It is for tests that
// use thousands of directories, and list many of them with one call.
var Known map[string]*Package

// KnownContext is the Context for Known.
var KnownContext Context

// Packages lists the packages that patterns name, without compiling. An error has the go command's words.
func (c Command) Packages(patterns ...string) ([]*Package, error) {
	if p := Known[c.Dir]; p != nil && c.overlay == "" && slices.Equal(patterns, []string{"."}) {
		return []*Package{p}, nil
	}
	return c.list([]string{"-e", "-json=" + files}, patterns)
}

// Over is the command with these files, by absolute name, in place of those on disk. The caller must call close.
func (c Command) Over(files map[string]string) (over Command, close func(), err error) {
	tmp, err := os.MkdirTemp("", "sessiongen")
	if err != nil {
		return c, func() {}, err
	}
	close = func() { os.RemoveAll(tmp) }
	replace := map[string]string{}
	for name, content := range files {
		replace[name] = filepath.Join(tmp, strconv.Itoa(len(replace))+".go")
		err = errors.Join(err, os.WriteFile(replace[name], []byte(content), 0o600))
	}
	text, marshalErr := json.Marshal(map[string]any{"Replace": replace})
	c.overlay = filepath.Join(tmp, "overlay.json")
	return c, close, errors.Join(err, marshalErr, os.WriteFile(c.overlay, text, 0o600))
}

// Exports compiles packages if necessary, and finds their export data. Export is "" for those that do not compile.
func (c Command) Exports(paths []string) ([]*Package, error) {
	return c.list([]string{"-e", "-export", "-json=Dir,ImportPath,Export,Error"}, paths)
}

// Sources lists packages with everything that they import, each after its imports.
func (c Command) Sources(paths []string) ([]*Package, error) {
	return c.list([]string{"-e", "-deps", "-export", "-json=Export," + files}, paths)
}

// Closure lists packages with everything that they import, each after its imports. It compiles nothing.
func (c Command) Closure(patterns []string) ([]*Package, error) {
	return c.list([]string{"-e", "-deps", "-json=Standard,TestImports,XTestImports," + files}, patterns)
}

// Modules lists the directories of the modules that are worked on: the main module, or those of the workspace.
func (c Command) Modules() ([]string, error) {
	out, err := c.run("list", "-m", "-f", "{{.Dir}}")
	return strings.Split(strings.TrimSpace(string(out)), "\n"), err
}

// A Context is the target of the go command's builds.
type Context struct {
	GOOS, GOARCH, Compiler string
	Release                string // the newest Go release that it knows, "go1.26"
}

// Context asks for the target of the go command's builds.
func (c Command) Context() (Context, error) {
	if Known[c.Dir] != nil {
		return KnownContext, nil
	}
	const format = "{{context.GOOS}} {{context.GOARCH}} {{context.Compiler}} {{context.ReleaseTags}}"
	out, err := c.run("list", "-f", format, "--", "unsafe")
	fields := strings.Fields(strings.Trim(string(out), "]\n"))
	if err != nil {
		return Context{}, err
	}
	if len(fields) < 4 {
		return Context{}, fmt.Errorf("go list printed %q", out)
	}
	return Context{fields[0], fields[1], fields[2], strings.TrimPrefix(fields[len(fields)-1], "[")}, nil
}

func (c Command) list(flags, patterns []string) ([]*Package, error) {
	// GOFLAGS may have flags that get in the way.
	args := slices.Concat([]string{"-compiled=false", "-test=false", "-cover=false", "-buildvcs=false", "-pgo=off"}, flags)
	if c.Tags != "" {
		args = append(args, "-tags="+c.Tags)
	}
	if c.overlay != "" {
		args = append(args, "-overlay="+c.overlay)
	}
	args = append(append(args, "--"), patterns...)
	out, err := c.run(append([]string{"list"}, args...)...)
	var list []*Package
	dec := json.NewDecoder(bytes.NewReader(out))
	for {
		p := new(Package)
		if err := dec.Decode(p); err == io.EOF {
			break
		} else if err != nil {
			return nil, fmt.Errorf("reading what go list printed: %w", err)
		}
		p.absolute()
		list = append(list, p)
	}
	// With -export, a package that does not compile makes the exit code 1.
	if err != nil && (len(list) == 0 || !slices.Contains(flags, "-export")) {
		return nil, err
	}
	return list, nil
}

func (p *Package) absolute() {
	for _, list := range [][]string{p.GoFiles, p.CgoFiles, p.TestGoFiles, p.XTestGoFiles, p.IgnoredGoFiles, p.InvalidGoFiles} {
		for i, name := range list {
			if !filepath.IsAbs(name) {
				list[i] = filepath.Join(p.Dir, name)
			}
		}
	}
}

// run returns the go command's output. The error is its standard error.
func (c Command) run(args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeoutCause(context.Background(), Patience, fmt.Errorf("it did not answer within %v", Patience))
	defer cancel()
	ctx, giveUp := context.WithCancelCause(ctx)
	defer time.AfterFunc(hesitation, func() {
		if pipe := pipeIn(c.Dir); pipe != "" {
			giveUp(fmt.Errorf("%s is a named pipe, and the go command waits for what comes out of it: remove it, or give it a name that is not a source file's", c.relative(pipe)))
		}
	}).Stop()
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.WaitDelay = time.Second
	cmd.Dir = c.Dir
	cmd.Env = c.Env
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	// This gives the go command the directory's name with its links.
	cmd.Env = append(slices.Clip(cmd.Env), "PWD="+c.Dir)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if said := strings.TrimSpace(stderr.String()); err != nil && said != "" {
		err = errors.New(said)
	}
	return out, err
}

func (c Command) relative(path string) string {
	if rel, err := filepath.Rel(c.Dir, path); err == nil {
		return filepath.ToSlash(rel)
	}
	return path
}
