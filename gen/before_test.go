package gen

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// since are declarations that later changes gave every schema, without an option.
var since = map[string]*regexp.Regexp{
	"the manager":            regexp.MustCompile(`^(Session|Visitor)Manager$|^SessionManager\.(Revoke|List|Update)ByUserID$`),
	"what a list yields":     regexp.MustCompile(`^SessionEntry(\.(Get|Has)\w+)?$`),
	"a read of value and ok": regexp.MustCompile(`^(Session|Visitor)\.Lookup\w+$`),
	"errors of one value":    regexp.MustCompile(`^(Session|Visitor)\.Try(Set|Append)\w+$|^Max(Session|Visitor)\w+$`),
}

// changed are the declarations that later changes altered.
var changed = map[string]string{
	"NewSessionManager": "it returns the manager of its own type",
	"NewVisitorManager": "the same",
}

// TestAsBefore checks that a schema without any of the options for log-ins generates the same as before these options
// existed, except for the manager and later changes for all schemas.
func TestAsBefore(t *testing.T) {
	a := archive(t, "before.txtar")
	before := declarations(t, a.Files[1].Data)
	now := declarations(t, generate(t, module(t, []txtar.File{a.Files[0]}))["web"])
	for name, text := range before {
		if _, is := changed[name]; is == (now[name] == text) {
			t.Errorf("the list says that %s changed: %v. Its text was\n%s\nand is\n%s", name, !is, text, now[name])
		}
	}
	met := map[string]bool{}
	for name := range now {
		if _, was := before[name]; was {
			continue
		}
		why := ""
		for reason, names := range since {
			if names.MatchString(name) {
				why = reason
			}
		}
		if met[why] = true; why == "" {
			t.Errorf("the list does not have the new declaration %s:\n%s", name, now[name])
		}
	}
	if len(before) < 90 || len(met) != len(since) {
		t.Errorf("got %d earlier declarations; met the new ones %v", len(before), met)
	}
}

var (
	methodsList = regexp.MustCompile(`//   [- ] .*\n`) // TestMethodsDoc compares it with the runtime
	newImport   = "\t\"iter\"\n"
)

// declarations returns the text of each declaration of a file, with its comment, by its name.
func declarations(t *testing.T, src []byte) map[string]string {
	t.Helper()
	text := strings.Replace(methodsList.ReplaceAllString(string(src), ""), newImport, "", 1)
	file, err := parser.ParseFile(token.NewFileSet(), "", text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{"the package": text[:file.Name.End()-1]}
	for _, d := range file.Decls {
		name, doc := "", (*ast.CommentGroup)(nil)
		switch d := d.(type) {
		case *ast.FuncDecl:
			name, doc = d.Name.Name, d.Doc
			if d.Recv != nil {
				receiver := d.Recv.List[0].Type
				if pointer, ok := receiver.(*ast.StarExpr); ok {
					receiver = pointer.X
				}
				name = receiver.(*ast.Ident).Name + "." + name
			}
		case *ast.GenDecl:
			doc = d.Doc
			name = d.Tok.String()
			switch spec := d.Specs[0].(type) {
			case *ast.TypeSpec:
				name = spec.Name.Name
			case *ast.ValueSpec:
				name = spec.Names[0].Name
			}
		}
		start := d.Pos()
		if doc != nil {
			start = doc.Pos()
		}
		decl := text[start-1 : d.End()-1]
		if name == "_" { // guards
			name = decl
		}
		if all[name] != "" {
			t.Errorf("there are two declarations of %s", name)
		}
		all[name] = decl
	}
	return all
}
