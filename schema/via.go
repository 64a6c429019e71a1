package schema

import (
	"fmt"
	"go/types"
	"reflect"
	"slices"
	"strings"

	"github.com/sessiongen/sessiongen/internal/code"
)

// The option via= chooses how a type is encoded, whatever the rules say. It belongs to a schema's field,
// session:"total,via=json", or to a struct's member, msgpack:",via=json".
var viaKinds = map[string]Kind{"json": JSON, "gob": Gob, "text": Text, "binary": Binary}

// The pairs of methods that via= needs, and those that the encodings look for in the parts of a value.
var (
	jsonMethods = [2]method{
		{JSON, "MarshalJSON", nil, []string{"[]byte", "error"}, true},
		{JSON, "UnmarshalJSON", []string{"[]byte"}, []string{"error"}, false},
	}
	gobMethods = [2]method{
		{Gob, "GobEncode", nil, []string{"[]byte", "error"}, true},
		{Gob, "GobDecode", []string{"[]byte"}, []string{"error"}, false},
	}
	binaryMethods = pairOf(Binary)
	textMethods   = pairOf(Text)
)

func pairOf(kind Kind) (pair [2]method) {
	for _, m := range methods {
		if m.kind == kind {
			pair[map[bool]int{true: 0, false: 1}[m.encodes]] = m
		}
	}
	return pair
}

// via finds how a type is stored if a tag names the encoding. Pointers stay pointers: their element is encoded, unless
// it has a lock and must not be copied.
func (in *inspector) via(typ *Type, t types.Type, kind Kind, path string, through bool) *Type {
	byReflection := kind == JSON || kind == Gob
	if p, ok := t.Underlying().(*types.Pointer); ok && !(byReflection && lockIn(p.Elem(), map[types.Type]bool{}) != nil) {
		typ.Kind, typ.Decode = Pointer, Pointer
		in.through = true
		typ.Elem = in.typVia(p.Elem(), kind, path)
		return typ.complete()
	}
	if !in.copyable(t, path, through) {
		return nil
	}
	typ.Kind, typ.Decode = kind, kind
	if byReflection {
		w := wholeness{inspector: in, kind: kind, seen: map[types.Type]bool{}}
		if !w.check(t, path) {
			return nil
		}
		typ.Lost = w.lost
		return typ
	}
	if in.viaElements(typ, t, kind, path) {
		typ.Decode = typ.Kind
		return typ.complete()
	}
	if !in.hasPair(t, kind, path) {
		return nil
	}
	return typ
}

// complete returns a composite type, or nil if one of its parts cannot be stored.
func (typ *Type) complete() *Type {
	if typ.Elem == nil || typ.Kind == Map && typ.Key == nil {
		return nil
	}
	return typ
}

// hasPair reports a type that lacks one of the two methods that via=text or via=binary needs.
func (in *inspector) hasPair(t types.Type, kind Kind, path string) bool {
	pair := map[Kind][2]method{Text: textMethods, Binary: binaryMethods}[kind]
	enc, dec := pair[0].of(t), pair[1].of(t)
	if enc && dec {
		return in.own(&pair[0], t, path) && in.own(&pair[1], t, path)
	}
	missing := pair[0].name
	if enc {
		missing = pair[1].name
	}
	in.report(code.MissingMethod, in.at, "give it "+pair[0].name+" and "+pair[1].name+", or choose another encoding",
		"%s: via=%s needs %s, which %s does not have", path, viaName(kind), missing, in.typeName(t))
	return false
}

// viaElements follows an unnamed slice, array or map down to its elements, which have the methods that via=text and
// via=binary need. It reports whether t is such a type.
func (in *inspector) viaElements(typ *Type, t types.Type, kind Kind, path string) bool {
	elem := func(t types.Type) *Type { return in.typVia(t, kind, path+"[]") }
	switch t := types.Unalias(t).(type) {
	case *types.Slice:
		typ.Kind, typ.Elem = Slice, elem(t.Elem())
	case *types.Array:
		typ.Kind, typ.Len, typ.Elem = Array, t.Len(), elem(t.Elem())
	case *types.Map:
		typ.Kind, typ.Key, typ.Elem = Map, in.key(t.Key(), path+"[key]"), elem(t.Elem())
	default:
		return false
	}
	return true
}

func viaName(via Kind) string {
	for name, kind := range viaKinds {
		if kind == via {
			return name
		}
	}
	return ""
}

