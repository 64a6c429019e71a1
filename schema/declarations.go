package schema

import (
	"go/ast"
	"go/token"
	"slices"
)

// typeSpecs lists the types that a file declares at package level.
func typeSpecs(file *ast.File) []*ast.TypeSpec {
	var list []*ast.TypeSpec
	for _, decl := range file.Decls {
		if decl, ok := decl.(*ast.GenDecl); ok && decl.Tok == token.TYPE {
			for _, spec := range decl.Specs {
				list = append(list, spec.(*ast.TypeSpec))
			}
		}
	}
	return list
}

// taggedStructs lists the names of the structs with session tags that a file declares at package level.
func taggedStructs(file *ast.File) []string {
	var names []string
	for _, spec := range typeSpecs(file) {
		if isSchema(spec) {
			names = append(names, spec.Name.Name)
		}
	}
	return names
}

func isSchema(spec *ast.TypeSpec) bool {
	st, ok := ast.Unparen(spec.Type).(*ast.StructType)
	return ok && hasSessionTag(st)
}

// hasTaggedStruct reports whether a file has a struct with session tags anywhere.
func hasTaggedStruct(f *file) bool {
	found := false
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		st, ok := n.(*ast.StructType)
		found = found || ok && hasSessionTag(st)
		return !found
	})
	return found
}

// topLevel lists the names that a file declares at package level.
func topLevel(file *ast.File) []*ast.Ident {
	var names []*ast.Ident
	for _, decl := range file.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			if decl.Recv == nil {
				names = append(names, decl.Name)
			}
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					names = append(names, spec.Name)
				case *ast.ValueSpec:
					names = append(names, spec.Names...)
				}
			}
		}
	}
	return names
}

func hasSessionTag(st *ast.StructType) bool {
	return slices.ContainsFunc(st.Fields.List, func(f *ast.Field) bool {
		_, found, _, _ := sessionTag(f.Tag)
		return found
	})
}
