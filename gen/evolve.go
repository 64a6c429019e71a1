package gen

import (
	"cmp"
	"fmt"
	"go/token"
	"slices"

	"github.com/sessiongen/sessiongen/internal/code"
	"github.com/sessiongen/sessiongen/schema"
)

// Previous describes what earlier runs left in a package. Sessions in browsers were stored in the wire formats that
// its files list.
type Previous struct {
	Written []schema.Written // with paths for findings; a file without a readable list tells nothing

	// AllowBreaking accepts changes after which stored values cannot be read.
	AllowBreaking bool
}

// A record is a file's list entry for a schema.
type record struct {
	*shape
	file *schema.Written
}

// records lists the entries of all files.
func (p Previous) records() []record {
	var list []record
	for i := range p.Written {
		types, err := parseWire(p.Written[i].Source)
		if err != nil {
			continue
		}
		old, err := types.resolve()
		if err != nil {
			continue
		}
		for _, s := range old.types {
			if !s.used && s.kind == schema.StructKind && !s.Array {
				list = append(list, record{s, &p.Written[i]})
			}
		}
	}
	return list
}

// A match is a schema with earlier entries for it, or for schemas that it may have been.
type match struct {
	schema   *schema.Schema
	now      *shape
	before   record
	readings []reading
}

// A reading is a field that reads an earlier key, its own or one of its older ones.
type reading struct {
	field  *schema.Field
	key    *member // in the earlier list
	reader *member // in the new list
}

// evolve compares the list of the new file with those of earlier files. The findings are changes after which values in
// browsers could not be read. The result is the list together with everything that was removed from it, so that a
// removed key does not return unnoticed with another meaning.
func (g *generator) evolve(list wireTypes, prev Previous) (wireTypes, schema.Findings) {
	now, err := list.resolve()
	if err != nil {
		return list, nil
	}
	var findings schema.Findings
	records := prev.records()
	m := merger{
		now: now, list: list, schemas: len(g.pkg.Schemas), gone: g.goneOf(records),
		names: map[*shape]string{}, merged: map[[2]*shape]bool{},
	}
	for _, p := range g.matches(now, records) {
		m.pairs = append(m.pairs, [2]*shape{p.before.shape, p.now})
		for _, r := range p.readings {
			var c comparison
			c.member(r.key, r.reader, r.key.Key)
			for _, b := range c.breaches {
				findings = append(findings, b.finding(p.schema, r.field, p.before, r.key))
			}
			m.pairs = append(m.pairs, c.pairs...)
			m.lost = append(m.lost, c.lost...)
		}
	}
	return m.merge(), findings.Sorted()
}

// matches finds the earlier entries of each schema.
func (g *generator) matches(now *resolved, records []record) []match {
	var list []match
	for i, s := range g.pkg.Schemas {
		for _, before := range g.before(s.Name, records) {
			list = append(list, match{s, now.types[i], before, readings(s, now.types[i], before)})
		}
	}
	return list
}

// readings pairs the fields of a schema with the keys that they read.
func readings(s *schema.Schema, now *shape, before record) []reading {
	var list []reading
	for i, f := range s.Fields {
		for _, key := range before.members {
			if reader := now.members[i]; key.Key == f.Key || slices.Contains(f.Was, key.Key) {
				list = append(list, reading{f, key, reader})
			}
		}
	}
	return list
}

// goneOf lists the schemas that no longer exist, from files that this run replaces or removes.
func (g *generator) goneOf(records []record) []*shape {
	var gone []*shape
	for _, r := range records {
		// A schema that is back, in a file of another run, has to be judged there first.
		if back := r.Removed && !g.generates(r.Name); !r.file.Stays && (back || g.gone(r.Name)) {
			gone = append(gone, r.shape)
		}
	}
	return gone
}

// before lists the entries that sessions in browsers may have for a schema. A file that stays knows less than the
// files that this run replaces: it may be older than the schema's own file. A schema without an entry may have been in
// another file before, and it may be a renamed version of any schema that no longer exists.
func (g *generator) before(name string, records []record) []record {
	var replaced, stay, other []record
	for _, r := range records {
		switch {
		case r.Removed && r.Name == name, !r.Removed && g.gone(r.Name):
			other = append(other, r)
		case r.Removed || r.Name != name:
		case r.file.Stays:
			stay = append(stay, r)
		default:
			replaced = append(replaced, r)
		}
	}
	for _, found := range [][]record{replaced, stay} {
		if len(found) > 0 {
			return found
		}
	}
	return other
}

