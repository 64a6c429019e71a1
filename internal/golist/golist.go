// Package golist asks the go command which packages there are, which files belong to them, and where
// the export data of what they import lies.
//
// It takes the place of go/packages, which asks for everything in one call and so has the go command
// compile the very packages that are to be generated; which reports the files that cgo or -cover make
// in place of those that people wrote; and which is silent about a call that failed.
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

// Patience is how long one call of the go command may take. It may have to download modules.
const Patience = 10 * time.Minute

// A Package is one as the go command describes it. The names of its files are absolute.
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
	CgoFiles       []string // those of this build that import "C"; they are not among GoFiles
	TestGoFiles    []string
	XTestGoFiles   []string // tests in the package of the same name and _test
	IgnoredGoFiles []string // of other builds; not those that the go command never looks at
	InvalidGoFiles []string // that it could not make sense of; some of them are in the other lists, too
}

// A Module is the one that a package is of.
type Module struct {
	Path, Dir, GoVersion string
	Main                 bool
}

// An Error is what is wrong with a package.
type Error struct {
	ImportStack []string
	Pos         string // "file:line:col", or "" if the error is of no place
	Err         string
}

// A Command is the go command, run in a directory.
type Command struct {
	Dir  string
	Env  []string // nil for this process's own
	Tags string   // build tags, separated by commas

	overlay string // a file that says which files stand in for others
}

const files = "Dir,ImportPath,Name,Module,Deps,ImportMap,Error," +
	"GoFiles,CgoFiles,TestGoFiles,XTestGoFiles,IgnoredGoFiles,InvalidGoFiles"

// Known, if not nil, has packages by their directories, and answers for the go command there. It is for tests that
// look at thousands of directories, and list many of them with one call.
var Known map[string]*Package

// KnownContext is the Context for Known.
var KnownContext Context

// Packages lists what patterns name. It compiles nothing. An error is what the go command said.
func (c Command) Packages(patterns ...string) ([]*Package, error) {
	if p := Known[c.Dir]; p != nil && c.overlay == "" && slices.Equal(patterns, []string{"."}) {
		return []*Package{p}, nil
	}
	return c.list([]string{"-e", "-json=" + files}, patterns)
}

// Over is the command as it would be with these files, by their absolute names, in place of those that there are. Close
// is to be called in the end.
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

// Exports compiles packages, unless that was done before, and says where their export data lies. Of
// those that do not compile the Export is "".
func (c Command) Exports(paths []string) ([]*Package, error) {
	return c.list([]string{"-e", "-export", "-json=Dir,ImportPath,Export,Error"}, paths)
}

// Sources lists packages with all that they import, each after its imports.
func (c Command) Sources(paths []string) ([]*Package, error) {
	return c.list([]string{"-e", "-deps", "-export", "-json=Export," + files}, paths)
}

// Closure lists packages with all that they import, each after its imports. It compiles nothing.
func (c Command) Closure(patterns []string) ([]*Package, error) {
	return c.list([]string{"-e", "-deps", "-json=Standard,TestImports,XTestImports," + files}, patterns)
}

// A Context is what the go command builds for.
type Context struct {
	GOOS, GOARCH, Compiler string
	Release                string // the newest Go release that it knows, "go1.26"
}

// Context asks what the go command builds for.
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
	// GOFLAGS may ask for what would be in the way.
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

// run returns what the go command prints. The error is what it prints to its standard error.
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
	// The go command takes the name of the directory from here, links and all.
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
