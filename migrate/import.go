package migrate

import (
	"cmp"
	"go/ast"
	"go/token"
	"slices"
	"strconv"
	"strings"
)

// An origin says where an imported package is from.
type origin int

const (
	standard origin = iota // the standard library
	others                 // other modules
	ownModule
)

func (p *program) originOf(path string) origin {
	first, _, _ := strings.Cut(path, "/")
	switch {
	case path == p.module.Path || strings.HasPrefix(path, p.module.Path+"/"):
		return ownModule
	case strings.Contains(first, "."):
		return others
	}
	return standard
}

// addImports returns the edits that make a file import packages, where a person would put them: into the group with
// packages of the same origin, or of other modules and this one. Imports that go are no guide.
func (p *program) addImports(f *ast.File, paths []string, gone func(*ast.ImportSpec) bool) []edit {
	var list []edit
	slices.Sort(paths)
	for _, path := range slices.Compact(paths) {
		near, apart := p.near(f, p.originOf(path), gone)
		e := p.importAfter(f, near, path, apart)
		if i := slices.IndexFunc(list, func(other edit) bool { return other.from == e.from }); i >= 0 { // in one group
			list[i].text += "\n" + strings.TrimLeft(e.text, "\n")
			continue
		}
		list = append(list, e)
	}
	return list
}

// near is the import that another one goes after, nil if there is none, and whether a blank line goes between them.
func (p *program) near(f *ast.File, of origin, gone func(*ast.ImportSpec) bool) (near *ast.ImportSpec, apart bool) {
	last := map[origin]*ast.ImportSpec{}
	for _, spec := range f.Imports {
		if path, err := strconv.Unquote(spec.Path.Value); err == nil && !gone(spec) && path != "C" {
			last[p.originOf(path)] = spec
		}
	}
	if last[of] != nil {
		return last[of], false
	}
	if of != standard && cmp.Or(last[others], last[ownModule]) != nil {
		return cmp.Or(last[others], last[ownModule]), false
	}
	return cmp.Or(last[standard], last[others], last[ownModule]), true
}

func (p *program) importAfter(f *ast.File, near *ast.ImportSpec, path string, apart bool) edit {
	if near == nil {
		return p.replaceRange(f.Name.End(), f.Name.End(), "\n\nimport "+strconv.Quote(path)+"\n")
	}
	end := near.End()
	if near.Comment != nil {
		end = near.Comment.End()
	}
	text := "\n\t" + strconv.Quote(path)
	if apart {
		text = "\n" + text
	}
	for _, decl := range f.Decls {
		if g, ok := decl.(*ast.GenDecl); ok && g.Tok == token.IMPORT && g.Pos() <= near.Pos() && near.End() <= g.End() && !g.Lparen.IsValid() {
			text = "\nimport " + strconv.Quote(path)
			if apart {
				text = "\n" + text
			}
		}
	}
	return p.replaceRange(end, end, text)
}