// gone reports whether the package no longer has a schema of this name.
func (g *generator) gone(name string) bool {
	return !g.generates(name) && !slices.Contains(g.pkg.Others, name)
}

func (g *generator) generates(name string) bool {
	return slices.ContainsFunc(g.pkg.Schemas, func(s *schema.Schema) bool { return s.Name == name })
}

// finding reports the breach as an error of a field of s that reads a key of the earlier schema.
func (b breach) finding(s *schema.Schema, f *schema.Field, before record, key *member) schema.Finding {
	at := func(line int) token.Position { return token.Position{Filename: before.file.Path, Line: line} }
	newKey := fmt.Sprintf("give the field a new key (was=%s lets another field, of the old type, read the old values)", f.Key)
	if key.shape.flow || f.Use == schema.Flow {
		newKey = "give the field a new key (a flow is a cookie of its own, and not in the session)"
	}
	var found schema.Finding
	switch {
	case b.array != nil:
		found = schema.NewFinding(code.MembersChanged, f.Pos, "keep the members as they were, or "+newKey,
			"field %s changes the members of %s, which are stored in order, from %s, listed at %s, to %s", f.GoName, b.path, b.was, at(b.array.Line), b.now)
	case key.Key != f.Key:
		found = schema.NewFinding(code.WasTypeChanged, f.Pos, fmt.Sprintf("give was=%s to another field, of the old type, or leave it out", key.Key),
			"field %s cannot read was=%s as %s: %s was %s, listed at %s", f.GoName, key.Key, b.now, b.subject(key), b.was, at(b.old.Line))
	case b.old.Removed:
		found = schema.NewFinding(code.TypeReturned, f.Pos, newKey,
			"field %s brings %s back as %s, but it was removed as %s, listed at %s", f.GoName, b.subject(key), b.now, b.was, at(b.old.Line))
	default:
		found = schema.NewFinding(code.TypeChanged, f.Pos, newKey,
			"field %s changes %s from %s, listed at %s, to %s, which cannot read it", f.GoName, b.subject(key), b.was, at(b.old.Line), b.now)
	}
	if b.old != nil && b.old != key {
		found.Hint = fmt.Sprintf("give the member a new name, as in `msgpack:%q`, or ", b.old.Key+"2") + found.Hint
	}
	if before.Name != s.Name {
		found.Hint += fmt.Sprintf(", or, if %[1]s is not %[2]s under a new name, generate without %[1]s first", s.Name, before.Name)
	}
	found.Hint += ", or give up the values in browsers: -allow-breaking"
	return found
}

func (b breach) subject(key *member) string {
	if b.old == key {
		return fmt.Sprintf("key %q", key.Key)
	}
	return b.path
}

// A merger adds to a list what the earlier list had and it lacks.
type merger struct {
	now     *resolved
	list    wireTypes
	schemas int         // the first entries of the list
	gone    []*shape    // old schemas that no longer exist
	lost    []*member   // old members that can no longer be read, which was allowed
	pairs   [][2]*shape // types of both lists, as in a comparison
	merged  map[[2]*shape]bool
	names   map[*shape]string // the names of old types in the list
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
	var gone wireTypes
	for _, s := range m.gone {
		gone = append(gone, wireType{Name: s.Name, Removed: true, Members: m.members(s)})
	}
	list = append(list, m.added...)
	slices.SortFunc(list[m.schemas:], func(a, b wireType) int { return cmp.Compare(a.Name, b.Name) })
	return slices.Insert(list, m.schemas, gone...)
}

// members lists those of an old type, with the names of the list.
func (m *merger) members(old *shape) []wireMember {
	var list []wireMember
	for _, o := range old.members {
		list = append(list, wireMember{Key: o.Key, Shape: o.shape.text(m.name), Removed: o.Removed})
	}
	return list
}

// name is the name in the list for an old type that a removed member needs: its own name if the type that has it now
// reads all of the old one; otherwise the list gets a new entry.
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
	members := m.members(old) // this may add more
	m.added[i].Members = members
	return name
}
