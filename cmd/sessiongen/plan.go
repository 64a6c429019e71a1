package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/sessiongen/sessiongen/gen"
	"github.com/sessiongen/sessiongen/internal/output"
	"github.com/sessiongen/sessiongen/schema"
)

// A plan is what a run comes to.
type plan struct {
	changes []output.Change
	removed []schema.Obsolete // of the changes, the files that are to go
	budgets []*gen.Budget
	hints   schema.Findings // about the schemas of files that are to be written
}

// makePlan generates everything.
func makePlan(cfg schema.Config, allowBreaking, failOver bool) (p plan, err error) {
	packages, err := schema.Load(cfg)
	if err != nil {
		return p, err
	}
	var findings schema.Findings
	found := false
	generated := map[string][]byte{} // by package path
	for _, pkg := range packages {
		if len(pkg.Schemas) > 0 {
			found = true
			if beside := generated[pkg.Path]; beside != nil { // pkg is the tests of that package
				pkg.Beside(beside)
			}
			for _, s := range pkg.Schemas {
				b := gen.BudgetOf(s)
				p.budgets = append(p.budgets, b)
				if failOver {
					findings = append(findings, b.Findings()...)
				}
			}
			content, err := gen.Update(pkg, previous(cfg.Dir, pkg, allowBreaking))
			if refused, ok := errors.AsType[schema.Findings](err); ok {
				findings = append(findings, refused...)
				continue
			}
			if err != nil {
				return p, err
			}
			generated[pkg.Path] = content
			c, stale, err := output.Writing(filepath.Join(pkg.Dir, pkg.Output), content)
			if err != nil {
				return p, err
			}
			if stale {
				p.changes = append(p.changes, c)
				p.hints = append(p.hints, pkg.Hints()...)
			}
		}
		for _, o := range pkg.Obsolete {
			found = true
			c, err := output.Removal(o.Path)
			if err != nil {
				return p, err
			}
			p.changes = append(p.changes, c)
			p.removed = append(p.removed, o)
		}
	}
	if len(findings) > 0 {
		return p, findings.Sorted()
	}
	if !found {
		return p, fmt.Errorf("no schema in %s: a schema is a struct type whose fields have session tags, "+
			"such as\n\ttype session struct {\n\t\tUsername string `session:\"username\"`\n\t}", strings.Join(cfg.Patterns, " "))
	}
	return p, nil
}

// previous reads the generated files of the runs before.
func previous(dir string, pkg *schema.Package, allowBreaking bool) gen.Previous {
	prev := gen.Previous{AllowBreaking: allowBreaking}
	for _, f := range pkg.Former {
		// Whatever is wrong with a file will be said when it is to be written.
		source, _ := os.ReadFile(f.Path)
		prev.Files = append(prev.Files, gen.File{Path: relative(dir, f.Path), Source: source, Stays: f.Stays})
	}
	return prev
}
