// Sessiongen writes typed accessors for the fields of a session.
//
// A struct type whose fields have session tags is a schema:
//
//	//go:generate go tool sessiongen
//
//	type session struct {
//		Username string `session:"username,max=64"`
//		Visits   int    `session:"visits"`
//	}
//
// For the schemas of each package, sessiongen writes one file, session_gen.go, with
// a type Session that has GetUsername, SetUsername and so on.
//
// Usage:
//
//	sessiongen [flags] [packages]
//	sessiongen key
//
// Packages are patterns of the go command; the default is the package in the
// current directory. If anything is wrong in any package, sessiongen says so and
// writes nothing at all. The second form prints a new random key for
// [github.com/sessiongen/sessiongen/runtime.ParseKeys].
//
// The flags are:
//
//	-type list
//		the schemas to generate, separated by commas, each Name or
//		Name=GeneratedName; the default is all of the package's
//	-output name
//		the generated file's name, session_gen.go by default
//	-tags list
//		build tags, as the go command takes them
//	-check
//		write nothing; print a diff and exit with 1 if a file is out of date
//	-version
//		print the version
//
// The exit code is 1 if something is wrong in a package, and 2 if the command was
// used wrongly or the packages could not be loaded.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/sessiongen/sessiongen/gen"
	"github.com/sessiongen/sessiongen/internal/output"
	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/schema"
)

const (
	exitOK       = 0
	exitFindings = 1
	exitUsage    = 2
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("sessiongen", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprint(stderr, "usage: sessiongen [flags] [packages]\n       sessiongen key\n\n")
		flags.PrintDefaults()
	}
	var (
		types   = flags.String("type", "", "schemas to generate: a comma-separated `list` of Name or Name=GeneratedName (default all)")
		name    = flags.String("output", "session_gen.go", "`name` of the generated file")
		tags    = flags.String("tags", "", "comma-separated `list` of build tags")
		check   = flags.Bool("check", false, "write nothing; print a diff and exit with 1 if a file is out of date")
		version = flags.Bool("version", false, "print the version")
	)
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return exitOK
		}
		return exitUsage
	}
	switch {
	case *version:
		fmt.Fprintln(stdout, "sessiongen", moduleVersion())
		return exitOK
	case flags.NArg() == 1 && flags.Arg(0) == "key":
		fmt.Fprintln(stdout, runtime.GenerateKey())
		return exitOK
	case filepath.Base(*name) != *name || filepath.Ext(*name) != ".go":
		fmt.Fprintf(stderr, "sessiongen: -output %s: want the name of a .go file, without a directory\n", *name)
		return exitUsage
	}

	dir, err := os.Getwd()
	if err != nil {
		fmt.Fprintf(stderr, "sessiongen: %v\n", err)
		return exitUsage
	}
	cfg := schema.Config{Dir: dir, Patterns: flags.Args(), Output: *name, Tags: *tags}
	if len(cfg.Patterns) == 0 {
		cfg.Patterns = []string{"."}
	}
	if *types != "" {
		cfg.Types = strings.Split(*types, ",")
	}
	changes, err := plan(cfg)
	if err == nil && !*check {
		err = output.Apply(changes)
	}
	if err != nil {
		return fail(stderr, dir, err)
	}

	for _, c := range changes {
		path := relative(dir, c.Path)
		switch {
		case *check:
			stdout.Write(diff.Diff(path, c.Old, path+" (generated)", c.New))
		case c.New == nil:
			fmt.Fprintf(stderr, "sessiongen: removed %s: its package has no schema for it\n", path)
		}
	}
	if *check && len(changes) > 0 {
		return exitFindings
	}
	return exitOK
}

// plan generates everything, and returns what has to change on disk.
func plan(cfg schema.Config) ([]output.Change, error) {
	packages, err := schema.Load(cfg)
	if err != nil {
		return nil, err
	}
	var changes []output.Change
	found := false
	for _, pkg := range packages {
		target := filepath.Join(pkg.Dir, cfg.Output)
		if len(pkg.Schemas) > 0 {
			found = true
			content, err := gen.Generate(pkg)
			if err != nil {
				return nil, err
			}
			c, stale, err := output.Writing(target, content)
			if err != nil {
				return nil, err
			}
			if stale {
				changes = append(changes, c)
			}
		}
		for _, path := range pkg.Generated {
			// With -type, another run may well have written another file.
			if path == target && len(pkg.Schemas) > 0 || len(cfg.Types) > 0 {
				continue
			}
			found = true
			c, err := output.Removal(path)
			if err != nil {
				return nil, err
			}
			changes = append(changes, c)
		}
	}
	if !found {
		return nil, fmt.Errorf("no schema in %s: a schema is a struct type whose fields have session tags, "+
			"such as\n\ttype session struct {\n\t\tUsername string `session:\"username\"`\n\t}", strings.Join(cfg.Patterns, " "))
	}
	return changes, nil
}

// fail prints an error, and returns the exit code for it.
func fail(stderr io.Writer, dir string, err error) int {
	var findings schema.Findings
	if errors.As(err, &findings) {
		fmt.Fprintln(stderr, findings)
		return exitFindings
	}
	var foreign *output.ForeignError
	if errors.As(err, &foreign) {
		fmt.Fprintf(stderr, "%s:1:1: this file was not generated by sessiongen, which would overwrite it\n"+
			"\tmove it, or choose another name with -output\n", relative(dir, foreign.Path))
		return exitFindings
	}
	fmt.Fprintf(stderr, "sessiongen: %s\n", strings.ReplaceAll(err.Error(), dir+string(filepath.Separator), ""))
	return exitUsage
}

func relative(dir, path string) string {
	if rel, err := filepath.Rel(dir, path); err == nil {
		path = rel
	}
	return filepath.ToSlash(path)
}

// moduleVersion returns the version that the go command recorded in the binary.
func moduleVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return "(unknown version)"
}
