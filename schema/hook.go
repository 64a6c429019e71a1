package schema

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"strings"

	"github.com/sessiongen/sessiongen/internal/code"
)

// A Hook is a pair of functions that encode and decode a type for the package's sessions: usually a type of another
// package that has no methods for it. A comment on a line of its own beside a schema names them:
//
//	//sessiongen:via netip.Addr encodeAddr decodeAddr
//
// for func encodeAddr(netip.Addr) ([]byte, error) and func decodeAddr([]byte) (netip.Addr, error). It applies wherever
// the package's sessions have the type, unless a tag has the option via=.
type Hook struct {
	Encode, Decode *types.Func

	typ types.Type
	at  token.Pos
}

const hookDirective = "//sessiongen:via"

const hookHint = "write " + hookDirective + " TYPE ENCODE DECODE, with functions of the package: " +
	"func ENCODE(TYPE) ([]byte, error) and func DECODE([]byte) (TYPE, error)"

// findHooks reads the directives of the package's files.
func (in *inspector) findHooks() {
	for _, file := range in.src.Files {
		if IsGenerated(file) {
			continue
		}
		for _, group := range file.Comments {
			for _, c := range group.List {
				rest, ok := strings.CutPrefix(c.Text, hookDirective)
				if ok && (rest == "" || rest[0] == ' ' || rest[0] == '\t') {
					in.readHook(c.Pos(), strings.Fields(rest))
				}
			}
		}
	}
}

// readHook reads one directive.
func (in *inspector) readHook(at token.Pos, words []string) {
	if len(words) != 3 {
		in.report(code.MalformedDirective, at, hookHint, "//sessiongen:via names %d things, want a type and two functions", len(words))
		return
	}
	t := in.hookType(at, words[0])
	if t == nil {
		return
	}
	for _, h := range in.hooks {
		if types.Identical(h.typ, t) {
			in.report(code.DuplicateDirective, at, "remove one of them", "//sessiongen:via has functions for %s already, named at %s", words[0], in.position(h.at))
			return
		}
	}
	bytes, failure := types.NewSlice(types.Universe.Lookup("byte").Type()), types.Universe.Lookup("error").Type()
	encode := in.hookFunc(at, words[1], t, bytes, failure)
	decode := in.hookFunc(at, words[2], bytes, t, failure)
	if encode != nil && decode != nil {
		in.hooks = append(in.hooks, &Hook{encode, decode, t, at})
	}
}

// hookType finds the type that a directive names: a named type, or a pointer to one.
func (in *inspector) hookType(at token.Pos, text string) types.Type {
	value, err := types.Eval(in.src.Fset, in.src.Types, at, text)
	switch {
	case err != nil:
		reason := err.Error()
		if i := strings.LastIndex(reason, ": "); i >= 0 {
			reason = reason[strings.Index(reason, ": ")+2:]
		}
		in.report(code.DirectiveType, at, "name it as the file does, whose imports count", "//sessiongen:via %s: %s", text, reason)
		return nil
	case !value.IsType() || isInvalid(value.Type):
		in.report(code.DirectiveType, at, hookHint, "//sessiongen:via %s: it is no type", text)
		return nil
	}
	t := value.Type
	elem := t
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		elem = p.Elem()
	}
	if _, ok := types.Unalias(elem).(*types.Named); !ok || types.IsInterface(elem) {
		in.report(code.DirectiveType, at, "declare a type of its own", "//sessiongen:via %s: it is neither a named type nor a pointer to one", text)
		return nil
	}
	return t
}

// hookFunc finds a function that a directive names, in this package or in one that the file imports.
func (in *inspector) hookFunc(at token.Pos, text string, param types.Type, results ...types.Type) *types.Func {
	f := in.lookupFunc(at, text)
	if f == nil {
		in.report(code.DirectiveFunction, at, hookHint, "//sessiongen:via: there is no function %s", text)
		return nil
	}
	vars := func(list ...types.Type) *types.Tuple {
		var tuple []*types.Var
		for _, t := range list {
			tuple = append(tuple, types.NewParam(token.NoPos, nil, "", t))
		}
		return types.NewTuple(tuple...)
	}
	want := types.NewSignatureType(nil, nil, nil, vars(param), vars(results...), false)
	if !types.Identical(f.Signature(), want) {
		in.report(code.DirectiveFunction, at, hookHint, "//sessiongen:via: %s is %s, want %s", text, in.typeName(f.Signature()), in.typeName(want))
		return nil
	}
	return f
}

func (in *inspector) lookupFunc(at token.Pos, text string) *types.Func {
	scope := in.src.Types.Scope()
	expr, err := parser.ParseExpr(text)
	if err != nil {
		return nil
	}
	name, ok := expr.(*ast.Ident)
	if sel, isSel := expr.(*ast.SelectorExpr); isSel {
		pkg, isIdent := sel.X.(*ast.Ident)
		if !isIdent {
			return nil
		}
		for file := range scope.Children() {
			if !file.Contains(at) {
				continue
			}
			if imported, isPkg := file.Lookup(pkg.Name).(*types.PkgName); isPkg && sel.Sel.IsExported() && in.importable(imported.Imported()) {
				scope, name, ok = imported.Imported().Scope(), sel.Sel, true
			}
		}
	}
	if !ok {
		return nil
	}
	f, _ := scope.Lookup(name.Name).(*types.Func)
	return f
}

// hook is the hook for a type, or nil.
func (in *inspector) hook(t types.Type) *Hook {
	for _, h := range in.hooks {
		if types.Identical(h.typ, t) {
			return h
		}
	}
	return nil
}

// isMessage reports whether t is a protobuf message: its pointer has the generated method.
func isMessage(t types.Type) bool {
	set := types.NewMethodSet(types.NewPointer(t))
	for _, name := range []string{"ProtoReflect", "ProtoMessage"} {
		if sel := set.Lookup(nil, name); sel != nil && sel.Type().(*types.Signature).Params().Len() == 0 {
			return true
		}
	}
	return false
}

// message reports a protobuf message: its fields are not for others to encode.
func (in *inspector) message(t types.Type, path string, through bool) {
	name := in.typeName(t)
	short := exported(name[strings.LastIndex(name, ".")+1:])
	hint := "write beside the schema, for functions that call proto.Marshal and proto.Unmarshal:\n"
	if !through {
		hint = "hold it by pointer, and " + hint
	}
	in.report(code.ProtobufMessage, in.at, hint+hookDirective+" *"+name+" encode"+short+" decode"+short,
		"%s: %s is a protobuf message, which only package proto can encode", path, name)
}
