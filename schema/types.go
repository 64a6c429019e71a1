package schema

import (
	"fmt"
	"go/types"
	"strings"

	"github.com/sessiongen/sessiongen/internal/code"
)

// leaveOut is the fix that always works for the part of a field's type at path.
func (in *inspector) leaveOut(path string) string {
	switch {
	case !strings.Contains(strings.TrimPrefix(path, in.root), "."):
		return "leave it out: `session:\"-\"`"
	case in.owner != nil && in.isForeign(in.owner): // its tags belong to another package
		return "leave the field out: `session:\"-\"`, or " + in.functions(in.owner, "")
	case in.dash:
		return "leave it out: `msgpack:\"-\"` (json:\"-\" is for JSON alone)"
	}
	return "leave it out: `msgpack:\"-\"`"
}

// functions is the fix for a type that has no other: the directive that names functions for it. Star is "*" for a
// pointer to it.
func (in *inspector) functions(t types.Type, star string) string {
	short := exported(in.identifier(types.Unalias(t)))
	if named, ok := types.Unalias(t).(*types.Named); ok {
		short = exported(named.Obj().Name())
	}
	return fmt.Sprintf("encode it with functions of yours: %s %s%s encode%s decode%[4]s", hookDirective, star, in.typeName(t), short)
}

// isForeign reports whether a type is declared in another package.
func (in *inspector) isForeign(t types.Type) bool {
	named, ok := types.Unalias(t).(*types.Named)
	return ok && named.Obj().Pkg() != nil && named.Obj().Pkg().Path() != in.src.Types.Path()
}

// typ finds how a value of type t is stored, or reports why it cannot be, and returns nil. Path names the part of a
// schema's field: cart[].Owner.
func (in *inspector) typ(t types.Type, path string) *Type { return in.typVia(t, Invalid, path) }

// typVia is typ with the encoding that a tag names, Invalid if it names none.
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
	form, culprit := in.writable(t)
	if culprit != nil {
		in.unwritable(culprit, path)
		return nil
	}
	typ := &Type{Go: form}
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
		in.report(code.MixedMethods, in.at, "declare all of these methods on the type, or all on its pointer, as far as they allow it",
			"%s: msgpack writes %s with %s, but reads it back with %s", path, in.typeName(t), enc.name, dec.name)
		return nil
	case enc != nil && dec != nil:
		if !in.copyable(t, path, through) || !in.own(enc, t, path) || !in.own(dec, t, path) {
			return nil
		}
		typ.Kind, typ.Decode = enc.kind, dec.kind
		return typ
	case enc != nil:
		in.report(code.MissingMethod, in.at, fmt.Sprintf("give it %s as well", enc.counterpart().name),
			"%s: %s has %s but no method to read it back", path, in.typeName(t), enc.name)
		return nil
	case dec != nil:
		in.report(code.MissingMethod, in.at, fmt.Sprintf("give it %s as well", dec.counterpart().name),
			"%s: %s has %s but no method to write what it reads", path, in.typeName(t), dec.name)
		return nil
	default:
		return in.structural(typ, t, path, through)
	}
	typ.Decode = typ.Kind
	return typ
}

// overTime reports whether t is time.Time, or a type over it (type Stamp time.Time), which is stored as that time.
// This differs from v5: only time.Time itself is registered there, so that reflection sees a Stamp as a struct without
// exported fields, writes an empty map and loses the time.
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
