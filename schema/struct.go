package schema

import (
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/types/typeutil"

	"github.com/sessiongen/sessiongen/internal/code"
)

// structType finds how a struct is stored, once for each distinct type.
func (in *inspector) structType(form, t types.Type, u *types.Struct, path string, through bool) *Struct {
	lock := lockIn(t, map[types.Type]bool{})
	pinned := lock != nil && through && stores(u)
	copyable := pinned || in.copyable(t, path, through)
	if known := in.structs.At(t); known != nil {
		if !copyable {
			return nil
		}
		return known.(*Struct)
	}
	if len(in.findings) > maxPlaces {
		return nil
	}
	since := len(in.known)
	in.known = append(in.known, t)
	s := &Struct{Go: form, Pos: in.position(in.at), Pinned: pinned}
	in.structs.Set(t, s)
	if named, ok := types.Unalias(t).(*types.Named); ok {
		s.Pos = in.position(named.Obj().Pos())
		if in.typeErrors(named.Obj().Pos(), named.Obj().Pos()) { // a type that contains itself
			in.forget(since)
			return nil
		}
	}
	s.Name = in.structName(t, path)

	// A type may contain itself through this struct: the struct's codec is in between.
	outer := in.named
	in.named = new(typeutil.Map)
	ok := in.members(s, t, u, path) && copyable
	in.named = outer
	if !ok {
		in.forget(since)
		return nil
	}
	return s
}

// forget removes a refused struct and those found on the way: the errors are reported again wherever else they occur.
func (in *inspector) forget(since int) {
	for _, t := range in.known[since:] {
		in.structs.Delete(t)
	}
	in.known = in.known[:since]
}

// members finds the members of a struct, and reports those that cannot be stored.
func (in *inspector) members(s *Struct, t types.Type, u *types.Struct, path string) bool {
	ok := in.eachMember(s, t, u, path)
	if ok && len(s.Members) == 0 {
		in.storesNothing(t, u, path)
		return false
	}
	return ok
}

func (in *inspector) eachMember(s *Struct, t types.Type, u *types.Struct, path string) bool {
	outer := in.owner
	in.owner = t
	defer func() { in.owner = outer }()
	set, ok := in.memberSet(u, path, nil)
	if !ok {
		return false
	}
	s.AsArray = set.asArray
	s.Literal = in.literalStruct(u)
	s.Lost, s.LetGo = in.lostNames(t, set.lost), in.lostNames(t, set.letGo)
	for _, m := range set.list {
		if found := in.member(s, set, m, path); found != nil {
			s.Members = append(s.Members, found)
		} else {
			ok = false
		}
	}
	return ok
}

// lostNames names fields of t that are lost.
func (in *inspector) lostNames(t types.Type, lost []*types.Var) (names []string) {
	for _, v := range lost {
		name := v.Name()
		if _, ok := types.Unalias(t).(*types.Named); ok {
			name = in.typeName(t) + "." + name
		}
		names = append(names, name)
	}
	return names
}

// member finds how one of a struct's members is stored, or reports why it cannot be, and returns nil.
func (in *inspector) member(s *Struct, set *memberSet, m *member, path string) *Member {
	at := path + "." + dotted(m.vars)
	v := m.vars[len(m.vars)-1]
	if reader := set.byName[m.name]; reader != m && !set.asArray {
		in.report(code.DuplicateMember, in.at, "give one of them another name, as in `msgpack:\"name\"`, or "+in.leaveOut(at),
			"%s: its name %q is read back into %s", at, m.name, path+"."+dotted(reader.vars))
		return nil
	}
	if isInvalid(v.Type()) {
		in.invalid(v.Pos(), at)
		return nil
	}
	steps, reachable := in.steps(in.owner, m)
	if !reachable {
		in.report(code.HiddenMember, in.at, "export the embedded type, or "+in.leaveOut(at), "%s: cannot be selected in package %s", at, in.src.Types.Name())
		return nil
	}
	if lock := lockIn(v.Type(), map[types.Type]bool{}); s.Pinned && lock != nil {
		in.report(code.Lock, in.at, in.leaveOut(at)+", or hold it by pointer", "%s%s: a lock cannot be copied", at, *lock)
		return nil
	}
	outer := in.dash
	in.dash = m.tag.Get("json") == "-"
	typ := in.typVia(v.Type(), m.via, at)
	in.dash = outer
	if typ == nil {
		return nil
	}
	in.hintSecret(v, m.tag, at)
	return &Member{
		Name: m.name,
		Aliases: slices.DeleteFunc(slices.Clone(m.aliases), func(alias string) bool {
			return alias == m.name || set.byName[alias] != m
		}),
		Path:      steps,
		Type:      typ,
		OmitEmpty: m.omitEmpty,
		Partial:   m.partial,
	}
}

// storesNothing reports a struct without members: v5 writes an empty map for it and loses the value.
func (in *inspector) storesNothing(t types.Type, u *types.Struct, path string) {
	if lockIn(t, map[types.Type]bool{}) != nil {
		return // reported already
	}
	hint := strings.Join(append(in.keep(t, path, "export what is to be stored, give the type MarshalText and UnmarshalText"), "or "+in.leaveOut(path)), "; ")
	if u.NumFields() == 0 {
		hint = "use a bool, or " + in.leaveOut(path)
	}
	in.report(code.NothingExported, in.at, hint, "%s: %s has no exported field and no marshaling methods", path, in.typeName(t))
}

// steps is the selector of a member in code of this package. An embedded field that another package does not export
// cannot be written, but its promoted fields can.
func (in *inspector) steps(t types.Type, m *member) ([]Step, bool) {
	var steps []Step
	for i, v := range m.vars {
		last := i == len(m.vars)-1
		if !v.Exported() && v.Pkg().Path() != in.src.Types.Path() {
			if last {
				return nil, false
			}
			continue
		}
		obj, _, _ := types.LookupFieldOrMethod(t, true, in.src.Types, v.Name())
		if obj == nil || obj.Pos() != v.Pos() || obj.Name() != v.Name() {
			return nil, false // another field hides it
		}
		step := Step{Name: v.Name()}
		t = v.Type()
		if p, ok := t.Underlying().(*types.Pointer); ok && !last {
			elem, culprit := in.writable(p.Elem())
			if culprit != nil {
				return nil, false
			}
			step.Pointer = elem
		}
		steps = append(steps, step)
	}
	return steps, true
}

func dotted(vars []*types.Var) string {
	names := make([]string, len(vars))
	for i, v := range vars {
		names[i] = v.Name()
	}
	return strings.Join(names, ".")
}
