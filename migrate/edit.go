package migrate

import (
	"bytes"
	"cmp"
	"go/ast"
	"go/token"
	"slices"
)

// An edit replaces a part of a file.
type edit struct {
	file     string
	from, to int // offsets
	text     string
}

// A change is the set of edits for one site: all of them are made, or none.
type change struct {
	at       value
	site     *site // nil if it is not a use of a key
	edits    []edit
	bridged  *site  // the use by key that this calls
	with     *site  // the use whose change includes this one
	note     string // what behaves differently afterwards
	fixed    bool   // it stays even if it does not type-check
	wiring   bool   // it belongs to the wiring, which is made whole or not at all
	unneeded bool   // it drops an import or a variable that nothing needs so far
}

func (p *program) offset(pos token.Pos) (string, int) {
	f := p.fset.File(pos)
	return f.Name(), f.Offset(pos)
}

// place is a position in the file itself. Line directives, in the output of other generators, do not count.
func (p *program) place(pos token.Pos) token.Position { return p.fset.PositionFor(pos, false) }

// text is the source of a node.
func (p *program) text(n ast.Node) string {
	name, from := p.offset(n.Pos())
	_, to := p.offset(n.End())
	return string(p.source[name][from:to])
}

// replace is the edit that puts text in the place of a node.
func (p *program) replace(n ast.Node, text string) edit {
	return p.replaceRange(n.Pos(), n.End(), text)
}

func (p *program) replaceRange(from, to token.Pos, text string) edit {
	name, a := p.offset(from)
	_, b := p.offset(to)
	return edit{name, a, b, text}
}

// remove is the edit that removes a statement, and its whole line if nothing else is on it.
func (p *program) remove(n ast.Node) edit { return p.removeRange(n.Pos(), n.End()) }

func (p *program) removeRange(from, to token.Pos) edit {
	return p.wholeLine(p.replaceRange(from, to, ""))
}

// wholeLine extends an edit that removes all text of a line to the line itself.
func (p *program) wholeLine(e edit) edit {
	src := p.source[e.file]
	from, to := e.from, e.to
	for from > 0 && (src[from-1] == ' ' || src[from-1] == '\t') {
		from--
	}
	for to < len(src) && (src[to] == ' ' || src[to] == '\t') {
		to++
	}
	if from > 0 && src[from-1] == '\n' && to < len(src) && src[to] == '\n' {
		e.from, e.to = from, to+1
	}
	return e
}

// removeWithBlank removes a part of the source and the blank lines after it.
func (p *program) removeWithBlank(from, to token.Pos) edit {
	e := p.removeRange(from, to)
	for rest := p.source[e.file][e.to:]; ; {
		line, after, found := bytes.Cut(rest, []byte("\n"))
		if !found || len(bytes.TrimSpace(line)) > 0 {
			return e
		}
		e.to, rest = e.to+len(line)+1, after
	}
}

// A piece is an edit with its place in the new text.
type piece struct {
	edit
	change *change
	at     int // the offset in the new text
}

// overlap reports whether two edits change the same part of a text.
func overlap(edits []piece) bool {
	edits = slices.SortedFunc(slices.Values(edits), func(a, b piece) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	for i := range len(edits) - 1 {
		if edits[i+1].from < edits[i].to {
			return true
		}
	}
	return false
}

// apply makes edits that do not overlap, and returns them with their places afterwards.
func apply(src []byte, edits []piece) ([]byte, []piece) {
	slices.SortStableFunc(edits, func(a, b piece) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	var out bytes.Buffer
	last := 0
	for i := range edits {
		e := &edits[i]
		out.Write(src[last:e.from])
		e.at = out.Len()
		out.WriteString(e.text)
		last = e.to
	}
	out.Write(src[last:])
	return out.Bytes(), edits
}

// overlap reports whether two edits touch the same text.
func (e edit) overlap(other edit) bool {
	return e.file == other.file && e.from < other.to && other.from < e.to
}

// oldOffset maps an offset of the new text to the old one. It also returns the piece around the offset, nil if there is
// none.
func oldOffset(pieces []piece, offset int) (int, *piece) {
	shift := 0
	for i := range pieces {
		p := &pieces[i]
		if offset < p.at {
			break
		}
		if offset < p.at+len(p.text) || len(p.text) == 0 && offset == p.at {
			return p.from, p
		}
		shift = p.to - (p.at + len(p.text))
	}
	return offset + shift, nil
}
