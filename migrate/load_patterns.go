package migrate

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sessiongen/sessiongen/internal/golist"
)

// list lists the packages that the patterns name, and those of the same modules that import their sessions, with everything that
// they import: a change of a package must reach all that import it.
func (p *program) list(command golist.Command, closure func([]string) ([]*golist.Package, error), cfg Config) ([]*golist.Package, error) {
	patterns := append(slices.Clone(cfg.Patterns), runtimePath, runtimePath+"/codec")
	patterns = append(patterns, available(cfg.Dir)...)
	rest := beyond(command, cfg)
	if len(rest) == 0 {
		return closure(patterns)
	}
	named, err := command.Packages(cfg.Patterns...)
	if err != nil {
		return nil, err
	}
	if err := misnamed(named); err != nil {
		return nil, err
	}
	all, err := closure(append(patterns, rest...))
	if err != nil {
		return nil, err
	}
	chosen := map[string]bool{}
	for _, l := range named {
		choose(chosen, l)
	}
	p.join(chosen, all)
	return slices.DeleteFunc(all, func(l *golist.Package) bool {
		left := own(l) && !chosen[l.ImportPath]
		if left {
			p.aside[l.Dir] = true
		}
		return left
	}), nil
}

// beyond are the patterns of all packages of the modules that are worked on, none if the program's patterns name these already.
func beyond(command golist.Command, cfg Config) (patterns []string) {
	if cfg.closure != nil { // which has all packages
		return nil
	}
	dirs, err := command.Modules()
	if err != nil || len(dirs) == 1 && dirs[0] == cfg.Dir && slices.Equal(cfg.Patterns, []string{"./..."}) {
		return nil
	}
	for _, dir := range dirs {
		if filepath.IsAbs(dir) {
			patterns = append(patterns, filepath.ToSlash(dir)+"/...")
		}
	}
	return patterns
}

// misnamed is the error of patterns that name no packages.
func misnamed(named []*golist.Package) (err error) {
	if len(named) == 0 {
		return errors.New("the patterns name no package of this module")
	}
	for _, l := range named {
		switch {
		case l.ImportPath == "command-line-arguments":
			err = errors.Join(err, errors.New("name packages: single files are no program"))
		case l.Error != nil && l.Module == nil && !l.Standard:
			err = errors.Join(err, fmt.Errorf("%s: %s", l.ImportPath, strings.TrimPrefix(l.Error.Err, "pattern "+l.ImportPath+": ")))
		}
	}
	return err
}

// choose adds a package and what it imports.
func choose(chosen map[string]bool, l *golist.Package) {
	chosen[l.ImportPath] = true
	for _, path := range l.Deps {
		chosen[path] = true
	}
}

// join chooses the packages that import one of those chosen that has to do with sessions.
func (p *program) join(chosen map[string]bool, all []*golist.Package) {
	named := maps.Clone(chosen)
	sessions := map[string]bool{} // packages that have to do with them
	for _, l := range all {
		sessions[l.ImportPath] = own(l) && (reachesLibrary(l) || reachesRuntime(l))
	}
	shares := func(path string) bool { return chosen[path] && sessions[path] }
	for grown := true; grown; {
		grown = false
		for _, l := range all {
			if own(l) && !chosen[l.ImportPath] && slices.ContainsFunc(slices.Concat(l.Deps, l.TestImports, l.XTestImports), shares) {
				choose(chosen, l)
				grown = true
			}
		}
	}
	for _, l := range all {
		if shares(l.ImportPath) && !named[l.ImportPath] {
			p.joined = append(p.joined, l.ImportPath)
		}
	}
	slices.Sort(p.joined)
}
