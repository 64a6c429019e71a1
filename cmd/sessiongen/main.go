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
// Schemas in test files get files of their own: those of package foo session_gen_test.go,
// those of package foo_test session_gen_x_test.go. If a schema's file has a build
// constraint, in its name or at its top, the generated file has the same. A generated
// file whose schemas are gone, or are generated into another file now, is removed, and
// sessiongen says so; not if a file of the package cannot be read, which may have them.
//
// The file lists how the sessions are stored, and the next run reads that list. A change
// of the schema after which the sessions that browsers hold could not be read is refused,
// unless the flag -allow-breaking is given. Whether older builds read what the new one
// writes, as they may have to during a rolling deploy, is not checked.
//
// Usage:
//
//	sessiongen [flags] [packages]
//	sessiongen init | key | version | help [topic]
//	sessiongen inspect [flags] [package] <cookie
//	sessiongen migrate [flags] [packages]
//	sessiongen vet [-json] [-tags list] [packages]
//
// Packages are patterns of the go command, but not files; the default is the package in
// the current directory. If anything is wrong in any package, sessiongen says so and
// writes nothing at all. For a package that is named as a command is, write ./init.
//
// The command init writes the first files of a program with a log-in and a log-out, key prints a new random
// key for [github.com/sessiongen/sessiongen/runtime.ParseKeys], and help prints the text of a topic:
// options are those of a session tag.
//
// The command inspect reads a token, or lines of Cookie or Set-Cookie header fields, from standard input, and
// prints as JSON what is in the session: its key, times, end, id and fields. The keys come from the environment
// variable SESSION_KEYS or a file. Values are shown with -values only, and those of secret fields never if the
// package with the schema is given. The exit code is 1 if no token opens. Its flags are
//
//	-keys file
//		a file with the keys, in place of SESSION_KEYS
//	-name name
//		the cookie's name; it is needed for a token alone whose cookie has none of the usual names,
//		__Host-session and session
//	-values
//		show the values of the fields: with a package, those that it has and that are not secret
//	-lifetime, -idle, -absolute duration; -sliding
//		what the program's Config has, for when the session ends
//	-device-bound duration
//		Config.DeviceBound, for whether the device's proof still counts
//	-tags list
//		build tags
//
// The command vet finds mistakes with sessions that compile; see
// [github.com/sessiongen/sessiongen/sessioncheck]. It is a tool for go vet as well:
//
//	go vet -vettool=$(go tool -n sessiongen) ./...
//
// The command migrate turns a program that keeps its sessions with gorilla/sessions, scs,
// gin-contrib/sessions or echo-contrib/session into one that uses accessors; see
// [github.com/sessiongen/sessiongen/migrate]. Its flags are
//
//	-n
//		write nothing; print the diff and the report
//	-json
//		print the report as JSON
//	-tests
//		rewrite tests, too
//	-tags list
//		build tags
//	-schema name=Type
//		the type to generate for the sessions of a name; may be repeated
//	-package path
//		the package for the schemas
//	-bridge
//		give functions that take a key, or a session's name, as a parameter
//		deprecated functions to call; on unless -bridge=false
//	-legacy date
//		the date, as in 2027-01-31, until which the sessions that visitors have
//		live on
//
// and its exit code is 1 if something is left to be done by hand.
//
// The flags of the first form are:
//
//	-type list
//		the schemas to generate, separated by commas, each Name or
//		Name=GeneratedName; the default is all of the package's
//	-output name
//		the generated file's name, session_gen.go by default; with -type, several
//		files of one package can each have their schemas
//	-tags list
//		build tags, as the go command takes them. For another system, set GOOS for
//		sessiongen and not for go tool, which would build it for that system:
//		GOOS=windows $(go tool -n sessiongen)
//	-check
//		write nothing; print a diff and exit with 1 if a file is out of date
//	-allow-breaking
//		take changes of the schema after which values that browsers hold
//		cannot be read: they are lost
//	-budget
//		print, besides, how large the session's cookie can get, field by field;
//		with -budget=fail, a schema whose fields are all bounded, and that may
//		need more than browsers keep all the same, is an error
//	-json
//		print what there is to say as JSON, one object a line, on standard output:
//		code, severity, location, message, hint and related locations; docs/errors.md
//		has the codes
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
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/sessiongen/sessiongen/internal/help"
	"github.com/sessiongen/sessiongen/internal/output"
	"github.com/sessiongen/sessiongen/internal/plan"
	"github.com/sessiongen/sessiongen/internal/scaffold"
	"github.com/sessiongen/sessiongen/internal/vet"
	"github.com/sessiongen/sessiongen/migrate"
	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/schema"
)

