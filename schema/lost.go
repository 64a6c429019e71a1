package schema

import (
	"fmt"
	"go/types"
	"reflect"
	"slices"
	"strings"

	"github.com/sessiongen/sessiongen/internal/code"
)

// Unexported members are lost: msgpack leaves them out, and so do JSON and gob. That is a finding wherever such a
// struct is stored, unless the option partial says that it is intended.

// holdsNothing reports whether a member has no value that could be lost: it is blank, has no size, or is a lock.
func holdsNothing(v *types.Var) bool {
	if v.Name() == "_" || v.Name() == "_msgpack" || isNamed(v.Type(), "sync", "Mutex") || isNamed(v.Type(), "sync", "RWMutex") {
		return true
	}
	switch u := v.Type().Underlying().(type) {
	case *types.Struct:
		return u.NumFields() == 0
	case *types.Array:
		return u.Len() == 0
	}
	return false
}

// maxPlaces limits how many places of one field are visited one by one, and how many findings are made, for structs
// that hold each other many times. Beyond it, each type is visited once.
const maxPlaces = 1000

// A loser finds the members that a field loses.
type loser struct {
	*inspector
	within []*Struct // structs around the place, one by one
	places int
	seen   map[*Type]bool
	use    func(place string, t types.Type, lost []string)
}

// eachLost calls use for every place within t that loses members, unless a struct's member on the way there is partial
// itself.
func (in *inspector) eachLost(t *Type, path string, use func(place string, t types.Type, lost []string)) {
	outer := in.owner
	in.owner = nil
	l := loser{inspector: in, seen: map[*Type]bool{}, use: use}
	l.walk(t, path)
	in.owner = outer
}

func (l *loser) walk(t *Type, path string) {
	if l.places++; l.places > maxPlaces && l.seen[t] {
		return
	}
	l.seen[t] = true
	switch t.Kind {
	case JSON, Gob:
		if len(t.Lost) > 0 {
			l.use(path, t.Go, t.Lost)
		}
	case Pointer:
		if t.Elem != nil {
			l.walk(t.Elem, path)
		}
	case Slice, Array, Map:
		if t.Elem != nil {
			l.walk(t.Elem, path+"[]")
		}
	case StructKind:
		s := t.Struct
		if slices.Contains(l.within, s) {
			return
		}
		l.within = append(l.within, s)
		if len(s.Lost) > 0 {
			l.use(path, s.Go, s.Lost)
		}
		for _, m := range s.Members {
			if !m.Partial {
				l.owner = s.Go
				l.walk(m.Type, path+selectorOf(m))
			}
		}
		l.within = l.within[:len(l.within)-1]
	}
}

func selectorOf(m *Member) (s string) {
	for _, step := range m.Path {
		s += "." + step.Name
	}
	return s
}

// partial reports the members that f loses, unless its option partial allows it.
func (in *inspector) partial(f *Field) {
	if f.Type == nil {
		return
	}
	in.eachLost(f.Type, f.Key, func(place string, t types.Type, lost []string) {
		if f.Partial {
			f.Lost = union(f.Lost, lost)
			return
		}
		ways := in.keep(t, place, "export them, give the type MarshalBinary and UnmarshalBinary, or leave them out: `msgpack:\"-\"`")
		in.report(code.UnexportedMembers, in.at, strings.Join(append(ways, "or let them go: the option partial"), "; "), "%s: %s not exported, and would be lost", place, areNames(lost))
	})
	if f.Partial && len(f.Lost) == 0 {
		in.report(code.NeedlessPartial, in.partialAt, "remove it", "option partial means nothing here: all of %s is stored", in.typeName(f.Type.Go))
	}
}

// partialMembers notes the lost members of members that are partial.
func (in *inspector) partialMembers() {
	in.structs.Iterate(func(_ types.Type, s any) {
		for _, m := range s.(*Struct).Members {
			if m.Partial {
				in.eachLost(m.Type, "", func(_ string, _ types.Type, lost []string) { m.Lost = union(m.Lost, lost) })
			}
		}
	})
}

// union appends the elements of more that are not in list.
func union(list, more []string) []string {
	for _, s := range more {
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

// onPart says how to give an option to a part of a field.
func onPart(place, option string) string {
	if strings.Contains(place, ".") {
		return fmt.Sprintf("`msgpack:\",%s\"`", option)
	}
	return "the option " + option
}

// keep lists ways to keep members that are not exported. Own is the way for types of this package.
func (in *inspector) keep(t types.Type, place, own string) (ways []string) {
	onMember := strings.Contains(place, ".")
	if jsonMethods[0].of(t) && jsonMethods[1].of(t) && !(onMember && in.owner != nil && in.isForeign(in.owner)) {
		ways = append(ways, "store what its MarshalJSON writes: "+onPart(place, "via=json"))
	}
	if in.isForeign(t) {
		return append(ways, in.functions(t, ""))
	}
	return append(ways, own)
}

// areNames is the subject and verb of a sentence about names.
func areNames(names []string) string {
	if len(names) == 1 {
		return names[0] + " is"
	}
	return enumerate(names) + " are"
}

// secretWords occur in the names of members that should rather not be stored.
var secretWords = []string{"password", "passwd", "passphrase", "secret", "token", "credential", "privatekey", "apikey", "hash", "salt"}

// hintSecret notes a member that is stored, although JSON leaves it out and it looks like a secret.
func (in *inspector) hintSecret(v *types.Var, tag reflect.StructTag, path string) {
	name := strings.ToLower(strings.ReplaceAll(v.Name(), "_", ""))
	_, chosen := tag.Lookup("msgpack")
	if tag.Get("json") != "-" || chosen || !slices.ContainsFunc(secretWords, func(w string) bool { return strings.Contains(name, w) }) {
		return
	}
	in.hints = append(in.hints, NewFinding(code.JSONDash, in.position(in.at),
		"leave it out of sessions: `msgpack:\"-\"`, or name it, as in `msgpack:\""+v.Name()+"\"`, if it is meant to be there",
		"%s: json:\"-\" is for JSON alone: this member is stored", path))
}
