package schema

import (
	"cmp"
	"go/types"
	"reflect"
	"slices"

	"github.com/sessiongen/sessiongen/internal/code"
)

// member is v5's field (types.go): an entry of a struct before it becomes a Member.
type member struct {
	name      string
	aliases   []string
	vars      []*types.Var // the embedded fields on the way, and the field itself
	tag       reflect.StructTag
	omitEmpty bool
	via       Kind // by the tag
	partial   bool
}

// memberSet is v5's fields. ByName tells which member a name on the wire is read into: where names clash, it may be
// another than the one that was written.
type memberSet struct {
	list      []*member
	byName    map[string]*member
	asArray   bool
	omitEmpty bool         // of all fields that follow
	lost      []*types.Var // fields that are left out without a tag
	letGo     []*types.Var // such fields of embedded structs whose tags allow it
}

// add is v5's fields.Add.
func (set *memberSet) add(m *member) {
	set.byName[m.name] = m
	set.list = append(set.list, m)
}

// memberSet is v5's getFields.
func (in *inspector) memberSet(u *types.Struct, path string, within []*types.Struct) (*memberSet, bool) {
	set := &memberSet{byName: map[string]*member{}}
	if slices.Contains(within, u) {
		in.report(code.EmbedsItself, in.at, "give the field a name", "%s: the struct embeds itself", path)
		return set, false
	}
	within = append(slices.Clip(within), u)
	ok := true
	for i := range u.NumFields() {
		ok = in.addField(set, u.Field(i), reflect.StructTag(u.Tag(i)), path, within) && ok
	}
	return set, ok
}

// addField adds one field of a struct to set: as a member, as the members of the struct that it embeds, or not at all.
// It is false if the field cannot be stored, which is then reported.
func (in *inspector) addField(set *memberSet, v *types.Var, whole reflect.StructTag, path string, within []*types.Struct) bool {
	tag := parseMsgpackTag(whole.Get("msgpack"))
	if tag.name == "-" {
		return true
	}
	if v.Name() == "_msgpack" {
		set.asArray = tag.has("as_array") || tag.has("asArray")
		set.omitEmpty = set.omitEmpty || tag.has("omitempty")
	}
	if !v.Exported() && !v.Embedded() {
		if !holdsNothing(v) {
			set.lost = append(set.lost, v)
		}
		return true
	}
	at := path + "." + v.Name()
	via, ok := in.viaTag(tag, at)
	if tag.has("intern") {
		in.report(code.InternedString, in.at, "remove intern: a session has no table of strings to refer to", "%s: interned strings cannot be stored", at)
		return false
	}
	m := &member{name: cmp.Or(tag.name, v.Name()), vars: []*types.Var{v}, tag: whole,
		omitEmpty: set.omitEmpty || tag.has("omitempty"), via: via, partial: tag.has("partial")}
	if v.Embedded() && !tag.has("noinline") && via == Invalid {
		inlined, good := in.inline(set, m, tag.has("inline"), at, within)
		ok = ok && good
		if inlined {
			set.byName[m.name] = m
			return ok
		}
	}
	if v.Embedded() && !v.Exported() && !in.readable(v) {
		in.report(code.UnexportedEmbedded, in.at, "export the embedded type, give the field a name, or "+in.leaveOut(at),
			"%s: msgpack cannot read an unexported embedded field back", at)
		return false
	}
	set.add(m)
	if alias, given := tag.options["alias"]; given {
		set.byName[alias] = m
		m.aliases = append(m.aliases, alias)
	}
	return ok
}

// readable reports whether v5 can read an unexported embedded field that is not inlined: reflection may set the fields
// of a struct in it, but not the field itself.
func (in *inspector) readable(v *types.Var) bool {
	_, ok := v.Type().Underlying().(*types.Struct)
	return ok && in.isStructural(v.Type())
}

// isStructural reports whether a struct is stored field by field: v5 does, and the package has no functions for it.
func (in *inspector) isStructural(t types.Type) bool {
	enc, dec := marshalers(t)
	return in.hook(t) == nil && enc == nil && dec == nil && !overTime(t)
}

// inline adds the members of an embedded struct to set: like v5's inlineFields if the tag asks for it, otherwise like
// shouldInline if no name clashes.
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
		in.report(code.NeedlessInline, in.at, "remove inline: an embedded struct is flattened without it", "%s: inline is for a struct embedded by value", at)
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
		in.report(code.UnexportedEmbedded, in.at, "export the embedded type, or embed it by value", "%s: msgpack cannot allocate an unexported embedded struct", at)
		return true, false
	}
	for _, field := range inner.list {
		if asked && clashes(field) {
			continue // v5 leaves shadowed fields out
		}
		promoted := *field
		promoted.aliases, promoted.vars = nil, append(slices.Clip(m.vars), field.vars...)
		promoted.partial = promoted.partial || m.partial
		set.add(&promoted)
	}
	set.letGo = append(set.letGo, inner.letGo...)
	if m.partial {
		set.letGo = append(set.letGo, inner.lost...)
	} else {
		set.lost = append(set.lost, inner.lost...)
	}
	return true, true
}
