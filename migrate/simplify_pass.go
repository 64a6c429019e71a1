package migrate

import (
	"bytes"
	"go/types"
	"maps"
	"slices"
	"strings"
)

// simplify changes the texts of a draft, in passes: what one pass simplifies, the next may simplify further. What would
// not compile afterwards stays as it is.
func (d *draft) simplify() {
	const passes = 8
	errs := len(d.check())
	for range passes {
		if !d.simplified((*simplifier).branches, errs) && !d.simplified((*simplifier).phrases, errs) {
			return
		}
	}
}

// simplified makes one pass. It reports whether anything changed.
func (d *draft) simplified(plan func(*simplifier), allowed int) bool {
	was := map[string][]byte{}
	edits := map[string][][]piece{}
	notes := map[string][]string{}
	for _, u := range d.newUnits() {
		for _, f := range u.files {
			name := d.r.p.fset.File(f.FileStart).Name()
			old, ok := d.texts[name]
			if !ok || was[name] != nil {
				continue
			}
			s := newSimplifier(d, u, f, name)
			if plan(s); len(s.edits) > 0 {
				was[name] = old
				notes[name] = d.notesOf(name, s.gone)
				text, made := apply(old, s.edits)
				d.texts[name], edits[name] = text, [][]piece{made}
			}
		}
	}
	if len(was) == 0 {
		return false
	}
	errs := d.check()
	if len(errs) > allowed {
		d.dropImports(errs, edits)
		errs = d.check()
	}
	if len(errs) > allowed {
		for _, e := range errs {
			file, _ := d.place(e.Pos)
			d.unsimplified(file, was, edits)
		}
		errs = d.check()
	}
	if len(errs) > allowed {
		maps.Copy(d.texts, was)
		return false
	}
	for _, name := range slices.Sorted(maps.Keys(edits)) {
		d.passes[name] = append(d.passes[name], edits[name]...)
		d.branches = append(d.branches, notes[name]...)
	}
	return len(edits) > 0
}

// unsimplified gives a file the text that it had before a pass.
func (d *draft) unsimplified(file string, was map[string][]byte, edits map[string][][]piece) {
	if edits[file] != nil {
		d.texts[file] = was[file]
		delete(edits, file)
	}
}

// dropImports removes the lines of imports that simplified files need no more.
func (d *draft) dropImports(errs []types.Error, edits map[string][][]piece) {
	lines := map[string][]piece{}
	for _, e := range errs {
		file, offset := d.place(e.Pos)
		if text := d.texts[file]; edits[file] != nil && strings.HasSuffix(e.Msg, "imported and not used") {
			from, to := bytes.LastIndexByte(text[:offset], '\n')+1, offset+bytes.IndexByte(text[offset:], '\n')+1
			lines[file] = append(lines[file], piece{edit: edit{from: from, to: to}})
		}
	}
	for file, list := range lines {
		text, made := apply(d.texts[file], list)
		d.texts[file], edits[file] = text, append(edits[file], made)
	}
}

// newUnits are the packages of the draft.
func (d *draft) newUnits() []*unit {
	b := d.builder()
	var list []*unit
	for _, u := range d.r.p.units {
		if next := b.units[u.path]; next != nil && !u.tests {
			list = append(list, next)
		}
	}
	return list
}

// notesOf says where branches are gone.
func (d *draft) notesOf(file string, gone []goneBranch) (notes []string) {
	for _, branch := range gone {
		_, offset := d.place(branch.at)
		for i := len(d.passes[file]) - 1; i >= 0; i-- {
			offset, _ = oldOffset(d.passes[file][i], offset)
		}
		old, _ := oldOffset(d.pieces[file], offset)
		notes = append(notes, d.position(file, old).String()+": "+branch.why)
	}
	return notes
}

// written lists the parts of a file's text that edits wrote, and the places where they removed something.
func (d *draft) written(file string) (added []span, cuts []int) {
	for _, list := range append([][]piece{d.pieces[file]}, d.passes[file]...) {
		for i := range added {
			added[i] = span{newOffset(list, added[i].from), newOffset(list, added[i].to)}
		}
		for i := range cuts {
			cuts[i] = newOffset(list, cuts[i])
		}
		for _, p := range list {
			if p.text != "" {
				added = append(added, span{p.at, p.at + len(p.text)})
			} else if p.from < p.to {
				cuts = append(cuts, p.at)
			}
		}
	}
	return added, cuts
}
