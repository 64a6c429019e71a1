package schema

import (
	"fmt"
	"go/types"
	"reflect"
	"slices"
	"strings"

	"golang.org/x/tools/go/types/typeutil"
)

// member is v5's field (types.go): one entry of a struct on its way to becoming a Member.
type member struct {
	name      string
	aliases   []string
	vars      []*types.Var // the embedded fields on the way, and the field itself
	tag       reflect.StructTag
	omitEmpty bool
	via       Kind // what the tag asks for
	partial   bool
}

// memberSet is v5's fields. ByName decides which member a name on the wire is read into: it may be
// another than the one that the name was written for, where names clash.
type memberSet struct {
	list    []*member
	byName  map[string]*member
	asArray bool
	lost    []*types.Var // fields that are left out though no tag says so
}

// add is v5's fields.Add.
func (set *memberSet) add(m *member) {
	set.byName[m.name] = m
	set.list = append(set.list, m)
}

// structType finds how a struct is stored, once for each distinct type.
func (in *inspector) structType(written, t types.Type, u *types.Struct, path string, through bool) *Struct {
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
	s := &Struct{Go: written, Pos: in.position(in.at), Pinned: pinned}
	in.structs.Set(t, s)
	if named, ok := types.Unalias(t).(*types.Named); ok {
		s.Pos = in.position(named.Obj().Pos())
		if in.typeErrors(named.Obj().Pos(), named.Obj().Pos()) { // a type that contains itself
			in.forget(since)
			return nil
		}
	}
	s.Name = in.structName(t, path)

	// A type that contains itself through this struct is no matter for a generator: the struct's
	// codec stands in between.
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

// forget makes a struct that is refused unknown, and those that were met on the way: what is wrong is
// reported again wherever else they are.
func (in *inspector) forget(since int) {
	for _, t := range in.known[since:] {
		in.structs.Delete(t)
	}
	in.known = in.known[:since]
}

func (in *inspector) members(s *Struct, t types.Type, u *types.Struct, path string) bool {
	outer := in.owner
	in.owner = t
	defer func() { in.owner = outer }()
	set, ok := in.memberSet(u, path, nil)
	if !ok {
		return false
	}
	s.AsArray = set.asArray
	s.Literal = in.literalStruct(u)
	for _, v := range set.lost {
		name := v.Name()
		if _, ok := types.Unalias(t).(*types.Named); ok {
			name = in.typeName(t) + "." + name
		}
		s.Lost = append(s.Lost, name)
	}
	for _, m := range set.list {
		at := path
		for _, v := range m.vars {
			at += "." + v.Name()
		}
		if other := set.byName[m.name]; other != m && !set.asArray {
			in.report(in.at, "give one of them another name, as in `msgpack:\"name\"`, or "+in.leaveOut(at),
				"%s: its name %q is read back into %s", at, m.name, path+"."+dotted(other.vars))
			ok = false
			continue
		}
		v := m.vars[len(m.vars)-1]
		if isInvalid(v.Type()) {
			in.invalid(v.Pos(), at)
			ok = false
			continue
		}
		steps, reachable := in.steps(t, m)
		if !reachable {
			in.report(in.at, "export the embedded type, or "+in.leaveOut(at), "%s: cannot be selected in package %s", at, in.src.Types.Name())
			ok = false
			continue
		}
		if lock := lockIn(v.Type(), map[types.Type]bool{}); s.Pinned && lock != nil {
			in.report(in.at, in.leaveOut(at)+", or hold it by pointer", "%s%s: a lock cannot be copied", at, *lock)
			ok = false
			continue
		}
		dash := in.dash
		in.dash = m.tag.Get("json") == "-"
		typ := in.typVia(v.Type(), m.via, at)
		in.dash = dash
		if typ == nil {
			ok = false
			continue
		}
		in.hintSecret(v, m.tag, at)
		s.Members = append(s.Members, &Member{
			Name: m.name,
			Aliases: slices.DeleteFunc(slices.Clone(m.aliases), func(alias string) bool {
				return alias == m.name || set.byName[alias] != m
			}),
			Path:      steps,
			Type:      typ,
			OmitEmpty: m.omitEmpty,
			Partial:   m.partial,
		})
	}
	in.owner = outer
	if ok && len(s.Members) == 0 {
		if lockIn(t, map[types.Type]bool{}) != nil {
			return false // reported already
		}
		// v5 writes an empty map for such a type and loses the value.
		hint := strings.Join(append(in.keep(t, path, "export what is to be stored, give the type MarshalText and UnmarshalText"), "or "+in.leaveOut(path)), "; ")
		if u.NumFields() == 0 {
			hint = "use a bool, or " + in.leaveOut(path)
		}
		in.report(in.at, hint, "%s: %s has no exported field and no marshaling methods", path, in.typeName(t))
		return false
	}
	return ok
}

func dotted(vars []*types.Var) string {
	names := make([]string, len(vars))
	for i, v := range vars {
		names[i] = v.Name()
	}
	return strings.Join(names, ".")
}

// memberSet is v5's getFields.
func (in *inspector) memberSet(u *types.Struct, path string, within []*types.Struct) (*memberSet, bool) {
	set := &memberSet{byName: map[string]*member{}}
	if slices.Contains(within, u) {
		in.report(in.at, "give the field a name", "%s: the struct embeds itself", path)
		return set, false
	}
	within = append(slices.Clip(within), u)
	ok, omitEmpty := true, false
	for i := range u.NumFields() {
		v := u.Field(i)
		tag := parseMsgpackTag(reflect.StructTag(u.Tag(i)).Get("msgpack"))
		if tag.name == "-" {
			continue
		}
		if v.Name() == "_msgpack" {
			set.asArray = tag.has("as_array") || tag.has("asArray")
			omitEmpty = omitEmpty || tag.has("omitempty")
		}
		if !v.Exported() && !v.Embedded() {
			if !holdsNothing(v) {
				set.lost = append(set.lost, v)
			}
			continue
		}
		at := path + "." + v.Name()
		via, good := in.viaTag(tag, at)
		ok = ok && good
		if tag.has("intern") {
			in.report(in.at, "remove intern: a session has no table of strings to refer to", "%s: interned strings cannot be stored", at)
			ok = false
			continue
		}
		m := &member{name: tag.name, vars: []*types.Var{v}, tag: reflect.StructTag(u.Tag(i)),
			omitEmpty: omitEmpty || tag.has("omitempty"), via: via, partial: tag.has("partial")}
		if m.name == "" {
			m.name = v.Name()
		}
		if v.Embedded() && !tag.has("noinline") && via == Invalid {
			inlined, good := in.inline(set, m, tag.has("inline"), at, within)
			ok = ok && good
			if inlined {
				set.byName[m.name] = m
				continue
			}
		}
		if v.Embedded() && !v.Exported() && !in.readable(v) {
			in.report(in.at, "export the embedded type, give the field a name, or "+in.leaveOut(at),
				"%s: msgpack cannot read an unexported embedded field back", at)
			ok = false
			continue
		}
		set.add(m)
		if alias, ok := tag.options["alias"]; ok {
			set.byName[alias] = m
			m.aliases = append(m.aliases, alias)
		}
	}
	return set, ok
}

// readable reports whether v5 can read an unexported embedded field that is not inlined: reflection
// may set the fields of a struct in it, but not the field itself.
func (in *inspector) readable(v *types.Var) bool {
	_, ok := v.Type().Underlying().(*types.Struct)
	return ok && in.isStructural(v.Type())
}

// isStructural reports whether a struct is stored field by field: by v5, and by no functions of the
// package either.
func (in *inspector) isStructural(t types.Type) bool {
	enc, dec := marshalers(t)
	return in.hook(t) == nil && enc == nil && dec == nil && !overTime(t)
}

// inline takes the members of an embedded struct into set, as v5's inlineFields does where the tag
// asks for it, or else shouldInline where no name clashes.
func (in *inspector) inline(set *memberSet, m *member, asked bool, at string, within []*types.Struct) (inlined, ok bool) {
	v := m.vars[0]
	t := v.Type()
	pointer, isPointer := t.Underlying().(*types.Pointer)
	if isPointer {
		t = pointer.Elem()
	}
	u, isStruct := t.Underlying().(*types.Struct)
	switch {
	case asked && (isPointer || !isStruct): // v5 panics
		in.report(in.at, "remove inline: an embedded struct is flattened without it", "%s: inline is for a struct embedded by value", at)
		return true, false
	case !isStruct || !asked && !in.isStructural(t):
		return false, true
	}
	inner, ok := in.memberSet(u, at, within)
	if !ok {
		return true, false
	}
	clashes := func(m *member) bool { return set.byName[m.name] != nil }
	if !asked && slices.ContainsFunc(inner.list, clashes) {
		return false, true
	}
	if isPointer && !v.Exported() && len(inner.list) > 0 {
		in.report(in.at, "export the embedded type, or embed it by value", "%s: msgpack cannot allocate an unexported embedded struct", at)
		return true, false
	}
	for _, field := range inner.list {
		if asked && clashes(field) {
			continue // v5 leaves shadowed fields out
		}
		promoted := *field
		promoted.aliases, promoted.vars = nil, append(slices.Clip(m.vars), field.vars...)
		set.add(&promoted)
	}
	set.lost = append(set.lost, inner.lost...)
	return true, true
}

// steps is the selector of a member in code of this package. An embedded field that is unexported
// elsewhere cannot be written, but what it promotes can.
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
			return nil, false // another field is in front of it
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

// structName makes an identifier of a struct type: Item, OtherItem of package other, PageOfItem of
// Page[Item]. An unnamed type is named after the field it was found in.
func (in *inspector) structName(t types.Type, path string) string {
	base := in.identifier(t)
	if base == "" {
		base = camel(path)
	}
	name := base
	for i := 2; in.names[name]; i++ {
		name = fmt.Sprint(base, i)
	}
	in.names[name] = true
	return name
}

func (in *inspector) identifier(t types.Type) string {
	switch t := types.Unalias(t).(type) {
	case *types.Named:
		name := exported(t.Obj().Name())
		if p := t.Obj().Pkg(); p != nil && p.Path() != in.src.Types.Path() {
			name = exported(p.Name()) + name
		}
		for i := range t.TypeArgs().Len() {
			name += []string{"Of", "And"}[min(i, 1)] + in.identifier(t.TypeArgs().At(i))
		}
		return name
	case *types.Basic:
		return exported(t.Name())
	case *types.Pointer:
		return "PointerTo" + in.identifier(t.Elem())
	case *types.Slice:
		return "SliceOf" + in.identifier(t.Elem())
	case *types.Array:
		return fmt.Sprintf("Array%dOf%s", t.Len(), in.identifier(t.Elem()))
	case *types.Map:
		return "MapOf" + in.identifier(t.Key()) + "To" + in.identifier(t.Elem())
	case *types.Interface:
		return "Any"
	}
	return ""
}

// camel joins the words of a path: cart[].owner -> CartOwner.
func camel(path string) string {
	words := strings.FieldsFunc(path, func(r rune) bool { return !isWord(r) })
	for i, w := range words {
		words[i] = exported(w)
	}
	name := strings.Join(words, "")
	if name == "" || name[0] >= '0' && name[0] <= '9' {
		name = "Struct" + name
	}
	return name
}

func isWord(r rune) bool { return r > 0x7f || isAlphanumeric(byte(r)) }
