package schema

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"github.com/sessiongen/sessiongen/internal/code"
)

// typeErrors reports the type checker's errors in a piece of the source, and returns whether there are any.
func (in *inspector) typeErrors(from, to token.Pos) bool {
	found := in.src.errorsIn(from, to)
	in.reportErrors(found)
	return len(found) > 0
}

// reportErrors passes the type checker's errors on. The go command's come with advice.
func (in *inspector) reportErrors(errs []types.Error) {
	for _, err := range errs {
		msg, hint, _ := strings.Cut(err.Msg, "\n")
		in.report(code.CompileError, err.Pos, strings.TrimSpace(hint), "%s", msg)
	}
}

func (src *Source) errorsIn(from, to token.Pos) []types.Error {
	var found []types.Error
	for _, err := range src.Errors {
		// A message that begins with a tab belongs to the one before it.
		if from <= err.Pos && err.Pos <= to && !strings.HasPrefix(err.Msg, "\t") {
			found = append(found, err)
		}
	}
	return found
}

// invalid reports why a type is invalid. At is where it is used: a schema's field, or a field or type in a package
// that was read from source.
func (in *inspector) invalid(at token.Pos, path string) {
	if name := in.typeOfC(at, map[token.Pos]bool{}); name != "" {
		in.report(code.CType, in.at, "use a Go type; or "+in.leaveOut(path), "%s: %s is a type of C, and generated code has to name it", path, name)
		return
	}
	errs := in.explain(at, map[token.Pos]bool{})
	in.reportErrors(errs)
	if len(errs) == 0 {
		in.report(code.InvalidType, in.at, "go build names the reason", "%s: its type is not valid", path)
	}
}

// explain looks for errors in the declaration around at, then in the declarations that it refers to.
func (in *inspector) explain(at token.Pos, seen map[token.Pos]bool) []types.Error {
	if seen[at] {
		return nil
	}
	seen[at] = true
	if src, file := in.sourceAt(at); file != nil {
		return in.explainIn(src, file, at, seen)
	}
	return nil
}

// sourceAt finds the file at a position, and its package if that was read from source.
func (in *inspector) sourceAt(at token.Pos) (*Source, *ast.File) {
	for _, src := range append(in.src.Deps, in.src) {
		for _, file := range src.Files {
			if file.FileStart <= at && at < file.FileEnd {
				return &src, file
			}
		}
	}
	return nil, nil
}

func (in *inspector) explainIn(src *Source, file *ast.File, at token.Pos, seen map[token.Pos]bool) []types.Error {
	node := declarationAround(file, at)
	if node == nil {
		return nil
	}
	if errs := src.errorsIn(node.Pos(), node.End()); len(errs) > 0 {
		return errs
	}
	var errs []types.Error
	ast.Inspect(node, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && len(errs) == 0 {
			if obj := src.Info.Uses[id]; obj != nil && obj.Pos().IsValid() {
				errs = in.explain(obj.Pos(), seen)
			}
		}
		return true
	})
	return errs
}

// declarationAround is the innermost declaration of a field, type or import around a position, or nil.
func declarationAround(file *ast.File, at token.Pos) ast.Node {
	var node ast.Node
	ast.Inspect(file, func(n ast.Node) bool {
		switch n.(type) {
		case *ast.Field, *ast.TypeSpec, *ast.ImportSpec:
			if n.Pos() <= at && at <= n.End() {
				node = n
			}
		}
		return true
	})
	return node
}

// typeOfC looks for a name of C in the declaration around at, then in those that it refers to. Only a C compiler knows
// its meaning, and only files that import "C" can name it.
func (in *inspector) typeOfC(at token.Pos, seen map[token.Pos]bool) string {
	src, file := in.sourceAt(at)
	if seen[at] || file == nil {
		return ""
	}
	seen[at] = true
	node := declarationAround(file, at)
	if node == nil {
		return ""
	}
	name := ""
	ast.Inspect(node, func(n ast.Node) bool {
		if name != "" {
			return false
		}
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if id, ok := sel.X.(*ast.Ident); ok && isC(src.Info.Uses[id]) {
				name = "C." + sel.Sel.Name
			}
		}
		if id, ok := n.(*ast.Ident); ok {
			if obj := src.Info.Uses[id]; obj != nil && obj.Pos().IsValid() {
				name = in.typeOfC(obj.Pos(), seen)
			}
		}
		return true
	})
	return name
}

func isC(obj types.Object) bool {
	pkg, ok := obj.(*types.PkgName)
	return ok && pkg.Imported().Path() == "C"
}
