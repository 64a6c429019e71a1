package gen

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/sessiongen/sessiongen/schema"
)

// Previous is the generated file that a run is about to replace. Sessions in browsers were stored under
// the wire format that it lists.
type Previous struct {
	Path   string // as findings shall name it
	Source []byte // nil if there is none; of a file that has no readable list nothing is known

	// AllowBreaking takes changes after which stored values cannot be read.
	AllowBreaking bool
}

// evolve compares the list of what is about to be generated with that of the file before it. The
// findings are the changes after which values in browsers could not be read; the result is the list
// together with what was removed from it, so that it does not return as something else unnoticed.
func (g *generator) evolve(list wireTypes, prev Previous) (wireTypes, schema.Findings) {
	oldList, err := parseWire(prev.Source)
	if err != nil {
		return list, nil
	}
	old, err := oldList.resolve()
	now, err2 := list.resolve()
	if err != nil || err2 != nil {
		return list, nil
	}
	var findings schema.Findings
	m := merger{now: now, list: list, schemas: len(g.pkg.Schemas), names: map[*shape]string{}, merged: map[[2]*shape]bool{}}
	for i, s := range g.pkg.Schemas {
		before := old.schema(s.Name, g.pkg.Schemas)
		if before == nil {
			continue
		}
		m.pairs = append(m.pairs, [2]*shape{before, now.types[i]})
		for j, f := range s.Fields {
			for _, key := range before.members {
				if reader := now.types[i].members[j]; key.Key == f.Key || slices.Contains(f.Was, key.Key) {
					var c comparison
					c.member(key, reader, key.Key)
					for _, b := range c.breaches {
						findings = append(findings, b.finding(f, key, prev.Path))
					}
					m.pairs = append(m.pairs, c.pairs...)
					m.lost = append(m.lost, c.lost...)
				}
			}
		}
	}
	return m.merge(), findings.Sorted()
}

// schema finds what the list says of a schema. One that goes by another name now is the one that is
// gone, if it is the only one.
func (f *resolved) schema(name string, now []*schema.Schema) *shape {
	gone, come := []*shape(nil), 0
	for _, s := range f.types {
		switch {
		case s.used || s.kind != schema.StructKind || s.Array:
		case s.Name == name:
			return s
		case !slices.ContainsFunc(now, func(n *schema.Schema) bool { return n.Name == s.Name }):
			gone = append(gone, s)
		}
	}
	for _, n := range now {
		if !slices.ContainsFunc(f.types, func(s *shape) bool { return s.Name == n.Name && !s.used }) {
			come++
		}
	}
	if len(gone) == 1 && come == 1 {
		return gone[0]
	}
	return nil
}

// finding is the breach as the fault of a field that reads a key.
func (b breach) finding(f *schema.Field, key *member, path string) schema.Finding {
	at := func(line int) string { return fmt.Sprintf("listed at %s:%d", path, line) }
	newKey := fmt.Sprintf("give the field a new key (was=%s lets another field, of the old type, read the old values)", f.Key)
	var what, hint string
	switch {
	case b.array != nil:
		what = fmt.Sprintf("changes the members of %s, which are stored in order, from %s, %s, to %s", b.path, b.was, at(b.array.Line), b.now)
		hint = "keep the members as they were, or " + newKey
	case key.Key != f.Key:
		what = fmt.Sprintf("cannot read was=%s as %s: %s was %s, %s", key.Key, b.now, b.subject(key), b.was, at(b.old.Line))
		hint = fmt.Sprintf("give was=%s to another field, of the old type, or leave it out", key.Key)
	case b.old.Removed:
		what = fmt.Sprintf("brings %s back as %s, but it was removed as %s, %s", b.subject(key), b.now, b.was, at(b.old.Line))
		hint = newKey
	default:
		what = fmt.Sprintf("changes %s from %s, %s, to %s, which cannot read it", b.subject(key), b.was, at(b.old.Line), b.now)
		hint = newKey
	}
	if b.old != nil && b.old != key {
		hint = fmt.Sprintf("give the member a new name, as in `msgpack:%q`, or ", b.old.Key+"2") + hint
	}
	return schema.Finding{
		Pos:     f.Pos,
		Message: fmt.Sprintf("field %s %s", f.GoName, what),
		Hint:    hint + ", or give up the values in browsers: -allow-breaking",
	}
}

func (b breach) subject(key *member) string {
	if b.old == key {
		return fmt.Sprintf("key %q", key.Key)
	}
	return b.path
}

// A merger adds to a list what the one before it had and it has not.
type merger struct {
	now     *resolved
	list    wireTypes
	schemas int         // how many of the list are schemas
	lost    []*member   // old members that cannot be read any more, which was allowed
	pairs   [][2]*shape // types of both lists, as in a comparison
	merged  map[[2]*shape]bool
	names   map[*shape]string // what old types are called in the list
	added   wireTypes
}

func (m *merger) merge() wireTypes {
	removed := map[*shape][]wireMember{}
	for len(m.pairs) > 0 {
		pair := m.pairs[0]
		m.pairs = m.pairs[1:]
		if m.merged[pair] {
			continue
		}
		m.merged[pair] = true
		old, now := pair[0], pair[1]
		if old.Array || now.Array || now.kind != schema.StructKind {
			continue
		}
		for _, o := range old.members {
			again := func(n *member) bool { return n.Key == o.Key }
			if slices.Contains(m.lost, o) || slices.ContainsFunc(now.members, again) {
				continue
			}
			r := wireMember{Key: o.Key, Shape: o.shape.text(m.name), Removed: true}
			if !slices.ContainsFunc(removed[now], func(x wireMember) bool { return x.Key == r.Key && x.Shape == r.Shape }) {
				removed[now] = append(removed[now], r)
			}
		}
	}
	list := slices.Clone(m.list)
	for i, s := range m.now.types {
		list[i].Members = append(slices.Clip(list[i].Members), removed[s]...)
	}
	list = append(list, m.added...)
	slices.SortFunc(list[m.schemas:], func(a, b wireType) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

// name returns what an old type that a removed member needs is called in the list: its own name, if the
// type that has it now is what became of it, and reads all of it; otherwise the list gets an entry for it.
func (m *merger) name(old *shape) string {
	if name, ok := m.names[old]; ok {
		return name
	}
	now := m.now.named[old.Name]
	if pair := [2]*shape{old, now}; m.merged[pair] || slices.Contains(m.pairs, pair) {
		var c comparison
		if c.fits(old, now, "") && len(c.breaches) == 0 {
			m.names[old] = now.Name
			return now.Name
		}
	}
	name := numbered(old.Name, func(name string) bool {
		return m.now.named[name] != nil || slices.ContainsFunc(m.added, func(t wireType) bool { return t.Name == name })
	})
	m.names[old] = name
	i := len(m.added)
	m.added = append(m.added, wireType{Name: name, Array: old.Array})
	if old.Shape != "" {
		text := old.whole(m.name)
		m.added[i].Shape = text
	}
	for _, o := range old.members {
		text := o.shape.text(m.name)
		m.added[i].Members = append(m.added[i].Members, wireMember{Key: o.Key, Shape: text, Removed: o.Removed})
	}
	return name
}
