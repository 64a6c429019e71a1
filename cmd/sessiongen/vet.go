package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/sessiongen/sessiongen/internal/vet"
	"github.com/sessiongen/sessiongen/migrate"
)

// runVet is sessiongen vet.
func runVet(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("sessiongen vet", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	var (
		asJSON = flags.Bool("json", false, "")
		tags   = flags.String("tags", "", "")
	)
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return printHelp([]string{"vet"}, stdout, stderr)
	}
	if err != nil {
		fmt.Fprintf(stderr, "sessiongen: vet: %v (sessiongen help vet lists the flags)\n", err)
		return exitUsage
	}
	patterns := flags.Args()
	if len(patterns) == 0 {
		patterns = []string{"."}
	}
	dir, err := os.Getwd()
	if err != nil {
		return fail(stderr, dir, err)
	}
	self, err := os.Executable()
	if err != nil {
		return fail(stderr, dir, err)
	}
	err = migrate.Unfinished(dir)
	if err == nil {
		err = analyze(self, dir, *tags, patterns)
	}
	switch {
	case err == nil:
		return exitOK
	case *asJSON:
		return failJSON(stdout, dir, err)
	}
	return fail(stderr, dir, err)
}

// analyze returns what is found as an error.
func analyze(self, dir, tags string, patterns []string) error {
	findings, err := vet.Run(self, dir, tags, patterns)
	if err == nil && len(findings) > 0 {
		err = findings
	}
	return err
}
