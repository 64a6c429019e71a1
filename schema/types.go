package schema

import (
	"fmt"
	"go/types"
	"strings"
)

// leaveOut is the way out that there always is for the part of a field's type that path leads to.
func (in *inspector) leaveOut(path string) string {
	switch {
	case !strings.Contains(strings.TrimPrefix(path, in.root), "."):
		return "leave it out: `session:\"-\"`"
	case in.owner != nil && in.isForeign(in.owner): // whose tags are not ours to write
		return "leave the field out: `session:\"-\"`, or " + in.functions(in.owner, "")
	case in.dash:
		return "leave it out: `msgpack:\"-\"` (json:\"-\" is for JSON alone)"
	}
	return "leave it out: `msgpack:\"-\"`"
}

// functions is the way out for a type that other ways do not know: its name, behind a star maybe, in the
// directive that names functions for it.
func (in *inspector) functions(t types.Type, star string) string {
	short := exported(in.identifier(types.Unalias(t)))
	if named, ok := types.Unalias(t).(*types.Named); ok {
		short = exported(named.Obj().Name())
	}
	return fmt.Sprintf("encode it with functions of yours: %s %s%s encode%s decode%[4]s", hookDirective, star, in.typeName(t), short)
}

// isForeign reports whether a type is one of another package.
func (in *inspector) isForeign(t types.Type) bool {
	named, ok := types.Unalias(t).(*types.Named)
	return ok && named.Obj().Pkg() != nil && named.Obj().Pkg().Path() != in.src.Types.Path()
}

// typ finds how a value of type t is stored, or reports why it cannot be and returns nil. Path says
// which part of a schema's field it is: cart[].Owner.
func (in *inspector) typ(t types.Type, path string) *Type { return in.typVia(t, Invalid, path) }

// typVia is typ for a type that a tag may name the encoding of: Invalid if there is none.
func (in *inspector) typVia(t types.Type, via Kind, path string) *Type {
	through := in.through
	in.through = false
	if isInvalid(t) {
		in.invalid(in.at, path)
		return nil
	}
	leave, ok := in.enter(t)
	if !ok {
		return nil
	}
	defer leave()
	written, culprit := in.writable(t)
	if culprit != nil {
		in.unwritable(culprit, path)
		return nil
	}
	typ := &Type{Go: written}
	if via != Invalid {
		return in.via(typ, t, via, path, through)
	}
	if typ.Hook = in.hook(t); typ.Hook != nil {
		if !in.copyable(t, path, through) {
			return nil
		}
		typ.Kind, typ.Decode = Via, Via
		return typ
	}
	switch enc, dec := marshalers(t); {
	case isNamed(t, "time", "Time"):
		typ.Kind = Time // msgpack registers it as an extension, which comes before its methods
	case enc != nil && dec != nil && (enc.kind == Binary && dec.kind == Text || enc.kind == Text && dec.kind == Binary):
		in.report(in.at, "declare all of these methods on the type, or all on its pointer, as far as they allow it",
			"%s: msgpack writes %s with %s, but reads it back with %s", path, in.typeName(t), enc.name, dec.name)
		return nil
	case enc != nil && dec != nil:
		if !in.copyable(t, path, through) || !in.own(enc, t, path) || !in.own(dec, t, path) {
			return nil
		}
		typ.Kind, typ.Decode = enc.kind, dec.kind
		return typ
	case enc != nil:
		in.report(in.at, fmt.Sprintf("give it %s as well", enc.counterpart().name),
			"%s: %s has %s but no method to read it back", path, in.typeName(t), enc.name)
		return nil
	case dec != nil:
		in.report(in.at, fmt.Sprintf("give it %s as well", dec.counterpart().name),
			"%s: %s has %s but no method to write what it reads", path, in.typeName(t), dec.name)
		return nil
	default:
		return in.structural(typ, t, path, through)
	}
	typ.Decode = typ.Kind
	return typ
}