// of reports whether t or a pointer to it has the method. The methods of a pointer type are its element's.
func (m *method) of(t types.Type) bool {
	_, isPointer := t.Underlying().(*types.Pointer)
	return !isPointer && !types.IsInterface(t) && (m.in(types.NewMethodSet(t)) || m.in(types.NewMethodSet(types.NewPointer(t))))
}

// A wholeness checks whether encoding/json or encoding/gob keeps all of a type.
type wholeness struct {
	*inspector
	kind Kind
	seen map[types.Type]bool
	lost []string
}

// check reports parts that the encoding cannot write or read, and notes the members that it would lose.
func (in *wholeness) check(t types.Type, path string) bool {
	if isInvalid(t) {
		in.invalid(in.at, path)
		return false
	}
	t = types.Unalias(t)
	if in.seen[t] {
		return true
	}
	in.seen[t] = true
	pairs := [][2]method{jsonMethods, textMethods}
	if in.kind == Gob {
		pairs = [][2]method{gobMethods, binaryMethods}
	}
	for _, pair := range pairs {
		switch enc, dec := pair[0].of(t), pair[1].of(t); {
		case enc && dec:
			return in.own(&pair[0], t, path) && in.own(&pair[1], t, path)
		case enc && !in.hasOther(pairs, t):
			in.report(code.MissingMethod, in.at, "give it "+pair[1].name+" as well", "%s: %s has %s but no method to read it back", path, in.typeName(t), pair[0].name)
			return false
		}
	}
	switch u := t.Underlying().(type) {
	case *types.Basic:
		if u.Kind() == types.UnsafePointer || in.kind == JSON && u.Info()&types.IsComplex != 0 {
			return in.refuse(t, path)
		}
	case *types.Pointer:
		return in.check(u.Elem(), path)
	case *types.Slice:
		return in.check(u.Elem(), path+"[]")
	case *types.Array:
		return in.check(u.Elem(), path+"[]")
	case *types.Map:
		return in.check(u.Elem(), path+"[]")
	case *types.Interface:
		if in.kind == JSON && !u.Empty() {
			return in.refuse(t, path)
		}
	case *types.Struct:
		return in.members(u, t, path)
	default:
		return in.refuse(t, path)
	}
	return true
}

// hasOther reports whether t has a whole pair among these.
func (in *wholeness) hasOther(pairs [][2]method, t types.Type) bool {
	for _, pair := range pairs {
		if pair[0].of(t) && pair[1].of(t) {
			return true
		}
	}
	return false
}

func (in *wholeness) refuse(t types.Type, path string) bool {
	in.report(code.UnstorableType, in.at, in.leaveOut(path), "%s: via=%s cannot store %s", path, viaName(in.kind), in.typeName(t))
	return false
}

func (in *wholeness) members(u *types.Struct, t types.Type, path string) bool {
	ok := true
	for i := range u.NumFields() {
		f := u.Field(i)
		name, _, _ := strings.Cut(reflect.StructTag(u.Tag(i)).Get("json"), ",")
		switch {
		case in.kind == JSON && name == "-", holdsNothing(f):
		case !f.Exported() && !(f.Embedded() && in.kind == JSON):
			in.lost = append(in.lost, fmt.Sprintf("%s.%s", in.typeName(t), f.Name()))
		default:
			ok = in.check(f.Type(), path+"."+f.Name()) && ok
		}
	}
	return ok
}

// viaTag is the encoding that a member's msgpack tag chooses, Invalid if none.
func (in *inspector) viaTag(tag msgpackTag, path string) (via Kind, ok bool) {
	list := tag.via()
	if len(list) == 0 {
		return Invalid, true
	}
	kind := viaKinds[list[0]]
	if kind == Invalid || len(list) > 1 {
		in.report(code.InvalidEncoding, in.at, viaHint, "%s: via=%s is no encoding", path, strings.Join(slices.Sorted(slices.Values(list)), ", via="))
		return Invalid, false
	}
	return kind, true
}

const viaHint = "write one of via=json, via=gob, via=text and via=binary"

// viaOption is the encoding that a session tag chooses, Invalid if there is none or it is unknown: options reports
// that.
func viaOption(tag text) Kind {
	_, rest, _ := tag.cut(",")
	list, _, _ := options(rest)
	for _, o := range list {
		if o.name.s == "via" {
			return viaKinds[o.value.s]
		}
	}
	return Invalid
}