const (
	exitOK       = 0
	exitFindings = 1
	exitUsage    = 2
)

func main() {
	debug.SetGCPercent(400) // a run is short, and would spend a fifth of it on collecting garbage
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// commands are the first arguments that name a command.
var commands = map[string]func(args []string, stdout, stderr io.Writer) int{
	"help":    printHelp,
	"init":    initialize,
	"inspect": inspect,
	"key":     printKey,
	"migrate": runMigrate,
	"version": printVersion,
	"vet":     runVet,
}

func run(args []string, stdout, stderr io.Writer) int {
	if vet.IsCall(args) {
		vet.Answer()
	}
	if len(args) > 0 {
		if command := commands[args[0]]; command != nil {
			return command(args[1:], stdout, stderr)
		}
	}
	return generate(args, stdout, stderr)
}

// noArguments reports whether a command that takes no arguments has none. If it has some, it prints an error.
func noArguments(command string, args []string, stderr io.Writer) bool {
	if len(args) > 0 {
		fmt.Fprintf(stderr, "sessiongen: %s takes no arguments\n\tfor a package of this name, write ./%s\n", command, command)
	}
	return len(args) == 0
}

func printKey(args []string, stdout, stderr io.Writer) int {
	if !noArguments("key", args, stderr) {
		return exitUsage
	}
	fmt.Fprintln(stdout, runtime.GenerateKey())
	return exitOK
}

func printVersion(args []string, stdout, stderr io.Writer) int {
	if !noArguments("version", args, stderr) {
		return exitUsage
	}
	fmt.Fprintln(stdout, "sessiongen", moduleVersion())
	return exitOK
}

func printHelp(args []string, stdout, stderr io.Writer) int {
	topic := "usage"
	if len(args) > 0 {
		topic = args[0]
	}
	text, ok := help.Text(topic)
	if !ok || len(args) > 1 {
		fmt.Fprintf(stderr, "sessiongen: no help on %s\n\tthe topics are %s\n", strings.Join(args, " "), strings.Join(help.Topics(), ", "))
		return exitUsage
	}
	fmt.Fprint(stdout, text)
	return exitOK
}

func initialize(args []string, stdout, stderr io.Writer) int {
	if !noArguments("init", args, stderr) {
		return exitUsage
	}
	made, err := scaffold.Write(".")
	if findings, ok := errors.AsType[schema.Findings](err); ok {
		fmt.Fprintln(stderr, findings)
		return exitFindings
	}
	if err != nil {
		fmt.Fprintf(stderr, "sessiongen: %v\n", err)
		return exitFindings
	}
	fmt.Fprint(stdout, made)
	return exitOK
}

func generate(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("sessiongen", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	var (
		types   = flags.String("type", "", "")
		name    = flags.String("output", "session_gen.go", "")
		tags    = flags.String("tags", "", "")
		check   = flags.Bool("check", false, "")
		allow   = flags.Bool("allow-breaking", false, "")
		asJSON  = flags.Bool("json", false, "")
		version = flags.Bool("version", false, "")
		budget  budgetFlag
	)
	flags.Var(&budget, "budget", "")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return printHelp(nil, stdout, stderr)
	case err != nil:
		fmt.Fprintf(stderr, "sessiongen: %v (sessiongen -h lists the flags)\n", err)
		return exitUsage
	case *version:
		return printVersion(nil, stdout, stderr)
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
	var p plan.Plan
	if err = migrate.Unfinished(dir); err == nil {
		p, err = plan.Make(cfg, plan.Options{AllowBreaking: *allow, FailOver: budget == "fail"})
	}
	if err == nil && !*check {
		err = output.Apply(p.Changes)
	}
	switch {
	case err != nil && *asJSON:
		return failJSON(stdout, dir, err)
	case err != nil:
		return fail(stderr, dir, err)
	case *asJSON:
		reportJSON(p, stdout, dir, *check, budget != "", mend(args))
	default:
		report(p, stdout, stderr, dir, *check, budget != "", mend(args))
	}
	if *check && len(p.Changes) > 0 {
		return exitFindings
	}
	return exitOK
}

// reportJSON is report with -json.
func reportJSON(p plan.Plan, stdout io.Writer, dir string, check, budget bool, command string) {
	findings := p.Done(dir)
	if check {
		findings = p.OutOfDate(dir, command)
	}
	if budget {
		findings = append(findings, p.Sizes()...)
	}
	stdout.Write(findings.JSON())
}

// report prints what was done or, with -check, what has to be done and which command does it.
func report(p plan.Plan, stdout, stderr io.Writer, dir string, check, budget bool, command string) {
	if check {
		for _, c := range p.Changes {
			path := relative(dir, c.Path)
			stdout.Write(diff.Diff(path, c.Before(), path+" (generated)", c.New))
		}
	} else {
		for _, m := range p.Moved {
			fmt.Fprintf(stderr, "sessiongen: moved %s to %s: %s\n", relative(dir, m.From), relative(dir, m.To), m.Why)
		}
		for _, o := range p.Removed {
			fmt.Fprintf(stderr, "sessiongen: removed %s: %s\n", relative(dir, o.Path), o.Why)
		}
		for _, hint := range p.Hints.Sorted() {
			fmt.Fprintln(stderr, hint)
		}
	}
	if budget {
		for _, b := range p.Budgets {
			fmt.Fprint(stdout, b)
		}
	}
	if check && len(p.Changes) > 0 {
		fmt.Fprintf(stderr, "out of date; this brings it up to date: %s\n", command)
	}
}

// mend is the command that makes the changes that -check only shows.
func mend(args []string) string {
	without := slices.DeleteFunc(slices.Clone(args), func(arg string) bool {
		name, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		return strings.HasPrefix(arg, "-") && (name == "check" || name == "json")
	})
	return strings.Join(append([]string{"go tool sessiongen"}, without...), " ")
}

// A budgetFlag is "print" or "fail" if the flag is given. It may be given without a value, like a boolean.
type budgetFlag string

func (f *budgetFlag) String() string   { return string(*f) }
func (f *budgetFlag) IsBoolFlag() bool { return true }

func (f *budgetFlag) Set(value string) error {
	mode, ok := map[string]budgetFlag{"true": "print", "false": "", "fail": "fail"}[value]
	if !ok {
		return errors.New("want -budget or -budget=fail")
	}
	*f = mode
	return nil
}

// fail prints an error, and returns the exit code for it.
func fail(stderr io.Writer, dir string, err error) int {
	findings := plan.Explain(dir, err)
	fmt.Fprintln(stderr, findings)
	return exitCode(findings)
}

// failJSON is fail with -json.
func failJSON(stdout io.Writer, dir string, err error) int {
	findings := plan.Explain(dir, err)
	stdout.Write(findings.JSON())
	return exitCode(findings)
}

// exitCode is exitFindings for findings about files, and exitUsage for the error of the run itself.
func exitCode(findings schema.Findings) int {
	if findings[0].Pos.Filename != "" {
		return exitFindings
	}
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