// structural finds how a type without marshaling methods is stored. Through tells whether it is what a
// pointer points to.
func (in *inspector) structural(typ *Type, t types.Type, path string, through bool) *Type {
	if named, ok := types.Unalias(t).(*types.Named); ok {
		if recursive, ok := in.named.At(named).(*Type); ok {
			return recursive
		}
		in.named.Set(named, typ)
		defer in.named.Delete(named)
	}
	part := func(t types.Type, suffix string) *Type { return in.typ(t, path+suffix) }
	ok := true
	switch u := t.Underlying().(type) {
	case *types.Basic:
		typ.Kind, ok = basicKind(u), in.basic(t, u, path)
	case *types.Slice:
		if isByte(u.Elem()) { // v5 asks for the element's kind alone, not its methods
			typ.Kind = Bytes
			break
		}
		typ.Kind, typ.Elem = Slice, nil
		typ.Decode = Slice // a type that contains itself is seen before it is complete
		typ.Elem = part(u.Elem(), "[]")
		ok = typ.Elem != nil
	case *types.Array:
		typ.Len = u.Len()
		if isByte(u.Elem()) {
			typ.Kind = ByteArray
			break
		}
		typ.Kind, typ.Decode = Array, Array
		typ.Elem = part(u.Elem(), "[]")
		ok = typ.Elem != nil
	case *types.Map:
		typ.Kind, typ.Decode = Map, Map
		if typ.Key = in.key(u.Key(), path+"[key]"); typ.Key == nil {
			ok = false
		}
		if typ.Elem = part(u.Elem(), "[]"); typ.Elem == nil {
			ok = false
		}
	case *types.Pointer:
		typ.Kind, typ.Decode = Pointer, Pointer
		if recursive, _ := in.named.At(u.Elem()).(*Type); recursive != nil && recursive.Kind == Pointer {
			in.report(in.at, "put a struct in between", "%s: %s points to nothing but itself", path, in.typeName(t))
			return nil
		}
		in.through = true
		typ.Elem = part(u.Elem(), "")
		ok = typ.Elem != nil
	case *types.Struct:
		if overTime(t) {
			typ.Kind = Time
			break
		}
		if isMessage(t) {
			in.message(t, path, through)
			return nil
		}
		typ.Kind = StructKind
		typ.Struct = in.structType(typ.Go, t, u, path, through)
		ok = typ.Struct != nil
	case *types.Interface:
		typ.Kind = Any
		if !u.Empty() {
			in.report(in.at, "use a concrete type; or any, which holds what msgpack can say by itself; or "+in.leaveOut(path),
				"%s: interface %s cannot be stored, as nothing says what to read back", path, in.typeName(t))
			ok = false
		}
	case *types.Chan:
		in.report(in.at, in.leaveOut(path), "%s: channels cannot be stored", path)
		ok = false
	case *types.Signature:
		in.report(in.at, in.leaveOut(path), "%s: functions cannot be stored", path)
		ok = false
	default:
		in.report(in.at, in.leaveOut(path), "%s: %s cannot be stored", path, in.typeName(t))
		ok = false
	}
	if !ok {
		return nil
	}
	typ.Decode = typ.Kind
	return typ
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
	in.report(in.at, hint, "%s: %s cannot be stored", path, in.typeName(t))
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

// key finds how a map's key is stored: maps are written in the order of their keys, so these are
// strings or integers, though methods of theirs may write them.
func (in *inspector) key(t types.Type, path string) *Type {
	if isInvalid(t) {
		in.invalid(in.at, path)
		return nil
	}
	basic, ok := t.Underlying().(*types.Basic)
	if !ok || basic.Info()&(types.IsString|types.IsInteger) == 0 || basic.Kind() == types.Uintptr {
		in.report(in.at, "use a key that is a string or an integer, or a slice of structs", "%s: %s cannot be the key of a stored map", path, in.typeName(t))
		return nil
	}
	return in.typ(t, path)
}

// overTime reports whether t is time.Time, or a type over it (type Stamp time.Time), which is stored
// as the time that it is. Here we part with v5: to its reflection, a Stamp is a struct without an
// exported field, as only time.Time itself is registered, so that it writes an empty map and loses
// the time.
func overTime(t types.Type) bool {
	u, ok := t.Underlying().(*types.Struct)
	return ok && u.NumFields() > 0 && u.Field(0).Name() == "wall" && u.Field(0).Pkg().Path() == "time"
}

func isByte(t types.Type) bool {
	basic, ok := t.Underlying().(*types.Basic)
	return ok && basic.Kind() == types.Uint8
}

func isInvalid(t types.Type) bool {
	return t == nil || t.Underlying() == types.Typ[types.Invalid]
}

// copyable reports a type that contains a lock: session values are copies, and go vet would
// complain about the generated code. Through is as for structural.
func (in *inspector) copyable(t types.Type, path string, through bool) bool {
	lock := lockIn(t, map[types.Type]bool{})
	if lock == nil {
		return true
	}
	hint := "session values are copies: hold what has the lock by pointer, keep the lock outside, or leave the field out: `session:\"-\"`"
	if through {
		hint = in.functions(t, "*") + "; or " + in.leaveOut(path)
	}
	if through && *lock == "" {
		hint = in.leaveOut(path)
	}
	in.report(in.at, hint, "%s%s: a lock cannot be copied", path, *lock)
	return false
}

// lockIn is the path to a lock that a copy of a t would copy, by the rule of go vet's copylocks:
// its pointer has Lock and Unlock, itself it has not.
func lockIn(t types.Type, seen map[types.Type]bool) *string {
	t = types.Unalias(t)
	if seen[t] || types.IsInterface(t) {
		return nil
	}
	seen[t] = true
	if _, ok := t.(*types.Named); ok {
		pointer, value := types.NewMethodSet(types.NewPointer(t)), types.NewMethodSet(t)
		if hasLock(pointer) && !hasLock(value) {
			return new(string)
		}
	}
	switch u := t.Underlying().(type) {
	case *types.Array:
		if lock := lockIn(u.Elem(), seen); lock != nil {
			*lock = "[]" + *lock
			return lock
		}
	case *types.Struct:
		for f := range u.Fields() {
			if lock := lockIn(f.Type(), seen); lock != nil {
				*lock = "." + f.Name() + *lock
				return lock
			}
		}
	}
	return nil
}

func hasLock(set *types.MethodSet) bool {
	for _, name := range []string{"Lock", "Unlock"} {
		sel := set.Lookup(nil, name)
		if sel == nil {
			return false
		}
		sig := sel.Type().(*types.Signature)
		if sig.Params().Len() > 0 || sig.Results().Len() > 0 {
			return false
		}
	}
	return true
}
