package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/sessiongen/sessiongen/runtime/sessioninspect"
	"github.com/sessiongen/sessiongen/schema"
)

// maxCookieInput limits the input, in bytes.
const maxCookieInput = 4 << 20

// inspect is sessiongen inspect.
func inspect(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("sessiongen inspect", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	var o sessioninspect.Options
	var (
		keys = flags.String("keys", "", "")
		tags = flags.String("tags", "", "")
	)
	flags.StringVar(&o.Name, "name", "", "")
	flags.BoolVar(&o.Values, "values", false, "")
	flags.DurationVar(&o.Lifetime, "lifetime", 0, "")
	flags.DurationVar(&o.IdleTimeout, "idle", 0, "")
	flags.DurationVar(&o.AbsoluteTimeout, "absolute", 0, "")
	flags.DurationVar(&o.DeviceBound, "device-bound", 0, "")
	flags.BoolVar(&o.Sliding, "sliding", false, "")
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return printHelp([]string{"inspect"}, stdout, stderr)
	}
	if err == nil && flags.NArg() > 1 {
		err = errors.New("want one package")
	}
	if err != nil {
		fmt.Fprintf(stderr, "sessiongen: inspect: %v (sessiongen help inspect lists the flags)\n", err)
		return exitUsage
	}
	dir, err := os.Getwd()
	if err == nil && flags.NArg() > 0 {
		o.Schema, err = schemaFields(schema.Config{Dir: dir, Patterns: flags.Args(), Tags: *tags, Dependencies: true})
	}
	if err == nil {
		o.Keys, err = keyText(*keys)
	}
	var report *sessioninspect.Report
	if err == nil {
		report, err = inspectInput(os.Stdin, o)
	}
	if err != nil {
		return fail(stderr, dir, err)
	}
	e := json.NewEncoder(stdout)
	e.SetEscapeHTML(false)
	e.SetIndent("", "\t")
	if err := e.Encode(report); err != nil {
		return fail(stderr, dir, err)
	}
	if !report.Opens() {
		return exitFindings
	}
	return exitOK
}

func inspectInput(input io.Reader, o sessioninspect.Options) (*sessioninspect.Report, error) {
	text, err := io.ReadAll(io.LimitReader(input, maxCookieInput))
	if err != nil {
		return nil, err
	}
	return sessioninspect.Inspect(strings.Split(string(text), "\n"), o)
}

// keyText returns the text of the keys, from a file or the environment.
func keyText(path string) (string, error) {
	if path == "" {
		return os.Getenv("SESSION_KEYS"), nil
	}
	b, err := os.ReadFile(path)
	return string(b), err
}

// schemaFields returns the fields of a package's schemas.
func schemaFields(cfg schema.Config) (fields []sessioninspect.SchemaField, err error) {
	packages, err := schema.Load(cfg)
	if err != nil {
		return nil, err
	}
	for _, p := range packages {
		for _, s := range p.Schemas {
			for _, f := range s.Fields {
				fields = append(fields, sessioninspect.SchemaField{Name: f.GoName, Key: f.Key, Was: f.Was, Secret: f.Secret})
			}
		}
	}
	if len(fields) == 0 {
		return nil, schema.NoSchema(packages, cfg.Patterns)
	}
	return fields, nil
}
