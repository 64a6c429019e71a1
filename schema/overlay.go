package schema

import (
	"encoding/json"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/tools/go/packages"
)

// misnamed finds files of ours with another package clause than their hand-written neighbours have,
// as after a package was renamed: the go command may take the package's name from them, and the
// type checker then passes over everything else. The result gives each file's right package name.
func (l *loader) misnamed(pkgs []*packages.Package) map[string]string {
	stale := map[string]string{}
	packages.Visit(pkgs, nil, func(p *packages.Package) {
		mixed := false
		for _, e := range p.Errors {
			mixed = mixed || strings.HasPrefix(e.Msg, "found packages ")
		}
		if !mixed {
			return
		}
		name := ""
		for _, file := range p.Syntax {
			if !IsGenerated(file) && file.Name != nil {
				name = file.Name.Name
			}
		}
		if name == "" {
			return
		}
		for _, file := range l.directory(p.Dir).ours {
			stale[file] = name
			if clause, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.PackageClauseOnly); err == nil &&
				isTest(file) && strings.HasSuffix(clause.Name.Name, "_test") {
				stale[file] += "_test"
			}
		}
	})
	return stale
}

// loadOver loads again, with those files' package clauses put right. The go command's own flag does
// it, which conf then has, with the files in dir: packages.Config.Overlay would have every
// dependency read from source.
func loadOver(conf *packages.Config, dir string, names map[string]string, patterns []string) ([]*packages.Package, error) {
	replace := map[string]string{}
	for file, name := range names {
		replace[file] = filepath.Join(dir, strconv.Itoa(len(replace))+".go")
		if err := os.WriteFile(replace[file], []byte(Header+"\n\npackage "+name+"\n"), 0o600); err != nil {
			return nil, err
		}
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return nil, err
	}
	flag := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(flag, text, 0o600); err != nil {
		return nil, err
	}
	conf.BuildFlags = append(conf.BuildFlags, "-overlay="+flag)
	return packages.Load(conf, patterns...)
}
