package schema

import (
	"go/token"
	"go/types"
	"slices"

	"github.com/sessiongen/sessiongen/internal/code"
)

// maxNesting limits how often a generic type may be instantiated within itself, as Page[Page[int]] is once. Nobody
// writes more, but a type that does so by itself never ends: type Tree[T any] struct{ Sub *Tree[[]T] }.
const maxNesting = 8

// maxSize limits the size, in parts, of the type arguments of a generic type within itself: they may grow faster than
// the nesting, as in *Tree[struct{ A, B, C T }].
const maxSize = 500

// enter notes that a type is being looked into, and reports one that instantiates itself without end. The compiler
// reports it, too, but the type checker only if it has nothing else to report. The caller calls leave if ok.
func (in *inspector) enter(t types.Type) (leave func(), ok bool) {
	named, isNamed := types.Unalias(t).(*types.Named)
	if !isNamed || named.TypeArgs().Len() == 0 {
		return func() {}, !in.endless
	}
	origin := named.Origin()
	if in.endless || in.nesting[origin] > maxNesting || in.nesting[origin] > 0 && sizeOf(named, maxSize) > maxSize {
		if !in.endless {
			in.endless = true
			in.reportEndless(origin)
		}
		return nil, false
	}
	in.nesting[origin]++
	return func() { in.nesting[origin]-- }, true
}

// reportEndless reports it with the compiler's words and position.
func (in *inspector) reportEndless(origin *types.Named) {
	at := origin.Obj().Pos()
	if errs := in.explain(at, map[token.Pos]bool{}); len(errs) > 0 {
		in.reportErrors(errs)
		return
	}
	if _, file := in.sourceAt(at); file == nil {
		at = in.at
	}
	in.report(code.EndlessType, at, "", "instantiation cycle: %s is part of itself with other type arguments, without end", in.typeName(origin))
}

// sizeOf counts the parts of a type as it is written, and stops soon after a limit.
func sizeOf(t types.Type, limit int) int {
	size := 1
	add := func(part types.Type) {
		if size <= limit {
			size += sizeOf(part, limit-size)
		}
	}
	switch t := t.(type) {
	case *types.Named:
		for arg := range t.TypeArgs().Types() {
			add(arg)
		}
	case *types.Alias:
		add(types.Unalias(t))
	case *types.Map:
		add(t.Key())
		add(t.Elem())
	case *types.Struct:
		for f := range t.Fields() {
			add(f.Type())
		}
	case *types.Signature:
		for _, part := range slices.Concat(typesOf(t.Params()), typesOf(t.Results())) {
			add(part)
		}
	case *types.Interface:
		for m := range t.Methods() {
			add(m.Type())
		}
	case interface{ Elem() types.Type }:
		add(t.Elem())
	}
	return size
}
