// Package plan finds out what a run of sessiongen will do, without doing any of it.
package plan

import (
	"errors"
	"path/filepath"

	"github.com/sessiongen/sessiongen/gen"
	"github.com/sessiongen/sessiongen/internal/output"
	"github.com/sessiongen/sessiongen/schema"
)

// A Plan has the results of a run.
type Plan struct {
	Changes []output.Change
	Removed []schema.Obsolete // the removed files among the changes
	Moved   []schema.Move     // files that make room for others
	Budgets []*gen.Budget
	Hints   schema.Findings // suggestions about the files to be written
}

// Options are those of a run.
type Options struct {
	AllowBreaking bool // accept changes after which stored values cannot be read
	FailOver      bool // a cookie that may be too large is an error
}

// A planner makes the plan of a run.
type planner struct {
	Plan
	Options
	dir       string
	findings  schema.Findings
	generated map[string][]byte // by package path
}

// Make generates everything. The error is schema.Findings if schemas have errors.
func Make(cfg schema.Config, options Options) (Plan, error) {
	packages, err := schema.Load(cfg)
	if err != nil {
		return Plan{}, err
	}
	p := planner{Options: options, dir: cfg.Dir, generated: map[string][]byte{}}
	found := false
	for _, pkg := range packages {
		found = found || len(pkg.Schemas)+len(pkg.Obsolete) > 0
		if err := errors.Join(p.move(pkg), p.generate(pkg), p.remove(pkg)); err != nil {
			return Plan{}, err
		}
	}
	switch {
	case len(p.findings) > 0:
		return Plan{}, p.findings.Sorted()
	case !found:
		return Plan{}, schema.NoSchema(packages, cfg.Patterns)
	}
	return p.Plan, nil
}

// generate plans the file of a package.
func (p *planner) generate(pkg *schema.Package) error {
	if len(pkg.Schemas) == 0 {
		return nil
	}
	if beside := p.generated[pkg.Path]; beside != nil { // pkg has the tests of that package
		pkg.Beside(beside)
	}
	for _, s := range pkg.Schemas {
		b := gen.BudgetOf(s)
		p.Budgets = append(p.Budgets, b)
		if p.FailOver {
			p.findings = append(p.findings, b.Findings()...)
		}
	}
	content, err := gen.Update(pkg, p.previous(pkg))
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
		p.Changes = append(p.Changes, c)
		p.Hints = append(p.Hints, pkg.Hints()...)
	}
	return err
}

// move plans to move the file that is in the place of a package's file.
func (p *planner) move(pkg *schema.Package) error {
	if pkg.Moved == nil {
		return nil
	}
	c, _, err := output.Writing(pkg.Moved.To, pkg.Moved.Source)
	p.Changes = append(p.Changes, c)
	p.Moved = append(p.Moved, *pkg.Moved)
	return err
}

// remove plans to remove the files that a package no longer needs.
func (p *planner) remove(pkg *schema.Package) error {
	for _, o := range pkg.Obsolete {
		c, err := output.Removal(o.Path)
		if err != nil {
			return err
		}
		p.Changes = append(p.Changes, c)
		p.Removed = append(p.Removed, o)
	}
	return nil
}

// previous describes what earlier runs left, with paths as people write them.
func (p *planner) previous(pkg *schema.Package) gen.Previous {
	prev := gen.Previous{AllowBreaking: p.AllowBreaking}
	for _, w := range pkg.Written {
		if rel, err := filepath.Rel(p.dir, w.Path); err == nil {
			w.Path = filepath.ToSlash(rel)
		}
		prev.Written = append(prev.Written, w)
	}
	return prev
}
