package schema

import (
	"go/types"

	"github.com/sessiongen/sessiongen/internal/code"
)

// copyable reports a type that contains a lock: session values are copied, and go vet would complain about the
// generated code. Through is as for structural.
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
	in.report(code.Lock, in.at, hint, "%s%s: a lock cannot be copied", path, *lock)
	return false
}

// lockIn is the path to a lock that copying a t would copy, by the rule of go vet's copylocks: a pointer to it has
// Lock and Unlock, the type itself does not.
func lockIn(t types.Type, seen map[types.Type]bool) *string {
	t = types.Unalias(t)
	if seen[t] || types.IsInterface(t) {
		return nil
	}
	seen[t] = true
	if _, ok := t.(*types.Named); ok {
		if hasLock(types.NewPointer(t)) && !hasLock(t) {
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

func hasLock(t types.Type) bool {
	for _, name := range []string{"Lock", "Unlock"} {
		method, _, _ := types.LookupFieldOrMethod(t, false, nil, name)
		f, ok := method.(*types.Func)
		if !ok || f.Signature().Params().Len() > 0 || f.Signature().Results().Len() > 0 {
			return false
		}
	}
	return true
}
