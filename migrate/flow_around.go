package migrate

import "go/ast"

// declAround returns the declaration of the function around a node, even through function literals, or nil.
func (f *flow) declAround(n ast.Node) *ast.FuncDecl {
	for ; n != nil; n = f.parents[n] {
		if decl, ok := n.(*ast.FuncDecl); ok {
			return decl
		}
	}
	return nil
}

// functionAround is the function of the program around a node, even through function literals.
func (f *flow) functionAround(n ast.Node) *function {
	if decl := f.declAround(n); decl != nil {
		return f.funcs[decl.Name.Pos()]
	}
	return nil
}

// bodyAround is the function or function literal around a node, nil if there is none.
func (f *flow) bodyAround(n ast.Node) ast.Node {
	for ; n != nil; n = f.parents[n] {
		switch n.(type) {
		case *ast.FuncLit, *ast.FuncDecl:
			return n
		}
	}
	return nil
}

// functionOf returns the function of the program that directly contains a node, and nil within a function literal.
func (f *flow) functionOf(n ast.Node) *function {
	if decl, ok := f.bodyAround(n).(*ast.FuncDecl); ok {
		return f.funcs[decl.Name.Pos()]
	}
	return nil
}

// inLoop reports whether a node is in a loop of its function.
func (f *flow) inLoop(n ast.Node) bool {
	for ; n != nil; n = f.parents[n] {
		switch n.(type) {
		case *ast.ForStmt, *ast.RangeStmt:
			return true
		case *ast.FuncDecl:
			return false
		}
	}
	return false
}

// isRepeated reports whether a node may run more than once in a call of its function, or after later code.
func (f *flow) isRepeated(n ast.Node) bool {
	for ; n != nil; n = f.parents[n] {
		switch n.(type) {
		case *ast.ForStmt, *ast.RangeStmt, *ast.DeferStmt, *ast.GoStmt, *ast.FuncLit, *ast.LabeledStmt:
			return true
		}
	}
	return false
}

// outermost is the declaration of the function around a node, or the node itself if there is none.
func (f *flow) outermost(n ast.Node) ast.Node {
	if decl := f.declAround(n); decl != nil {
		return decl
	}
	return n
}
