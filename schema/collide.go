package schema

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strconv"
)

// sessionMethods are the methods that every generated type has from runtime.Session. A test of the
// runtime holds the list to the truth.
var sessionMethods = []string{
	"AuthenticatedAt", "Clear", "CreatedAt", "Destroy", "Err", "ExpiresAt", "Format", "GoString", "ID", "IsNew",
	"LogValue", "Modified", "Permanent", "Renew", "SetPermanent", "Size", "String",
}

// collisions reports names that generated code and others would both declare.
func (in *inspector) collisions(schemas []*Schema) {
	own := map[string]*Schema{}
	for _, s := range schemas {
		if !token.IsExported(s.TypeName) {
			continue // reported already
		}
		in.nameCollisions(s, own)
		in.methodCollisions(s)
	}
}

// nameCollisions holds the package-level names that are generated for s against the hand-written
// ones, and those of the schemas before it, which own has.
func (in *inspector) nameCollisions(s *Schema, own map[string]*Schema) {
	another := s.TypeName + "Session"
	if s.TypeName == "Session" {
		another = "Visitor"
	}
	hint := fmt.Sprintf("name the generated type: -type %s=%s", s.Name, another)
	if s.Name == s.TypeName {
		in.reportAt(s.Pos, "call the schema "+s.Name+"Schema, or "+hint, "schema %s has the name of the type to generate for it", s.Name)
		return
	}
	hint = "rename one of them, or " + hint
	for _, name := range s.Generated() {
		if other := own[name]; other != nil {
			in.reportAt(s.Pos, hint, "the %s to generate for schema %s is also generated for schema %s, declared at %s", name, s.Name, other.Name, other.Pos)
			return // the other names clash, too
		}
		own[name] = s
		if at := in.declared(name); at.IsValid() {
			in.reportAt(s.Pos, hint, "the %s to generate for schema %s is also declared at %s", name, s.Name, in.where(at))
		}
	}
}

// declared finds a package-level declaration, or an import, which may not have the name either.
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
		for id := range topLevel(file) {
			if id.Name == name {
				return id.Pos()
			}
		}
	}
	return token.NoPos
}

// methodCollisions holds s's accessors against the methods that its generated type has otherwise.
func (in *inspector) methodCollisions(s *Schema) {
	written := map[string]token.Pos{}
	for _, file := range append(slices.Clone(in.src.Files), in.src.Tests...) {
		if IsGenerated(file) {
			continue
		}
		for _, decl := range file.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv.NumFields() == 1 && embeddedName(fn.Recv.List[0].Type).Name == s.TypeName {
				written[fn.Name.Name] = fn.Name.Pos()
			}
		}
	}
	if at, ok := written["Session"]; ok {
		in.report(at, "rename the method", "the method Session has the name of what %s embeds: runtime.Session", s.TypeName)
	}
	for _, f := range s.Fields {
		for _, name := range f.Methods() {
			if at, ok := written[name]; ok {
				in.reportAt(f.Pos, "rename the field, its key may stay; or rename the method", "the accessor %s of field %s is also declared at %s", name, f.GoName, in.where(at))
			}
			if slices.Contains(sessionMethods, name) {
				in.reportAt(f.Pos, "rename the field; its key may stay", "the accessor %s of field %s is also a method of every session (runtime.Session)", name, f.GoName)
			}
		}
	}
}
