package main

import (
	"errors"
	"path/filepath"

	"github.com/sessiongen/sessiongen/gen"
	"github.com/sessiongen/sessiongen/internal/output"
	"github.com/sessiongen/sessiongen/schema"
)

// A plan is what a run comes to.
type plan struct {
	changes []output.Change
	removed []schema.Obsolete // of the changes, the files that are to go
	budgets []*gen.Budget
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
		return p, schema.NoSchema(packages, cfg.Patterns)
	}
	return p, nil
}

// previous is what the runs before left, its files named as people name them.
func previous(dir string, pkg *schema.Package, allowBreaking bool) gen.Previous {
	prev := gen.Previous{AllowBreaking: allowBreaking}
	for _, w := range pkg.Written {
		w.Path = relative(dir, w.Path)
		prev.Written = append(prev.Written, w)
	}
	return prev
}
