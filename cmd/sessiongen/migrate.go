package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/sessiongen/sessiongen/migrate"
)

// runMigrate is sessiongen migrate.
func runMigrate(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("sessiongen migrate", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	cfg := migrate.Config{Schemas: map[string]string{}}
	var (
		dry    = flags.Bool("n", false, "write nothing; print the diff and the report")
		asJSON = flags.Bool("json", false, "print the report as JSON")
	)
	flags.BoolVar(&cfg.Tests, "tests", false, "rewrite tests, too")
	flags.StringVar(&cfg.Tags, "tags", "", "comma-separated `list` of build tags")
	flags.StringVar(&cfg.Package, "package", "", "`path` of the package for the schemas")
	flags.BoolFunc("bridge", "give functions that take a key, or a session's name, as a parameter deprecated functions to call, on unless -bridge=false", func(v string) error {
		on, err := strconv.ParseBool(v)
		cfg.NoBridge = !on
		return err
	})
	flags.Func("legacy", "`date`, as in 2027-01-31, until which the sessions that visitors have live on", func(v string) (err error) {
		if cfg.Legacy, err = time.Parse(time.DateOnly, v); err != nil {
			return errors.New("want a date, as in 2027-01-31")
		}
		return nil
	})
	flags.Func("schema", "`name=Type`: the type to generate for the sessions of a name; may be repeated", func(v string) error {
		name, typ, ok := strings.Cut(v, "=")
		if !ok || typ == "" {
			return errors.New("want name=Type")
		}
		cfg.Schemas[name] = typ
		return nil
	})
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, "usage: sessiongen migrate [flags] [packages]\n\n")
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		return exitOK
	case err != nil:
		fmt.Fprintf(stderr, "sessiongen: migrate: %v (sessiongen migrate -h lists the flags)\n", err)
		return exitUsage
	}
	dir, err := os.Getwd()
	if err != nil {
		fmt.Fprintf(stderr, "sessiongen: %v\n", err)
		return exitUsage
	}
	cfg.Dir, cfg.Patterns = dir, flags.Args()
	if len(cfg.Patterns) == 0 {
		cfg.Patterns = []string{"./..."}
	}
	res, err := migrate.Run(cfg)
	if err == nil && !*dry {
		err = res.Write()
	}
	if err != nil {
		return fail(stderr, dir, err)
	}
	if *dry && !*asJSON {
		for _, f := range res.Files {
			path := relative(dir, f.Path)
			stdout.Write(diff.Diff(path, f.Old, path+" (migrated)", f.New))
		}
	}
	if err := reportMigration(res, dir, *asJSON, stdout, stderr); err != nil {
		return fail(stderr, dir, err)
	}
	if len(res.Left) > 0 {
		return exitFindings
	}
	return exitOK
}

// reportMigration prints what was found and done, and what the user has to do by hand.
func reportMigration(res *migrate.Result, dir string, asJSON bool, stdout, stderr io.Writer) error {
	if !asJSON {
		fmt.Fprint(stdout, res)
		for _, l := range res.Left {
			fmt.Fprintln(stderr, l)
		}
		return nil
	}
	enc := json.NewEncoder(stdout)
	enc.SetIndent("", "\t")
	return enc.Encode(struct {
		Keys      []migrate.Key
		Rewritten []migrate.Site
		Left      []migrate.Left
		Notes     []string
		Files     []string
	}{res.Keys, res.Rewritten, res.Left, res.Notes, res.Relative(dir)})
}
