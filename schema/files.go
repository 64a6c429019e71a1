package schema

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/scanner"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/sessiongen/sessiongen/internal/golist"
)

// A file is hand-written, and read once.
type file struct {
	path   string
	src    []byte
	syntax *ast.File         // without function bodies, unless they hold schemas; nil if it cannot be read
	errs   scanner.ErrorList // why it cannot be read completely
}

// mayHaveSchema is false for nearly all files that have none.
func (f *file) mayHaveSchema() bool { return bytes.Contains(f.src, []byte("session:")) }

func (f *file) clause() string {
	if f.syntax == nil || f.syntax.Name == nil {
		return ""
	}
	return f.syntax.Name.Name
}

// A directory is a package as the go command describes it: only that decides what belongs to it.
type directory struct {
	*golist.Package
	name    string     // of the package, by its hand-written files
	built   []*file    // hand-written files of this build
	tests   []*file    // its tests
	xtests  []*file    // its tests in another package
	ignored []*file    // files of other builds, and tests of them
	invalid []*file    // files that the go command cannot read, and has in no other list
	written []*written // the files that sessiongen wrote
}

// directory reads the files of a package.
func (l *loader) directory(p *golist.Package) *directory {
	d := &directory{Package: p, name: p.Name}
	seen := map[string]bool{}
	for _, list := range []struct {
		names []string
		files *[]*file
	}{
		{p.GoFiles, &d.built}, {p.CgoFiles, &d.built}, {p.TestGoFiles, &d.tests}, {p.XTestGoFiles, &d.xtests},
		{p.IgnoredGoFiles, &d.ignored}, {p.InvalidGoFiles, &d.invalid},
	} {
		for _, name := range list.names {
			if seen[name] {
				continue
			}
			seen[name] = true
			src, err := readRegular(name)
			switch {
			case err != nil:
				*list.files = append(*list.files, &file{path: name, errs: unreadable(name, err)})
			case Ours(src, l.isOutput(name)):
				d.written = append(d.written, l.readWritten(name, src, list.files == &d.ignored))
			default:
				*list.files = append(*list.files, &file{path: name, src: src})
			}
		}
	}
	slices.SortFunc(d.written, func(a, b *written) int { return strings.Compare(a.Path, b.Path) })
	for _, f := range d.invalid {
		if f.errs == nil {
			f.errs = constraintErrors(f)
		}
	}
	return d
}

// hand lists all hand-written files.
func (d *directory) hand() []*file {
	return slices.Concat(d.built, d.tests, d.xtests, d.ignored, d.invalid)
}

// parse parses files that have not been parsed before. It drops the bodies of functions, unless they may contain a
// schema, which is then reported.
func (l *loader) parse(files []*file) {
	for _, f := range files {
		if f.syntax != nil || f.src == nil {
			continue
		}
		syntax, err := parser.ParseFile(l.fset, f.path, f.src, parser.ParseComments|parser.SkipObjectResolution)
		if list, ok := err.(scanner.ErrorList); ok {
			f.errs = append(f.errs, list...)
		}
		f.syntax = syntax
		for _, decl := range syntax.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Body != nil {
				from, to := int(fn.Body.Pos()-syntax.FileStart), int(fn.Body.End()-syntax.FileStart)
				if !bytes.Contains(f.src[from:min(to, len(f.src))], []byte("session:")) {
					fn.Body = nil
				}
			}
		}
	}
}

// settleName takes the package's name from its hand-written files: the go command may take it from a generated file
// that is older than a renaming. If the files disagree, it says so in the go command's words.
func (d *directory) settleName() (disagreement string) {
	first := ""
	for _, list := range []struct {
		files  []*file
		suffix string
	}{{d.built, ""}, {d.tests, ""}, {d.xtests, "_test"}} {
		for _, f := range list.files {
			name, ok := strings.CutSuffix(f.clause(), list.suffix)
			switch {
			case f.clause() == "":
			case first == "" && ok:
				d.name, first = name, filepath.Base(f.path)
			case !ok || name != d.name:
				return fmt.Sprintf("found packages %s (%s) and %s (%s) in %s", d.name, first, f.clause(), filepath.Base(f.path), d.Dir)
			}
		}
	}
	return ""
}

// readRegular reads a regular file. A device or pipe may never end.
func readRegular(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("is not a regular file")
	}
	if err != nil {
		return nil, err
	}
	return os.ReadFile(name)
}

// unreadable is the error of a file that cannot be read.
func unreadable(name string, err error) scanner.ErrorList {
	if e, ok := err.(*os.PathError); ok {
		err = e.Err
	}
	return scanner.ErrorList{{Pos: token.Position{Filename: name}, Msg: err.Error()}}
}

// constraintErrors asks package build for errors in a file's build lines.
func constraintErrors(f *file) scanner.ErrorList {
	_, err := build.Default.MatchFile(filepath.Split(f.path))
	if err == nil {
		return nil
	}
	msg := strings.TrimPrefix(err.Error(), filepath.Base(f.path)+": ")
	pos := token.Position{Filename: f.path, Line: 1, Column: 1}
	for _, line := range constraintLines(f.src) {
		pos.Line = line.number // the last line: the extra one, or the only one
	}
	return scanner.ErrorList{{Pos: pos, Msg: msg}}
}

func isTest(name string) bool { return strings.HasSuffix(name, "_test.go") }

// syntaxOf lists the files of a package with this name that could be parsed.
func syntaxOf(files []*file, pkgName string) []*ast.File {
	var list []*ast.File
	for _, f := range files {
		if f.syntax != nil && f.clause() == pkgName {
			list = append(list, f.syntax)
		}
	}
	return list
}

// declare notes the names that files declare at package level, and their names for imports.
func (p *Package) declare(files []*ast.File) {
	for _, file := range files {
		for _, id := range topLevel(file) {
			p.Declared[id.Name] = true
		}
		for _, spec := range file.Imports {
			if spec.Name != nil {
				p.Imported[spec.Name.Name] = true
				continue
			}
			for _, name := range importNames(strings.Trim(spec.Path.Value, "\"`")) {
				p.Imported[name] = true
			}
		}
	}
	for _, name := range []string{"_", "."} {
		delete(p.Declared, name)
		delete(p.Imported, name)
	}
}

// Beside says that src, a generated file, is compiled together with the one to be generated for p, which must then
// declare none of its names.
func (p *Package) Beside(src []byte) {
	if file, _ := parser.ParseFile(token.NewFileSet(), "", src, parser.SkipObjectResolution); file != nil {
		for _, id := range topLevel(file) {
			p.Declared[id.Name] = true
		}
	}
}

var (
	version   = regexp.MustCompile(`^v[0-9]+$`)
	decorated = regexp.MustCompile(`^go-|[.-](go|v[0-9]+)$`)
)

// importNames guesses the names that a package may have: the last element of its path, without the usual decorations.
// Extra names do no harm.
func importNames(importPath string) []string {
	base := path.Base(importPath)
	if version.MatchString(base) {
		base = path.Base(path.Dir(importPath))
	}
	return []string{base, decorated.ReplaceAllString(base, "")}
}
