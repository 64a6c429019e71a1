package schema

import (
	"go/types"

	"github.com/sessiongen/sessiongen/internal/code"
)

// structural finds how a type without marshaling methods is stored. Through says that a pointer points to it.
func (in *inspector) structural(typ *Type, t types.Type, path string, through bool) *Type {
	if named, ok := types.Unalias(t).(*types.Named); ok {
		if recursive, ok := in.named.At(named).(*Type); ok {
			return recursive
		}
		in.named.Set(named, typ)
		defer in.named.Delete(named)
	}
	if !in.structure(typ, t, path, through) {
		return nil
	}
	typ.Decode = typ.Kind
	return typ
}

// structure sets how a t is stored in typ, by the kind of its type. It is false if it cannot be stored.
func (in *inspector) structure(typ *Type, t types.Type, path string, through bool) bool {
	switch u := t.Underlying().(type) {
	case *types.Basic:
		typ.Kind = basicKind(u)
		return in.basic(t, u, path)
	case *types.Slice:
		if isByte(u.Elem()) { // v5 only checks the element's kind, not its methods
			typ.Kind = Bytes
			return true
		}
		return in.elements(typ, Slice, u.Elem(), path+"[]")
	case *types.Array:
		typ.Len = u.Len()
		if isByte(u.Elem()) {
			typ.Kind = ByteArray
			return true
		}
		return in.elements(typ, Array, u.Elem(), path+"[]")
	case *types.Map:
		typ.Key = in.key(u.Key(), path+"[key]")
		return in.elements(typ, Map, u.Elem(), path+"[]") && typ.Key != nil
	case *types.Pointer:
		return in.pointer(typ, t, u, path)
	case *types.Struct:
		return in.structKind(typ, t, u, path, through)
	case *types.Interface:
		typ.Kind = Any
		if u.Empty() {
			return true
		}
		in.report(code.Interface, in.at, "use a concrete type; or any, which holds what msgpack can say by itself; or "+in.leaveOut(path),
			"%s: interface %s cannot be stored, as nothing says what to read back", path, in.typeName(t))
	case *types.Chan:
		in.report(code.UnstorableType, in.at, in.leaveOut(path), "%s: channels cannot be stored", path)
	case *types.Signature:
		in.report(code.UnstorableType, in.at, in.leaveOut(path), "%s: functions cannot be stored", path)
	default:
		in.report(code.UnstorableType, in.at, in.leaveOut(path), "%s: %s cannot be stored", path, in.typeName(t))
	}
	return false
}

// elements sets how the elements of a value are stored. A type that contains itself is seen before it is complete, so
// its kind is set first.
func (in *inspector) elements(typ *Type, kind Kind, elem types.Type, path string) bool {
	typ.Kind, typ.Decode = kind, kind
	typ.Elem = in.typ(elem, path)
	return typ.Elem != nil
}

func (in *inspector) pointer(typ *Type, t types.Type, u *types.Pointer, path string) bool {
	typ.Kind = Pointer
	if recursive, _ := in.named.At(u.Elem()).(*Type); recursive != nil && recursive.Kind == Pointer {
		in.report(code.PointerToItself, in.at, "put a struct in between", "%s: %s points to nothing but itself", path, in.typeName(t))
		return false
	}
	in.through = true
	return in.elements(typ, Pointer, u.Elem(), path)
}

func (in *inspector) structKind(typ *Type, t types.Type, u *types.Struct, path string, through bool) bool {
	switch {
	case overTime(t):
		typ.Kind = Time
		return true
	case isMessage(t):
		in.message(t, path, through)
		return false
	}
	typ.Kind = StructKind
	typ.Struct = in.structType(typ.Go, t, u, path, through)
	return typ.Struct != nil
}

// basic reports whether a basic type can be stored.
func (in *inspector) basic(t types.Type, u *types.Basic, path string) bool {
	hint := in.leaveOut(path)
	switch {
	case basicKind(u) != Invalid:
		return true
	case u.Info()&types.IsComplex != 0:
		hint = "store its parts as two floats; or " + in.leaveOut(path)
	case u.Kind() == types.Uintptr:
		hint = "use uint64; or " + in.leaveOut(path)
	}
	in.report(code.UnstorableType, in.at, hint, "%s: %s cannot be stored", path, in.typeName(t))
	return false
}

func basicKind(u *types.Basic) Kind {
	switch info := u.Info(); {
	case u.Kind() == types.Uintptr:
		return Invalid
	case info&types.IsBoolean != 0:
		return Bool
	case info&types.IsUnsigned != 0:
		return Uint
	case info&types.IsInteger != 0:
		return Int
	case u.Kind() == types.Float32:
		return Float32
	case u.Kind() == types.Float64:
		return Float64
	case info&types.IsString != 0:
		return String
	}
	return Invalid
}

// key finds how a map's key is stored. Maps are written in the order of their keys, so keys are strings or integers,
// but their methods may write them.
func (in *inspector) key(t types.Type, path string) *Type {
	if isInvalid(t) {
		in.invalid(in.at, path)
		return nil
	}
	basic, ok := t.Underlying().(*types.Basic)
	if !ok || basic.Info()&(types.IsString|types.IsInteger) == 0 || basic.Kind() == types.Uintptr {
		in.report(code.UnstorableMapKey, in.at, "use a key that is a string or an integer, or a slice of structs", "%s: %s cannot be the key of a stored map", path, in.typeName(t))
		return nil
	}
	return in.typ(t, path)
}
