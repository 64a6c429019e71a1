package docstest

import (
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strings"
)

// A completed block is a Go file.
type completed struct {
	name, text string
	clause     string // the name in its package clause, if the block has one
	schema     bool
}

// scope declares what a fragment's statements can use without declaring it.
const scope = `ctx context.Context, w http.ResponseWriter, r *http.Request, mux *http.ServeMux, ` +
	`keys runtime.Keys, store runtime.Store, db *sql.DB, t *testing.T`

var schemaTag = regexp.MustCompile("`[^`]*session:\"")

func (l *pool) completeBlock(p Page, b Block) (completed, error) {
	f := completed{name: fmt.Sprintf("b%d.go", b.Line), schema: schemaTag.MatchString(b.Text)}
	at := fmt.Sprintf("//line %s:%d\n", p.Name, b.Line)
	if file, err := parse(b.Text); err == nil {
		f.clause, f.text = file.Name.Name, fmt.Sprintf("/*line %s:%d:1*/", p.Name, b.Line)+b.Text
		if f.schema {
			f.name = "session.go" // its name in commands on the page
		}
		return f, formatted(b.Text)
	}
	if strings.Contains(b.Text, "func Test") {
		f.name = fmt.Sprintf("b%d_test.go", b.Line)
	}
	var err error
	switch {
	case valid("package page\n" + b.Text):
		f.text, err = l.withImports("package page\n" + signatures(at, b.Text))
	case valid(fields(b.Text)):
		f.text, err = l.withImports(fields(at + b.Text))
	case valid(statements("", b.Text)):
		f.text, err = l.withImports(statements(at, b.Text))
	default:
		_, err = parse(statements("", b.Text))
		err = fmt.Errorf("neither a file, declarations, fields nor statements; as statements: %w", err)
	}
	if err == nil && !valid(fields(b.Text)) {
		err = formatted(b.Text)
	}
	return f, err
}

func parse(text string) (*ast.File, error) {
	return parser.ParseFile(token.NewFileSet(), "", text, parser.ParseComments)
}

func valid(text string) bool { _, err := parse(text); return err == nil }

// formatted reports an error unless gofmt would not change a block.
func formatted(text string) error {
	got, err := format.Source([]byte(text))
	if err == nil && string(got) != text {
		err = fmt.Errorf("not gofmt'd; it should be\n%s", got)
	}
	return err
}

// fields is a schema with these members.
func fields(text string) string { return "package page\ntype session struct {\n" + text + "}\n" }

// statements is a function with these statements. It uses the variables that they declare.
func statements(at, text string) string {
	const head = "package page\nfunc _(" + scope + ") {\nsessions, _ := NewSessionManager(runtime.Config{})\n" +
		"sess := SessionFrom(ctx)\n_, _ = sessions, sess\n{\n"
	const foot = "}\n}\n"
	file, err := parse(head + text + foot)
	if err != nil {
		return head + text + foot
	}
	body := file.Decls[0].(*ast.FuncDecl).Body.List
	list := body[len(body)-1].(*ast.BlockStmt).List
	if len(list) == 1 && isLiteral(list[0]) {
		return head + "_ = \n" + at + text + foot
	}
	used := ""
	for _, s := range list {
		for _, name := range defined(s) {
			used += "_ = " + name + "\n"
		}
	}
	return head + at + text + used + foot
}

func isLiteral(s ast.Stmt) bool {
	e, ok := s.(*ast.ExprStmt)
	if !ok {
		return false
	}
	_, ok = e.X.(*ast.CompositeLit)
	return ok
}

// defined are the variables that a statement declares with :=.
func defined(s ast.Stmt) (names []string) {
	a, ok := s.(*ast.AssignStmt)
	if !ok || a.Tok != token.DEFINE {
		return nil
	}
	for _, x := range a.Lhs {
		if name := x.(*ast.Ident).Name; name != "_" {
			names = append(names, name)
		}
	}
	return names
}

// signatures replaces each function without a body by an assignment that needs a function of that type.
func signatures(at, text string) string {
	const head = "package page\n"
	source := head + text
	file, err := parse(source)
	if err != nil {
		return at + text
	}
	for _, d := range slices.Backward(file.Decls) {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Body != nil {
			continue
		}
		between := func(from, to token.Pos) string { return source[from-1 : to-1] }
		name := f.Name.Name
		var params []string
		if f.Recv != nil {
			receiver := between(f.Recv.List[0].Type.Pos(), f.Recv.List[0].Type.End())
			name = "(" + receiver + ")." + name
			params = append(params, receiver)
		}
		for _, p := range f.Type.Params.List {
			for range max(1, len(p.Names)) {
				params = append(params, between(p.Type.Pos(), p.Type.End()))
			}
		}
		results := between(f.Type.Params.End(), f.Type.End())
		assign := fmt.Sprintf("var _ func(%s)%s = %s", strings.Join(params, ", "), results, name)
		text = text[:int(f.Pos())-1-len(head)] + assign + text[int(f.End())-1-len(head):]
	}
	return at + text
}
