// Package scaffold writes the first files of a program with sessions: a schema, a log-in and a log-out, and a main
// function if there is none. It overwrites nothing, and removes its files if anything fails.
package scaffold

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/sessiongen/sessiongen/internal/output"
	"github.com/sessiongen/sessiongen/internal/plan"
	"github.com/sessiongen/sessiongen/schema"
)

//go:embed files
var files embed.FS

// A Result describes what Write did.
type Result struct {
	Module  string   // the module that was made; "" if there was one
	Written []string // names of files in the directory, in order
	HasMain bool     // there was a main function, which has to call newSite
	HasTool bool     // the module has sessiongen as a tool already
}

const tool = "github.com/sessiongen/sessiongen/cmd/sessiongen"

// String says what was written, and the commands to type next.
func (r Result) String() string {
	const frameworks = "https://github.com/sessiongen/sessiongen/blob/main/docs/frameworks.md"
	var b strings.Builder
	fmt.Fprintf(&b, "wrote %s\n", strings.Join(r.Written, ", "))
	get := "\tgo get -tool " + tool + "@latest\n"
	serve := "serve the handler that newSite returns, in login.go. For chi, gin, echo and fiber:\n\t" + frameworks + "\n"
	switch {
	case r.HasMain && r.HasTool:
		b.WriteString("Next, " + serve)
	case r.HasMain:
		b.WriteString("Next:\n" + get + "and " + serve)
	case r.HasTool:
		b.WriteString("Next:\n\tgo run . -dev\n")
	default:
		b.WriteString("Next:\n" + get + "\tgo run . -dev\n")
	}
	return b.String()
}

// Write writes the files into a directory.
func Write(dir string) (Result, error) {
	s := scaffold{dir: dir}
	err := s.write()
	if err != nil {
		s.undo()
		return Result{}, err
	}
	return s.Result, nil
}

type scaffold struct {
	Result
	dir string
}

func (s *scaffold) write() error {
	names := []string{"session.go", "login.go"}
	for _, name := range append(slices.Clone(names), "session_gen.go") {
		if _, err := os.Lstat(filepath.Join(s.dir, name)); err == nil {
			return fmt.Errorf("%s is there already, and init overwrites nothing", name)
		}
	}
	pkg, err := s.packageName()
	if err != nil {
		return err
	}
	if pkg == "" {
		pkg = "main"
		names = append(names, "main.go")
	} else {
		s.HasMain = true
	}
	if err := s.module(); err != nil {
		return err
	}
	for _, name := range names {
		text, err := files.ReadFile("files/" + name + ".txt")
		if err != nil {
			return err
		}
		if err := s.create(name, strings.Replace(string(text), "package PACKAGE", "package "+pkg, 1)); err != nil {
			return err
		}
	}
	return s.generate()
}

// create writes a file that must not exist.
func (s *scaffold) create(name, text string) error {
	f, err := os.OpenFile(filepath.Join(s.dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	s.Written = append(s.Written, name)
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

// generate writes the generated file. It does not need the runtime.
func (s *scaffold) generate() error {
	p, err := plan.Make(schema.Config{Dir: s.dir}, plan.Options{})
	if err != nil {
		return err
	}
	if err := output.Apply(p.Changes); err != nil {
		return err
	}
	s.Written = append(s.Written, "session_gen.go")
	return nil
}

// packageName is the package name of the Go files in the directory, "" if there are none. They must not declare names
// of the new files.
func (s *scaffold) packageName() (pkg string, err error) {
	paths, err := filepath.Glob(filepath.Join(s.dir, "*.go"))
	if err != nil {
		return "", err
	}
	ours := declared(files)
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return "", err
		}
		pkg = file.Name.Name
		for _, name := range topLevel(file) {
			if slices.Contains(ours, name) {
				return "", fmt.Errorf("%s declares %s, and so would init's own files: run it in a new directory", filepath.Base(path), name)
			}
		}
	}
	return pkg, nil
}

// declared lists the names that the files declare beside an existing program.
func declared(files embed.FS) (names []string) {
	for _, name := range []string{"session.go", "login.go"} {
		text, err := files.ReadFile("files/" + name + ".txt")
		if err != nil {
			panic(err)
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
		if err != nil {
			panic(err)
		}
		names = append(names, topLevel(file)...)
	}
	return names
}

// topLevel lists the package-level names of a file.
func topLevel(file *ast.File) (names []string) {
	for _, decl := range file.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				names = append(names, d.Name.Name)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					names = append(names, spec.Name.Name)
				case *ast.ValueSpec:
					for _, id := range spec.Names {
						names = append(names, id.Name)
					}
				}
			}
		}
	}
	return names
}

// module makes a module if there is none here or above.
func (s *scaffold) module() error {
	dir, err := filepath.Abs(s.dir)
	if err != nil {
		return err
	}
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "go.mod")); !errors.Is(err, fs.ErrNotExist) {
			s.HasTool = err == nil && hasTool(at)
			return err
		}
		if at == filepath.Dir(at) {
			break
		}
	}
	s.Module = "example.com/" + moduleName(filepath.Base(dir))
	command := exec.Command("go", "mod", "init", s.Module)
	command.Dir = dir
	if out, err := command.CombinedOutput(); err != nil {
		s.Module = ""
		return fmt.Errorf("go mod init: %s", strings.TrimSpace(string(out)))
	}
	s.Written = append(s.Written, "go.mod")
	return nil
}

// hasTool reports whether the module in a directory has sessiongen as a tool. If its go.mod cannot be read, the go
// command will say so.
func hasTool(dir string) bool {
	command := exec.Command("go", "mod", "edit", "-json")
	command.Dir = dir
	out, err := command.Output()
	var mod struct{ Tool []struct{ Path string } }
	return err == nil && json.Unmarshal(out, &mod) == nil &&
		slices.ContainsFunc(mod.Tool, func(t struct{ Path string }) bool { return t.Path == tool })
}

var notInPath = regexp.MustCompile(`[^a-z0-9-]+`)

// moduleName makes the last element of a module's path from a directory's name.
func moduleName(dir string) string {
	if name := strings.Trim(notInPath.ReplaceAllString(strings.ToLower(dir), "-"), "-"); name != "" {
		return name
	}
	return "site"
}

// undo removes what was written.
func (s *scaffold) undo() {
	for _, name := range s.Written {
		os.Remove(filepath.Join(s.dir, name))
	}
}
