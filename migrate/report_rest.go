package migrate

import "slices"

// leaveRemains reports what a wired program still has of the old library, on lines that the report does not mention: it
// compiles, and does nothing any more.
func (d *draft) leaveRemains() {
	if len(d.wired) == 0 { // the report says that the old stores are still there
		return
	}
	for _, v := range d.r.oldUses(d.r.p.units) {
		file, at := d.r.p.offset(v.expr.Pos())
		changed := slices.ContainsFunc(d.pieces[file], func(p piece) bool { return p.from <= at && at < p.to })
		if !changed && !d.r.saidOf(v) {
			d.r.leave(v, oldPackage(v.in, v.expr)+": "+d.r.p.text(v.expr), stillUsed)
		}
	}
}

// staleTests are notes on the tests that are not rewritten, and compile with their uses of the old library: what they get
// from the program may be a session of the new one. There is one for each file that the report does not mention.
func (d *draft) staleTests() (notes []string) {
	r := d.r
	said := map[string]bool{}
	for _, l := range r.left {
		said[l.Pos.Filename] = true
	}
	for _, u := range r.p.tests {
		plain := *u
		plain.tests = false
		for _, v := range r.oldUses([]*unit{&plain}) {
			name, _ := r.p.offset(v.expr.Pos())
			name = relative(r.p.dir, name)
			if !said[name] {
				notes = append(notes, r.p.position(v)+": the test still uses "+oldPackage(v.in, v.expr)+": -tests rewrites it")
			}
			said[name] = true
		}
	}
	return notes
}
