package docstest

import (
	"cmp"
	"fmt"
	"path"
	"path/filepath"
	"strings"
)

// A Package is made of some or all of a page's Go blocks.
type Package struct {
	Page  string
	Line  int               // of its first block
	Dir   string            // in the module of all packages, with slashes; its last element is Name
	Name  string            // in its package clause
	Files map[string]string // by name

	schema string // the file with the schema
	alone  bool   // an aside of the page
}

// Load completes the Go blocks of the pages for users. It returns the packages that only import what this module's
// go.mod requires or, if external is set, the others.
//
// A block may be a file, declarations, members of a schema, statements of a handler, or a composite literal.
// Everything but a file gets a package clause and the missing imports. A function without a body must exist, with that
// signature. Consecutive blocks of a page form one package, until a block is a file, has a schema, or asks for its own
// package. Names that a package uses without declaring them come from the files in testdata/docs; a package without a
// schema gets the one in session.go there.
func Load(root string, external bool) ([]*Package, error) {
	site, err := readPool(filepath.Join(root, "testdata", "docs"))
	if err != nil {
		return nil, err
	}
	pages, err := Pages(root)
	if err != nil {
		return nil, err
	}
	var list []*Package
	for _, page := range pages {
		if !page.ForUsers() {
			continue
		}
		packages, err := complete(page, site)
		if err != nil {
			return nil, err
		}
		for _, p := range packages {
			outside, err := p.outside(root)
			if err != nil {
				return nil, err
			}
			if outside == external {
				list = append(list, p)
			}
		}
	}
	return list, nil
}

// complete completes the Go blocks of a page.
func complete(page Page, site *pool) ([]*Package, error) {
	var list []*Package
	var current *Package
	for _, b := range page.Blocks {
		if _, pasted := b.Asks["main"]; b.Lang != "go" || pasted {
			continue
		}
		f, err := site.completeBlock(page, b)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", page.Name, b.Line, err)
		}
		pkg := packageOf(page, b, f, current)
		if pkg != current {
			list = append(list, pkg)
		}
		if !pkg.alone {
			current = pkg
		}
		if f.schema {
			pkg.schema = f.name
		}
		pkg.Files[f.name] = clause(f.text, pkg.Name)
	}
	for _, pkg := range list {
		if err := site.complete(pkg); err != nil {
			return nil, fmt.Errorf("%s: %w", page.Name, err)
		}
	}
	return list, nil
}

// packageOf returns the package that a block belongs to: the current one of the page, or a new one.
func packageOf(page Page, b Block, f completed, current *Package) *Package {
	_, own := b.Asks["package"]
	_, alone := b.Asks["alone"]
	if current != nil && !alone && !own && f.clause == "" && !f.schema {
		return current
	}
	name := cmp.Or(f.clause, "page")
	p := &Package{Page: page.Name, Line: b.Line, Name: name, Files: make(map[string]string), alone: alone}
	if alone && !f.schema && current.schema != "" {
		p.Name, p.schema = current.Name, current.schema
		p.Files[p.schema] = current.Files[p.schema]
	}
	p.Dir = fmt.Sprintf("%s_%d/%s", strings.TrimSuffix(path.Base(page.Name), ".md"), b.Line, p.Name)
	return p
}

// clause puts the package's name into a completed file.
func clause(text, name string) string {
	return strings.Replace(text, "package page", "package "+name, 1)
}
