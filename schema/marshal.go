package schema

import (
	"go/types"
	"reflect"

	"github.com/sessiongen/sessiongen/internal/code"
)

const msgpackPath = "github.com/vmihailenco/msgpack/v5"

// A method encodes or decodes its type.
type method struct {
	kind            Kind
	name            string
	params, results []string
	encodes         bool
}

// The methods in the order in which v5 looks for them (_getEncoder and _getDecoder). They are recognized by name and
// signature, so that a package need not import msgpack.
var methods = []method{
	{Custom, "EncodeMsgpack", []string{"*" + msgpackPath + ".Encoder"}, []string{"error"}, true},
	{Msgpack, "MarshalMsgpack", nil, []string{"[]byte", "error"}, true},
	{Binary, "MarshalBinary", nil, []string{"[]byte", "error"}, true},
	{Text, "MarshalText", nil, []string{"[]byte", "error"}, true},
	{Custom, "DecodeMsgpack", []string{"*" + msgpackPath + ".Decoder"}, []string{"error"}, false},
	{Msgpack, "UnmarshalMsgpack", []string{"[]byte"}, []string{"error"}, false},
	{Binary, "UnmarshalBinary", []string{"[]byte"}, []string{"error"}, false},
	{Text, "UnmarshalText", []string{"[]byte"}, []string{"error"}, false},
}

// marshalers finds the methods that v5 encodes and decodes a t with, nil where it would use the type's structure.
// Methods of the value come before those of the pointer, and the two directions are resolved separately. A pointer
// type is left to its element: v5 does the same once it has seen the element's type.
func marshalers(t types.Type) (encode, decode *method) {
	if types.IsInterface(t) {
		return nil, nil
	}
	if _, ok := t.Underlying().(*types.Pointer); ok {
		return nil, nil
	}
	for _, set := range []*types.MethodSet{types.NewMethodSet(t), types.NewMethodSet(types.NewPointer(t))} {
		for i := range methods {
			m := &methods[i]
			switch {
			case m.encodes && encode == nil && m.in(set):
				encode = m
			case !m.encodes && decode == nil && m.in(set):
				decode = m
			}
		}
	}
	return encode, decode
}

// in reports whether a method set has the method.
func (m *method) in(set *types.MethodSet) bool {
	sel := set.Lookup(nil, m.name)
	if sel == nil {
		return false
	}
	sig := sel.Type().(*types.Signature)
	return !sig.Variadic() && sameTypes(sig.Params(), m.params) && sameTypes(sig.Results(), m.results)
}

// own reports whether the method that stores t covers all of t. A method that t has from an embedded field only knows
// that field; and if the field is a pointer, it is nil when a value is read into it.
func (in *inspector) own(m *method, t types.Type, path string) bool {
	name := in.typeName(t)
	hint := "give the embedded field a name, or " + name + " methods of its own"
	index := types.NewMethodSet(types.NewPointer(t)).Lookup(nil, m.name).Index()
	for _, i := range index[:len(index)-1] {
		s := t.Underlying().(*types.Struct)
		f := s.Field(i)
		if other := beside(s, i); other != nil {
			in.report(code.EmbeddedMethods, in.at, hint, "%s: %s has %s from its embedded %s, which leaves out %s", path, name, m.name, f.Name(), other.Name())
			return false
		}
		if _, ok := f.Type().Underlying().(*types.Pointer); ok {
			in.report(code.EmbeddedMethods, in.at, hint, "%s: %s has %s from its embedded %s, which is nil when a value is read", path, name, m.name, f.Name())
			return false
		}
		t = f.Type()
	}
	return true
}

// beside is a field of a struct that would be lost if only field i were stored, nil if there is none.
func beside(s *types.Struct, i int) *types.Var {
	for j := range s.NumFields() {
		if f := s.Field(j); j != i && !leftOut(s, j) && (f.Exported() || !holdsNothing(f)) {
			return f
		}
	}
	return nil
}

// leftOut reports whether the tag of a struct's field excludes it.
func leftOut(s *types.Struct, i int) bool {
	return parseMsgpackTag(reflect.StructTag(s.Tag(i)).Get("msgpack")).name == "-"
}

// stores reports whether a struct has a field that is stored.
func stores(s *types.Struct) bool {
	for i := range s.NumFields() {
		if f := s.Field(i); (f.Exported() || f.Embedded()) && !leftOut(s, i) {
			return true
		}
	}
	return false
}

func sameTypes(tuple *types.Tuple, names []string) bool {
	if tuple.Len() != len(names) {
		return false
	}
	for i, name := range names {
		t := types.TypeString(unalias(tuple.At(i).Type()), nil)
		if t != name && (t != "[]uint8" || name != "[]byte") {
			return false
		}
	}
	return true
}

// unalias resolves an alias, including one in the element of a pointer or slice.
func unalias(t types.Type) types.Type {
	switch t := types.Unalias(t).(type) {
	case *types.Pointer:
		return types.NewPointer(types.Unalias(t.Elem()))
	case *types.Slice:
		return types.NewSlice(types.Unalias(t.Elem()))
	default:
		return t
	}
}

// counterpart is the method of the other direction.
func (m *method) counterpart() *method {
	for i := range methods {
		if methods[i].kind == m.kind && methods[i].encodes != m.encodes {
			return &methods[i]
		}
	}
	return nil
}
