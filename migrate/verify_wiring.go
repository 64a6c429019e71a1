package migrate

import (
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"slices"
)

// A state is the part of a draft that an attempt changes.
type state struct {
	late     []*change
	lost     map[*change]bool
	imported map[*ast.File]bool
	dropped  map[ast.Spec]bool
	unneeded map[*ast.File]bool
	defined  map[*ast.File]bool
	extra    map[string][]byte
	left     int
}

func (d *draft) state() state {
	return state{slices.Clone(d.late), maps.Clone(d.lost), maps.Clone(d.imported), maps.Clone(d.dropped), maps.Clone(d.unneeded), maps.Clone(d.r.defined), maps.Clone(d.extra), len(d.r.left)}
}

func (d *draft) restore(s state) {
	d.late, d.lost, d.imported, d.dropped, d.unneeded, d.r.defined, d.extra, d.r.left = s.late, s.lost, s.imported, s.dropped, s.unneeded, s.defined, s.extra, d.r.left[:s.left]
	d.wired, d.needs = nil, nil
	d.assemble()
}

// attempt makes the changes of the wiring, and keeps them unless the program gets worse.
func (d *draft) attempt(w *wiring) *refusal {
	before := d.state()
	why := w.plan()
	if why == nil {
		d.wired, d.needs = w.changes, w.imports
		// The wiring may need an import or a variable that the rest did not.
		d.late = slices.DeleteFunc(d.late, func(c *change) bool { return c.unneeded })
		clear(d.imported)
		clear(d.dropped)
		clear(d.unneeded)
		maps.Copy(d.extra, w.files)
		why = d.settleWiring()
	}
	if why != nil {
		d.restore(before)
	}
	return why
}

// settleWiring tidies up until every type error is in the report.
func (d *draft) settleWiring() *refusal {
	lost := maps.Clone(d.lost)
	for range 8 {
		d.assemble()
		for c := range d.lost {
			if !lost[c] && !d.idle[c] && (c.wiring || c.at.expr != nil) {
				return &refusal{"its options stand within other uses of the session", ""}
			}
		}
		errs := slices.DeleteFunc(d.check(), func(e types.Error) bool { return d.open[d.errorKey(e)] || d.reported(e) })
		if len(errs) == 0 {
			return nil
		}
		for _, e := range errs {
			file, offset := d.place(e.Pos)
			old, p := oldOffset(d.pieces[file], offset)
			switch {
			case d.tidy(file, old, p, e.Msg):
			case isTest(file): // tests that use the old manager are no reason to keep it
				d.r.left = append(d.r.left, broken(d.position(file, old), e))
			default:
				return &refusal{"with the new manager in its place the program would not compile: " + d.where(file, old) + e.Msg, ""}
			}
		}
	}
	return &refusal{"it would leave more to tidy up each time", ""}
}

// reported reports whether an error is on a line that the report mentions.
func (d *draft) reported(e types.Error) bool {
	file, offset := d.place(e.Pos)
	old, _ := oldOffset(d.pieces[file], offset)
	_, f := d.syntax(file)
	if f == nil {
		return false
	}
	tf := d.r.p.fset.File(f.FileStart)
	line, name := tf.Line(tf.Pos(min(old, tf.Size()))), relative(d.r.p.dir, file)
	return slices.ContainsFunc(d.r.left, func(l Left) bool { return l.Pos.Filename == name && l.Pos.Line == line })
}

// where is the position of an error in a file of the program, as far as it is known.
func (d *draft) where(file string, old int) string {
	if _, f := d.syntax(file); f == nil {
		return ""
	}
	return d.position(file, old).String() + ": "
}

// position is the position of an offset in the old file. A new file only has line 1.
func (d *draft) position(file string, old int) token.Position {
	pos := token.Position{Filename: file, Line: 1, Column: 1}
	if _, f := d.syntax(file); f != nil {
		tf := d.r.p.fset.File(f.FileStart)
		pos = d.r.p.place(tf.Pos(min(old, tf.Size())))
	}
	pos.Filename = relative(d.r.p.dir, pos.Filename)
	return pos
}
