package migrate

import (
	"bytes"
	"maps"
	"slices"

	"github.com/sessiongen/sessiongen/internal/golist"
)

// apart lists the programs of a module if they share no code with sessions, and one schema for all of them would lack
// a key: its type is declared in one of them, or in each. Each program then gets schemas of its own, and later runs see
// that it has them.
func (r *rewriter) apart() []string {
	generated := map[string]*unit{}
	for _, u := range r.p.units {
		if len(generatedIn(u)) > 0 {
			generated[u.path] = u
		}
	}
	if r.wanted != "" || len(generated) < 2 && !slices.ContainsFunc(r.fields(), r.needsOneProgram) {
		return nil
	}
	users := maps.Clone(generated)
	r.storeUsers(users)
	for _, s := range r.sites {
		users[s.at.in.listed.ImportPath] = s.at.in
	}
	programs := map[string]bool{}
	for path := range users {
		by := r.programsWith(path)
		if len(by) != 1 {
			return nil
		}
		programs[by[0]] = true
	}
	if len(programs) < 2 {
		return nil
	}
	return slices.Sorted(maps.Keys(programs))
}

// needsOneProgram reports whether a key might be a field if its program were the only one.
func (r *rewriter) needsOneProgram(d *field) bool {
	return d.conflict != nil || r.unfit(d) == nil && r.lodging().homeless(d.typ) != ""
}

// runApart migrates programs one by one. It returns nil if two of them would change the same file.
func runApart(cfg Config, programs []string) (*Result, error) {
	all, changed := &Result{dir: cfg.Dir}, map[string][]byte{}
	for _, path := range programs {
		cfg.only = path
		res, err := Run(cfg)
		if err != nil {
			return nil, err
		}
		for _, f := range res.Files {
			if other, ok := changed[f.Path]; ok && !bytes.Equal(other, f.New) {
				return nil, nil
			}
			if _, ok := changed[f.Path]; !ok {
				all.Files = append(all.Files, f)
			}
			changed[f.Path] = f.New
		}
		for i := range res.Keys {
			res.Keys[i].Program = path
		}
		all.Keys = append(all.Keys, res.Keys...)
		all.Rewritten = append(all.Rewritten, res.Rewritten...)
		all.Left = append(all.Left, res.Left...)
		all.Notes = append(all.Notes, res.Notes...)
	}
	return all, nil
}

// onlyOf returns a program's packages: of the module, those that it imports.
func (p *program) onlyOf(program string, list []*golist.Package) (only []*golist.Package) {
	chosen := map[string]bool{}
	for _, l := range list {
		if l.ImportPath == program {
			choose(chosen, l)
		}
	}
	for _, l := range list {
		if own(l) && !chosen[l.ImportPath] {
			p.aside[l.Dir] = true
		} else {
			only = append(only, l)
		}
	}
	p.joined = slices.DeleteFunc(p.joined, func(path string) bool { return !chosen[path] })
	return only
}
