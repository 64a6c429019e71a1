// Package vet runs the analyzer on packages like a tool of go vet: on the go command's compiled and cached files,
// including tests.
package vet

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/tools/go/analysis/unitchecker"

	"github.com/sessiongen/sessiongen/internal/code"
	"github.com/sessiongen/sessiongen/schema"
	"github.com/sessiongen/sessiongen/sessioncheck"
)

// IsCall reports whether go vet calls its tool with these arguments.
func IsCall(args []string) bool {
	return len(args) > 0 && (args[0] == "-V=full" || args[0] == "-flags" || strings.HasSuffix(args[len(args)-1], ".cfg"))
}

// Answer answers go vet, and exits.
func Answer() { unitchecker.Main(sessioncheck.Analyzer) }

// Run analyzes packages. The tool is a program that calls Answer if IsCall.
func Run(tool, dir, tags string, patterns []string) (schema.Findings, error) {
	// With -trimpath, which GOFLAGS may have, the go command uses cached results for equal files elsewhere, and
	// positions would be those of the other files.
	args := []string{"vet", "-json", "-trimpath=false", "-vettool=" + tool}
	if tags != "" {
		args = append(args, "-tags="+tags)
	}
	cmd := exec.Command("go", append(append(args, "--"), patterns...)...)
	cmd.Dir = dir
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		if said := strings.TrimSpace(stderr.String()); said != "" {
			return nil, errors.New(said)
		}
		return nil, err
	}
	return read(&stdout, dir)
}

// read reads the output of go vet: an object for each package, with comments between.
func read(r io.Reader, dir string) (findings schema.Findings, err error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(comment.ReplaceAll(text, nil)))
	for {
		var packages map[string]map[string]json.RawMessage
		if err := dec.Decode(&packages); err == io.EOF {
			return findings.Sorted(), nil
		} else if err != nil {
			return nil, fmt.Errorf("reading what go vet printed: %w", err)
		}
		for _, analyzers := range packages {
			for _, raw := range analyzers {
				found, err := parse(raw, dir)
				if err != nil {
					return nil, err
				}
				findings = append(findings, found...)
			}
		}
	}
}

var comment = regexp.MustCompile(`(?m)^#.*$`)

// A diagnostic has the form that the tool prints.
type diagnostic struct{ Category, Posn, Message string }

// Finding is the diagnostic as a finding, with a path relative to dir.
func (d diagnostic) Finding(dir string) schema.Finding {
	message, hint, _ := strings.Cut(d.Message, "\n\t")
	return schema.NewFinding(code.Code(d.Category), position(d.Posn, dir), hint, "%s", message)
}

// parse reads the result of one analyzer for one package: diagnostics, or an error.
func parse(raw json.RawMessage, dir string) (findings schema.Findings, err error) {
	var failed struct{ Error string }
	if json.Unmarshal(raw, &failed) == nil {
		return nil, errors.New(failed.Error)
	}
	var diagnostics []diagnostic
	if err := json.Unmarshal(raw, &diagnostics); err != nil {
		return nil, fmt.Errorf("reading what go vet printed: %w", err)
	}
	for _, d := range diagnostics {
		findings = append(findings, d.Finding(dir))
	}
	return findings, nil
}

// position reads file:line:column.
func position(text, dir string) (p token.Position) {
	text, column := lastNumber(text)
	text, line := lastNumber(text)
	if rel, err := filepath.Rel(dir, text); err == nil {
		text = rel
	}
	return token.Position{Filename: filepath.ToSlash(text), Line: line, Column: column}
}

// lastNumber cuts off the part after the last colon.
func lastNumber(text string) (before string, n int) {
	i := strings.LastIndex(text, ":")
	if i < 0 {
		return text, 0
	}
	n, _ = strconv.Atoi(text[i+1:])
	return text[:i], n
}
