// Package sessioncheck finds mistakes with sessions that compile.
//
// [Analyzer] reports
//
//   - keys that are strings of gorilla/sessions, scs, gin-contrib/sessions, echo-contrib/session or fiber's sessions, and
//     calls of deprecated methods of generated code, which take such keys, in a program that has a generated session;
//   - a change of the session after a statement that has begun the response, which comes too late;
//   - managers of two schemas that keep their cookies under one name at one site;
//   - a change of a value from Get that is not set again: the value is a copy;
//   - a cookie of the session's name that is set by hand.
//
// It reports only what is certain. The command sessiongen vet runs it, and so do go vet with -vettool, and programs
// that run several analyzers, such as golangci-lint.
package sessioncheck

import (
	"go/ast"
	"go/token"
	"go/types"
	"reflect"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/passes/inspect"
	"golang.org/x/tools/go/ast/inspector"

	"github.com/sessiongen/sessiongen/internal/code"
	"github.com/sessiongen/sessiongen/internal/modpath"
)

// Analyzer finds mistakes with sessions.
var Analyzer = &analysis.Analyzer{
	Name:      "sessioncheck",
	Doc:       "report mistakes with sessions: changes that come too late or are lost, and keys that are still strings",
	URL:       "https://pkg.go.dev/github.com/sessiongen/sessiongen/sessioncheck",
	Run:       run,
	Requires:  []*analysis.Analyzer{inspect.Analyzer},
	FactTypes: []analysis.Fact{new(known), new(deprecated)},
}

// A checker is one run, on one package.
type checker struct {
	*analysis.Pass
	root     inspector.Cursor
	assigned map[types.Object][]inspector.Cursor // statements that assign to a variable or field, or declare it
	uses     map[types.Object][]inspector.Cursor // other identifiers that name it
	site     known                               // facts for importing packages
	sessions bool                                // the package or an import has a generated session
}

func run(pass *analysis.Pass) (any, error) {
	c := &checker{Pass: pass}
	c.site.Session = c.declares()
	c.sessions = c.site.Session || c.inherits()
	if !c.concerned() {
		return nil, nil
	}
	c.root = pass.ResultOf[inspect.Analyzer].(*inspector.Inspector).Root()
	c.index()
	c.noteDeprecated()
	configs := c.configs()
	c.left()
	c.cookies()
	if c.sessions {
		c.late()
		c.copies()
		c.names(configs)
		c.elsewhere()
	}
	if !reflect.DeepEqual(c.site, known{}) {
		if pass.Module != nil {
			c.site.Module = pass.Module.Path
		}
		pass.ExportPackageFact(&c.site)
	}
	return nil, nil
}

// concerned reports whether there can be any findings: most packages of a program have nothing to do with sessions.
func (c *checker) concerned() bool {
	if c.Pkg.Path() == runtimePath {
		return false // it has no sessions of its own
	}
	if c.sessions {
		return true
	}
	for _, p := range c.Pkg.Imports() {
		if p.Path() == runtimePath || p.Path() == "net/http" || libraries[modpath.WithoutMajor(p.Path())] != "" {
			return true
		}
	}
	return false
}

// report reports a finding with a hint on a line of its own. Its code is the category, for -json.
func (c *checker) report(kind code.Code, n ast.Node, message, hint string) {
	c.Report(analysis.Diagnostic{Pos: n.Pos(), End: n.End(), Category: string(kind), Message: message + "\n\t" + hint})
}

// index notes where variables are assigned and used.
func (c *checker) index() {
	c.assigned, c.uses = map[types.Object][]inspector.Cursor{}, map[types.Object][]inspector.Cursor{}
	for cur := range c.root.Preorder((*ast.Ident)(nil)) {
		id := cur.Node().(*ast.Ident)
		obj := c.TypesInfo.ObjectOf(id)
		if _, isVar := obj.(*types.Var); !isVar {
			continue
		}
		if stmt, ok := assignment(cur); ok {
			c.assigned[obj] = append(c.assigned[obj], stmt)
		} else {
			c.uses[obj] = append(c.uses[obj], cur)
		}
	}
}

// assignment is the statement that assigns to an identifier's object, or declares it with a value.
func assignment(id inspector.Cursor) (stmt inspector.Cursor, ok bool) {
	at := id
	if sel, isSel := at.Parent().Node().(*ast.SelectorExpr); isSel && sel.Sel == id.Node() {
		at = at.Parent()
	}
	e, stmt := at.Node().(ast.Expr), at.Parent()
	switch n := stmt.Node().(type) {
	case *ast.AssignStmt:
		return stmt, slices.Contains(n.Lhs, e)
	case *ast.ValueSpec:
		return stmt, len(n.Values) > 0 && e != n.Type && !slices.Contains(n.Values, e)
	case *ast.IncDecStmt:
		return stmt, true
	case *ast.RangeStmt:
		return stmt, e == n.Key || e == n.Value
	}
	return stmt, false
}

// line is the number of a node's first line.
func (c *checker) line(n ast.Node) int { return c.Fset.Position(n.Pos()).Line }

// inTest reports whether a position is in a test: tests do many such things on purpose.
func (c *checker) inTest(pos token.Pos) bool {
	return strings.HasSuffix(c.Fset.Position(pos).Filename, "_test.go")
}
