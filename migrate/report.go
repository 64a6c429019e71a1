package migrate

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"
)

// A Key is one thing that a session remembers.
type Key struct {
	Library string
	Program string `json:",omitempty"` // the path of the program, if the module has several that share no code with sessions
	Session string // the session's name, "" if the library has one
	Name    string
	Type    string // "?" if the program does not say
	Dynamic bool   // Name describes how the program computes the key
	Flash   bool
	Sites   []Site
}

// ofProgram says which program's key it is.
func (k Key) ofProgram() string {
	if k.Program == "" {
		return ""
	}
	return " of " + k.Program
}

// A Site is a place that does something to a session.
type Site struct {
	Pos    string // file:line:col
	Verb   string
	Key    string // "" if it has none of its own; several are joined by commas
	Inside bool   // in a wrapper, whose parameter is the key
}

// keys lists the program's keys with all of their sites.
func (r *rewriter) keys() []Key {
	var list []Key
	for _, d := range r.fields() {
		k := Key{Library: d.lib.name, Session: d.session, Name: d.key.String(), Type: typeText(d.typ), Dynamic: d.dynamic, Flash: d.flash}
		for _, s := range d.sites {
			k.Sites = append(k.Sites, r.p.site(s, k.Name))
		}
		list = append(list, k)
	}
	return list
}

// keyNames are the names of a site's keys.
func (r *rewriter) keyNames(s *site) string {
	var names []string
	for _, d := range r.of[s] {
		names = append(names, d.key.String())
	}
	return strings.Join(names, ", ")
}

func (k key) String() string {
	if k.typ != "" {
		return k.typ + "(" + k.name + ")"
	}
	return k.name
}

func (p *program) site(s *site, key string) Site {
	return Site{p.position(s.at), s.verb.String(), key, s.inside}
}

func (p *program) position(v value) string {
	pos := p.place(v.expr.Pos())
	if rel, err := filepath.Rel(p.dir, pos.Filename); err == nil {
		pos.Filename = filepath.ToSlash(rel)
	}
	return pos.String()
}

// findFields finds the program's keys with what is known of their types.
func (f *finder) findFields() []*field {
	type id struct {
		key
		session string
	}
	byID := map[id]*field{}
	names := f.sessionNames()
	var list []*field
	for _, s := range f.sites {
		keys := s.keys
		if s.dynamic != "" {
			keys = append(slices.Clone(keys), key{name: s.dynamic})
		}
		session := names.of(s)
		for _, k := range keys {
			d := byID[id{k, session}]
			if d == nil {
				d = &field{key: k, session: session, lib: s.lib, dynamic: s.dynamic != "" && s.dynamic == k.name}
				byID[id{k, session}] = d
				list = append(list, d)
			}
			d.flash = d.flash || s.verb == addFlashVerb || s.verb == takeFlashesVerb
			f.learn(d, s)
		}
	}
	for _, d := range list {
		d.dynamic = d.dynamic || !slices.ContainsFunc(d.sites, func(s *site) bool { return s.dynamic == "" })
		d.assertions = f.onlyAssertions(d)
		d.decide()
	}
	slices.SortStableFunc(list, func(a, b *field) int {
		return cmp.Or(cmp.Compare(a.session, b.session), cmp.Compare(a.key.String(), b.key.String()))
	})
	return list
}
