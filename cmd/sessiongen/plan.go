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

// A planner makes the plan of a run.
type planner struct {
	plan
	dir           string
	allowBreaking bool
	failOver      bool
	findings      schema.Findings
	generated     map[string][]byte // by package path
}

// makePlan generates everything.
func makePlan(cfg schema.Config, allowBreaking, failOver bool) (plan, error) {
	packages, err := schema.Load(cfg)
	if err != nil {
		return plan{}, err
	}
	p := planner{dir: cfg.Dir, allowBreaking: allowBreaking, failOver: failOver, generated: map[string][]byte{}}
	found := false
	for _, pkg := range packages {
		found = found || len(pkg.Schemas)+len(pkg.Obsolete) > 0
		if err := errors.Join(p.generate(pkg), p.remove(pkg)); err != nil {
			return plan{}, err
		}
	}
	switch {
	case len(p.findings) > 0:
		return plan{}, p.findings.Sorted()
	case !found:
		return plan{}, schema.NoSchema(packages, cfg.Patterns)
	}
	return p.plan, nil
}

// generate plans the file of a package.
func (p *planner) generate(pkg *schema.Package) error {
	if len(pkg.Schemas) == 0 {
		return nil
	}
	if beside := p.generated[pkg.Path]; beside != nil { // pkg is the tests of that package
		pkg.Beside(beside)
	}
	for _, s := range pkg.Schemas {
		b := gen.BudgetOf(s)
		p.budgets = append(p.budgets, b)
		if p.failOver {
			p.findings = append(p.findings, b.Findings()...)
		}
	}
	content, err := gen.Update(pkg, previous(p.dir, pkg, p.allowBreaking))
	if refused, ok := errors.AsType[schema.Findings](err); ok {
		p.findings = append(p.findings, refused...)
		return nil
	}
	if err != nil {
		return err
	}
	p.generated[pkg.Path] = content
	c, stale, err := output.Writing(filepath.Join(pkg.Dir, pkg.Output), content)
	if stale {
		p.changes = append(p.changes, c)
	}
	return err
}

// remove plans to remove the files that a package does not need any more.
func (p *planner) remove(pkg *schema.Package) error {
	for _, o := range pkg.Obsolete {
		c, err := output.Removal(o.Path)
		if err != nil {
			return err
		}
		p.changes = append(p.changes, c)
		p.removed = append(p.removed, o)
	}
	return nil
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
