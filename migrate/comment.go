package migrate

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"unicode"
)

// What people write in comments stays: one that stands in code which an edit replaces goes above the statement. One that
// goes with a statement is in the report.

// comments returns the pieces that keep the comments of a file that other pieces replace.
func (d *draft) comments(file string, pieces []piece) []piece {
	_, f := d.syntax(file)
	if f == nil {
		return nil
	}
	var list []piece
	for _, group := range f.Comments {
		for _, c := range group.List {
			_, from := d.r.p.offset(c.Pos())
			i := slices.IndexFunc(pieces, func(p piece) bool { return p.from <= from && from < p.to })
			if i < 0 || strings.Contains(pieces[i].text, c.Text) || d.isWritten(c.Text) {
				continue
			}
			stmt := d.statementAround(f, pieces[i].edit)
			if stmt == nil {
				continue
			}
			_, at := d.r.p.offset(stmt.Pos())
			above := piece{edit{file, at, at, c.Text + "\n"}, &change{fixed: true}, 0}
			if !slices.ContainsFunc(pieces, func(p piece) bool { return p.overlap(above.edit) }) {
				list = append(list, above)
			}
		}
	}
	return list
}

// isWritten reports whether a new file has a comment.
func (d *draft) isWritten(comment string) bool {
	for _, text := range d.extra {
		if strings.Contains(string(text), comment) {
			return true
		}
	}
	return false
}

// statementAround is the innermost statement of a block that an edit is a part of, nil if the edit removes statements.
func (d *draft) statementAround(f *ast.File, e edit) (around ast.Stmt) {
	whole := false
	ast.Inspect(f, func(n ast.Node) bool {
		stmt, ok := n.(ast.Stmt)
		if !ok {
			return n != nil
		}
		_, from := d.r.p.offset(stmt.Pos())
		_, to := d.r.p.offset(stmt.End())
		switch {
		case e.text == "" && e.from <= from && to <= e.to:
			whole = true
		case from <= e.from && e.to <= to && d.r.inBlock(stmt):
			around = stmt
		}
		return e.from < to && from < e.to
	})
	if whole {
		return nil
	}
	return around
}

// noteComments notes the comments that the new files do not have.
func (res *Result) noteComments(d *draft) {
	for _, f := range res.Files {
		if f.Old != nil {
			res.Notes = append(res.Notes, d.lostComments(f.Path, plain(f.New))...)
		}
	}
}

// lostComments are notes on the comments of a file that its new text does not have.
func (d *draft) lostComments(file string, text []byte) []string {
	_, f := d.syntax(file)
	after, err := parser.ParseFile(token.NewFileSet(), "", text, parser.ParseComments|parser.SkipObjectResolution)
	if f == nil || err != nil {
		return nil
	}
	kept := map[string]int{}
	for _, group := range after.Comments {
		for _, c := range group.List {
			kept[words(c.Text)]++
		}
	}
	var notes []string
	for _, group := range f.Comments {
		for _, c := range group.List {
			switch key := words(c.Text); {
			case key == "" || d.r.p.inImports(f, c) || d.isWritten(c.Text):
			case kept[key] > 0:
				kept[key]--
			default:
				line, _, _ := strings.Cut(c.Text, "\n")
				notes = append(notes, fmt.Sprintf("%s: a comment went with its code: %s", d.r.p.position(value{expr: &ast.BadExpr{From: c.Pos(), To: c.End()}}), line))
			}
		}
	}
	return notes
}

// words is the text of a comment without what gofmt may change.
func words(comment string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, comment)
}

// inImports reports whether a comment stands among imports: it goes with one.
func (p *program) inImports(f *ast.File, c *ast.Comment) bool {
	return slices.ContainsFunc(f.Decls, func(decl ast.Decl) bool {
		g, ok := decl.(*ast.GenDecl)
		return ok && g.Tok == token.IMPORT && g.Pos() <= c.Pos() && p.place(c.Pos()).Line <= p.place(g.End()).Line
	})
}
