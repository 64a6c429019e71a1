package docstest

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strings"
)

// A Package is what the Go blocks of a page, or some of them, become.
type Package struct {
	Page  string
	Line  int               // of its first block
	Dir   string            // in the module of all packages, with slashes; its last element is Name
	Name  string            // of its clause
	Files map[string]string // by name

	schema string // the file that has the schema
	alone  bool   // an aside of the page
}

// scope declares what the statements of a fragment can use besides what the block itself declares.
const scope = `ctx context.Context, w http.ResponseWriter, r *http.Request, mux *http.ServeMux, ` +
	`keys runtime.Keys, store runtime.Store, db *sql.DB, t *testing.T`

// Packages completes the Go blocks of a page.
//
// A block may be a file, declarations, members of a schema, statements of a handler, or a composite
// literal. Everything but a file gets a package clause and the imports that it lacks. A function without a
// body is one that must exist, with that signature. Blocks that follow one another on a page are
// one package, until a block is a file, or has a schema, or asks for a package of its own. What a package
// uses and does not declare comes from the files in testdata/docs, the directory site; the schema
// of one that has none is in session.go there.
func Packages(p Page, site string) ([]*Package, error) {
	pool, err := readPool(site)
	if err != nil {
		return nil, err
	}
	var list []*Package
	var current *Package
	for _, b := range p.Blocks {
		if b.Lang != "go" {
			continue
		}
		f, err := pool.completeBlock(p, b)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", p.Name, b.Line, err)
		}
		pkg := current
		if _, alone := b.Asks["alone"]; alone {
			pkg = newPackage(p, b, current.Name)
			pkg.alone = true
			if !f.schema && current.schema != "" {
				pkg.schema = current.schema
				pkg.Files[pkg.schema] = current.Files[pkg.schema]
			}
			list = append(list, pkg)
		} else if _, asks := b.Asks["package"]; current == nil || f.clause != "" || f.schema || asks {
			current = newPackage(p, b, cmp.Or(f.clause, "page"))
			pkg = current
			list = append(list, pkg)
		}
		if f.schema {
			pkg.schema = f.name
		}
		pkg.Files[f.name] = clause(f.text, pkg.Name)
	}
	for _, pkg := range list {
		if pkg.schema == "" {
			pkg.Files["session.go"] = clause(pool.session, pkg.Name)
		}
		text, err := pool.complete(pkg.Files)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.Name, err)
		}
		if text != "" {
			pkg.Files["site.go"] = clause(text, pkg.Name)
		}
	}
	return list, nil
}

func newPackage(p Page, b Block, name string) *Package {
	dir := fmt.Sprintf("%s_%d/%s", strings.TrimSuffix(path.Base(p.Name), ".md"), b.Line, name)
	return &Package{Page: p.Name, Line: b.Line, Dir: dir, Name: name, Files: make(map[string]string)}
}

// clause gives a completed file the name of its package.
func clause(text, name string) string {
	return strings.Replace(text, "package page", "package "+name, 1)
}

// A completed block is a file of Go.
type completed struct {
	name, text string
	clause     string // the name in its package clause, if the block has one
	schema     bool
}

var schemaTag = regexp.MustCompile("`[^`]*session:\"")

func (l *pool) completeBlock(p Page, b Block) (completed, error) {
	f := completed{name: fmt.Sprintf("b%d.go", b.Line), schema: schemaTag.MatchString(b.Text)}
	at := fmt.Sprintf("//line %s:%d\n", p.Name, b.Line)
	if file, err := parse(b.Text); err == nil {
		f.clause, f.text = file.Name.Name, fmt.Sprintf("/*line %s:%d:1*/", p.Name, b.Line)+b.Text
		if f.schema {
			f.name = "session.go" // as commands on the page call it
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

// formatted reports an error unless a block is as gofmt would have it.
func formatted(text string) error {
	got, err := format.Source([]byte(text))
	if err == nil && string(got) != text {
		err = fmt.Errorf("not gofmt'd; it should be\n%s", got)
	}
	return err
}

// fields is a schema with these members.
func fields(text string) string { return "package page\ntype session struct {\n" + text + "}\n" }

// statements is a function with these statements. What they declare counts as used.
func statements(at, text string) string {
	head := "package page\nfunc _(" + scope + ") {\nsessions, _ := NewSessionManager(runtime.Config{})\nsess := SessionFrom(ctx)\n_, _ = sessions, sess\n{\n"
	file, err := parse(head + text + "}\n}\n")
	if err != nil {
		return head + text + "}\n}\n"
	}
	body := file.Decls[0].(*ast.FuncDecl).Body.List
	block := body[len(body)-1].(*ast.BlockStmt).List
	used := ""
	for _, s := range block {
		if e, ok := s.(*ast.ExprStmt); ok {
			if _, ok := e.X.(*ast.CompositeLit); ok && len(block) == 1 {
				return head + "_ = \n" + at + text + "}\n}\n"
			}
		}
		if a, ok := s.(*ast.AssignStmt); ok && a.Tok == token.DEFINE {
			for _, x := range a.Lhs {
				if name := x.(*ast.Ident).Name; name != "_" {
					used += "_ = " + name + "\n"
				}
			}
		}
	}
	return head + at + text + used + "}\n}\n"
}

// signatures replaces each function without a body by an assignment that needs one of that type.
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
