package sessioncheck

import (
	"go/ast"
	"go/constant"
	"go/types"
	"slices"
	"strings"

	"github.com/sessiongen/sessiongen/internal/modpath"
)

// A beginning is a call after which the response has begun.
type beginning struct {
	call *ast.CallExpr
	name string       // as people call it
	err  types.Object // gets the call's error, if the call may fail before the response has begun
}

// beginner says how a function begins the response.
type beginner struct {
	writer int  // the argument with the response writer, receiver if the method's own value begins the response
	fails  bool // it may fail before the response has begun
}

const receiver = -1

var beginners = map[string]beginner{
	"net/http.Error":                                {writer: 0},
	"net/http.Redirect":                             {writer: 0},
	"net/http.NotFound":                             {writer: 0},
	"net/http.ServeContent":                         {writer: 0},
	"net/http.ServeFile":                            {writer: 0},
	"net/http.ServeFileFS":                          {writer: 0},
	"net/http.ResponseWriter.Write":                 {writer: receiver},
	"net/http.ResponseWriter.WriteHeader":           {writer: receiver},
	"fmt.Fprint":                                    {writer: 0},
	"fmt.Fprintf":                                   {writer: 0},
	"fmt.Fprintln":                                  {writer: 0},
	"io.WriteString":                                {writer: 0},
	"io.Copy":                                       {0, true},
	"io.CopyN":                                      {0, true},
	"io.CopyBuffer":                                 {0, true},
	"text/template.Template.Execute":                {0, true},
	"text/template.Template.ExecuteTemplate":        {0, true},
	"html/template.Template.Execute":                {0, true},
	"html/template.Template.ExecuteTemplate":        {0, true},
	"github.com/gorilla/websocket.Upgrader.Upgrade": {writer: 0},
}

// encoders make an encoder whose Encode writes to their argument.
var encoders = map[string]bool{"encoding/json.NewEncoder": true, "encoding/xml.NewEncoder": true, "encoding/gob.NewEncoder": true}

// contexts are the methods of frameworks' contexts that begin the response. Methods that only set the status are left
// out, and so is gin's Redirect, which does no more than that after a POST.
var contexts = map[string]struct {
	methods string
	fails   bool
}{
	"github.com/gin-gonic/gin.Context": {methods: "JSON IndentedJSON SecureJSON PureJSON AsciiJSON XML YAML TOML ProtoBuf String HTML Data File " +
		"FileFromFS FileAttachment AbortWithStatus AbortWithStatusJSON AbortWithStatusPureJSON"},
	"github.com/labstack/echo.Context": {"JSON JSONPretty JSONBlob XML XMLPretty XMLBlob String HTML HTMLBlob Blob Stream File Attachment Inline " +
		"NoContent Redirect Render", true},
}

// begins is the call in a statement that begins the response whenever the statement runs, nil if there is none.
func (c *checker) begins(stmt ast.Stmt) *beginning {
	var e, to ast.Expr
	switch s := stmt.(type) {
	case *ast.ExprStmt:
		e = s.X
	case *ast.AssignStmt:
		if len(s.Rhs) != 1 {
			return nil
		}
		e, to = s.Rhs[0], s.Lhs[len(s.Lhs)-1]
	case *ast.IfStmt:
		if s.Init == nil {
			return nil
		}
		return c.begins(s.Init)
	}
	call, ok := e.(*ast.CallExpr)
	if !ok {
		return nil
	}
	b := &beginning{call: call}
	fails := false
	if b.name, fails, ok = c.beginsResponse(call); !ok {
		return nil
	}
	if v := c.variable(to); fails && to != nil && v != nil {
		b.err = v
	}
	return b
}

// beginsResponse reports whether a call begins the response of the handler around it.
func (c *checker) beginsResponse(call *ast.CallExpr) (name string, fails, ok bool) {
	fn := c.callee(call)
	if fn == nil || fn.Pkg() == nil {
		return "", false, false
	}
	name = fn.Pkg().Name() + "." + fn.Name()
	sel, _ := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	full := modpath.WithoutMajor(fn.Pkg().Path()) + "." + nameOf(fn)
	if b, found := beginners[full]; found {
		switch {
		case b.writer == receiver:
			return written(sel), b.fails, c.isWriter(sel.X) && c.isFinal(fn, call)
		case b.writer < len(call.Args):
			return name, b.fails, c.isWriter(call.Args[b.writer])
		}
	}
	if fn.Name() == "Encode" && sel != nil {
		made, isCall := ast.Unparen(sel.X).(*ast.CallExpr)
		if !isCall || len(made.Args) == 0 {
			return "", false, false
		}
		maker := c.callee(made)
		return "Encode", true, maker != nil && maker.Pkg() != nil && encoders[maker.Pkg().Path()+"."+maker.Name()] && c.isWriter(made.Args[0])
	}
	if ctx, found := contexts[strings.TrimSuffix(full, "."+fn.Name())]; found && sel != nil {
		return written(sel), ctx.fails, slices.Contains(strings.Fields(ctx.methods), fn.Name()) && c.isParameter(sel.X)
	}
	return "", false, false
}

// isWriter reports whether an expression is the response writer that a handler was given. A writer that the program
// made may buffer what is written to it.
func (c *checker) isWriter(e ast.Expr) bool {
	return types.TypeString(types.Unalias(c.TypesInfo.TypeOf(e)), nil) == "net/http.ResponseWriter" && c.isParameter(e)
}

// isParameter reports whether an expression is a parameter that is never assigned to.
func (c *checker) isParameter(e ast.Expr) bool {
	id, ok := ast.Unparen(e).(*ast.Ident)
	if !ok {
		return false
	}
	v, ok := c.TypesInfo.Uses[id].(*types.Var)
	return ok && v.Kind() == types.ParamVar && len(c.assigned[v]) == 0
}

// isFinal reports whether a method of the response writer really begins the response: an informational status does
// not.
func (c *checker) isFinal(fn *types.Func, call *ast.CallExpr) bool {
	if fn.Name() != "WriteHeader" || len(call.Args) != 1 {
		return true
	}
	v := c.TypesInfo.Types[call.Args[0]].Value
	if v == nil {
		return false
	}
	status, exact := constant.Int64Val(constant.ToInt(v))
	return exact && status >= 200
}

// written is the text of a selector, if it is short.
func written(sel *ast.SelectorExpr) string {
	if id, ok := ast.Unparen(sel.X).(*ast.Ident); ok {
		return id.Name + "." + sel.Sel.Name
	}
	return sel.Sel.Name
}
