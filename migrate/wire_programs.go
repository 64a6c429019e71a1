package migrate

import "slices"

// Several programs of a module may share the code that uses sessions, while each makes a store for itself. A process has
// one of the stores, which then has all its sessions.

// byProgram reports whether each store is made by a program of its own, and may have all sessions.
func (w *wiring) byProgram(made []*maker) bool {
	if len(w.r.targets) > 1 || w.r.someLeft() {
		return false
	}
	var programs []string
	for _, m := range made {
		if m.managed() || m.at.in.name != "main" || slices.Contains(programs, m.at.in.path) {
			return false
		}
		programs = append(programs, m.at.in.path)
	}
	return len(programs) > 1
}

// ownName is the constant that a program gives as the name of its sessions, where each has another.
func (w *wiring) ownName(m *maker, t *target) (found value) {
	v := w.nameExpr(t)
	if v.expr == nil || !w.separate {
		return value{}
	}
	p, ok := w.r.placeAt(v.in, v.expr)
	if !ok {
		return value{}
	}
	for _, from := range w.r.into[p] {
		if from.in.tests || from.in.name == "main" && from.in != m.at.in {
			continue
		}
		if found.expr != nil || from.constant() == nil {
			return value{}
		}
		found = from
	}
	return found
}

// servedBy lists the handlers that may have the sessions of a store: other programs than the store's do not.
func (w *wiring) servedBy(m *maker, served []value) []value {
	if !w.separate {
		return served
	}
	return slices.DeleteFunc(slices.Clone(served), func(h value) bool { return h.in.name == "main" && h.in != m.at.in })
}
