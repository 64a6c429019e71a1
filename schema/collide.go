package schema

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strconv"

	"github.com/sessiongen/sessiongen/internal/code"
)

// sessionMethods are the methods that every generated type has from runtime.Session, in order. A test compares the
// list with that type.
var sessionMethods = []string{
	"Authenticate", "AuthenticatedAt", "Clear", "CreatedAt", "Destroy", "DeviceBound", "Err", "ExpiresAt", "Format", "GoString",
	"ID", "IsNew", "LogOut", "LogValue", "Modified", "Permanent", "ProvenAt", "Renew", "SetPermanent", "Size", "String",
}

// collisions reports names that generated code would declare a second time.
func (in *inspector) collisions(schemas []*Schema) {
	own := map[string]*Schema{}
	for _, s := range in.src.Beside {
		for _, name := range s.Generated() {
			own[name] = s
		}
		for _, f := range s.Fields {
			if name := f.MaxName(s); name != "" {
				own[name] = s
			}
		}
	}
	in.predeclared(schemas)
	for _, s := range schemas {
		if !token.IsExported(s.TypeName) {
			continue // reported already
		}
		in.nameCollisions(s, own)
		in.methodCollisions(s)
	}
}

// nameCollisions compares the package-level names that are generated for s with the hand-written ones, and with those
// of earlier schemas, which are in own.
func (in *inspector) nameCollisions(s *Schema, own map[string]*Schema) {
	another := s.TypeName + "Session"
	if s.TypeName == "Session" {
		another = "Visitor"
	}
	hint := fmt.Sprintf("name the generated type: -type %s=%s", s.Name, another)
	if s.Name == s.TypeName {
		in.reportAt(code.TypeCollision, s.Pos, "call the schema "+s.Name+"Schema, or "+hint, "schema %s has the name of the type to generate for it", s.Name)
		return
	}
	hint = "rename one of them, or " + hint
	for _, name := range s.Generated() {
		if other := own[name]; other != nil {
			in.reportAt(code.TypeCollision, s.Pos, hint, "the %s to generate for schema %s is also generated for schema %s, declared at %s", name, s.Name, other.Name, other.Pos)
			return // the other names clash, too
		}
		own[name] = s
		if at := in.declared(name); at.IsValid() {
			in.reportAt(code.TypeCollision, s.Pos, hint, "the %s to generate for schema %s is also declared at %s", name, s.Name, in.position(at))
		}
	}
	in.constantCollisions(s, own)
}

// constantCollisions is nameCollisions for the constants of fields.
func (in *inspector) constantCollisions(s *Schema, own map[string]*Schema) {
	const hint = "rename the field, its key may stay; or the other one"
	for _, f := range s.Fields {
		name := f.MaxName(s)
		if name == "" {
			continue
		}
		if other := own[name]; other != nil {
			in.reportAt(code.ConstantCollision, f.Pos, hint, "the constant %s of field %s is also generated for schema %s, declared at %s", name, f.GoName, other.Name, other.Pos)
			continue
		}
		own[name] = s
		if at := in.declared(name); at.IsValid() {
			in.reportAt(code.ConstantCollision, f.Pos, hint, "the constant %s of field %s is also declared at %s", name, f.GoName, in.position(at))
		}
	}
}

// predeclared reports predeclared names of Go that generated code relies on and the package redeclares.
func (in *inspector) predeclared(schemas []*Schema) {
	if len(schemas) == 0 {
		return
	}
	for _, name := range []string{
		"any", "bool", "byte", "error", "float32", "float64", "int", "int16", "int32", "int64", "int8", "rune", "string",
		"uint", "uint16", "uint32", "uint64", "uint8", "false", "true", "nil", "len", "new",
	} {
		at := token.NoPos
		if obj := in.src.Types.Scope().Lookup(name); obj != nil {
			typ, alias := obj.(*types.TypeName)
			if alias && types.Identical(typ.Type(), types.Universe.Lookup(name).Type()) {
				continue // type any = interface{}
			}
			at = obj.Pos()
		}
		for _, file := range in.src.Tests {
			for _, id := range topLevel(file) {
				if id.Name == name {
					at = id.Pos()
				}
			}
		}
		if at.IsValid() {
			in.reportAt(code.PredeclaredName, schemas[0].Pos, "rename it, or move the schema to a package of its own",
				"the code to generate for schema %s relies on Go's own %s, which is also declared at %s", schemas[0].Name, name, in.position(at))
		}
	}
}

// declared finds a package-level declaration of a name. An import counts as well.
func (in *inspector) declared(name string) token.Pos {
	if obj := in.src.Types.Scope().Lookup(name); obj != nil {
		return obj.Pos()
	}
	for _, file := range in.src.Files {
		scope := in.src.Info.Scopes[file]
		if scope == nil || scope.Lookup(name) == nil {
			continue
		}
		obj := scope.Lookup(name)
		for _, spec := range file.Imports {
			dot := spec.Name != nil && spec.Name.Name == "." && spec.Path.Value == strconv.Quote(obj.Pkg().Path())
			if dot || spec.Pos() == obj.Pos() || spec.Name != nil && spec.Name.Name == name {
				return spec.Pos()
			}
		}
	}
	for _, file := range in.src.Tests {
		for _, id := range topLevel(file) {
			if id.Name == name {
				return id.Pos()
			}
		}
	}
	return token.NoPos
}

// methodCollisions compares the accessors of s, and the methods of its manager and entries, with the other methods of
// the generated types.
func (in *inspector) methodCollisions(s *Schema) {
	methods := in.writtenMethods(s.TypeName)
	in.embeddedCollision(s.TypeName, "Session")
	for _, f := range s.Fields {
		for _, name := range f.Methods() {
			if at, ok := methods[name]; ok {
				in.reportAt(code.AccessorCollision, f.Pos, "rename the field, its key may stay; or rename the method", "the accessor %s of field %s is also declared at %s", name, f.GoName, in.position(at))
			}
			if slices.Contains(sessionMethods, name) {
				in.reportAt(code.AccessorCollision, f.Pos, "rename the field; its key may stay", "the accessor %s of field %s is also a method of every session (runtime.Session)", name, f.GoName)
			}
		}
	}
	in.managerCollisions(s)
}

// managerCollisions does the same for the manager and the entries.
func (in *inspector) managerCollisions(s *Schema) {
	in.embeddedCollision(s.Manager(), "Manager")
	principal := s.Principal()
	if principal == nil {
		return
	}
	in.embeddedCollision(s.Entry(), "Entry")
	clash := func(typ, name string, f *Field) {
		if at, ok := in.writtenMethods(typ)[name]; ok {
			in.reportAt(code.MethodCollision, f.Pos, "rename the field, its key may stay; or rename the method", "the method %s of %s, for field %s, is also declared at %s", name, typ, f.GoName, in.position(at))
		}
	}
	for _, verb := range []string{"RevokeBy", "ListBy", "UpdateBy"} {
		clash(s.Manager(), verb+principal.Name, principal)
	}
	for _, f := range s.Fields {
		if f.Use != Value {
			continue
		}
		clash(s.Entry(), "Get"+f.Name, f)
		clash(s.Entry(), "Has"+f.Name, f)
	}
}

// embeddedCollision reports a method with the name of a type that its generated type embeds.
func (in *inspector) embeddedCollision(typ, embedded string) {
	if at, ok := in.writtenMethods(typ)[embedded]; ok {
		in.report(code.MethodCollision, at, "rename the method", "the method %s has the name of what %s embeds: runtime.%s", embedded, typ, embedded)
	}
}

// writtenMethods are the hand-written methods of a type with their positions.
func (in *inspector) writtenMethods(typ string) map[string]token.Pos {
	methods := map[string]token.Pos{}
	for _, file := range append(slices.Clone(in.src.Files), in.src.Tests...) {
		if IsGenerated(file) {
			continue
		}
		for _, decl := range file.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv.NumFields() == 1 && embeddedName(fn.Recv.List[0].Type).Name == typ {
				methods[fn.Name.Name] = fn.Name.Pos()
			}
		}
	}
	return methods
}
