package schema

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// messageFiles are those whose messages people get to see.
var messageFiles = []string{
	"*.go", "../gen/evolve.go", "../gen/budget.go", "../gen/gen.go", "../internal/output/*.go", "../internal/plan/*.go", "../internal/scaffold/*.go", "../internal/vet/*.go", "../sessioncheck/*.go", "../cmd/sessiongen/*.go",
	"../runtime/*.go", "../runtime/internal/token/ring.go", "../runtime/sessioninspect/*.go",
	"../runtime/codec/any*.go", "../runtime/codec/codec.go", "../runtime/codec/marshaler.go", "../runtime/codec/quick.go", "../runtime/codec/via.go", "../runtime/internal/wire/skip.go",
}

// unseen are messages that end within the project.
var unseen = []string{
	"session: malformed payload",        // an event
	"value goes on after its last part", // of decoding: an event, like the next ones
	"msgpack: a value is cut short or declares more than there is",
	"msgpack: invalid code",
	"msgpack: more than one value",
	"msgpack: value of another kind",
	"session: no key", // the ring has its keys from a Keys, which has looked at them
	"%d bytes long, want %d",
	"session: the cookie name is too long", // the constructor has looked at it
	"session: key %d is not base64",        // ParseKeys has read it before
}

// docs/errors.md has a row for every message, and no row for anything else.
func TestErrorsAreDocumented(t *testing.T) {
	rows := documented(t)
	used := map[string]bool{}
	count := 0
	for _, m := range messages(t) {
		if len(words(m.text)) < 2 || slices.Contains(unseen, m.text) {
			continue // two words at least, or it is the frame of another message
		}
		count++
		re := pattern(m.text)
		found := false
		for _, row := range rows {
			if re.MatchString(row) {
				found, used[row] = true, true
			}
		}
		if !found {
			t.Errorf("%s: docs/errors.md does not have %q", m.at, m.text)
		}
	}
	for _, row := range rows {
		if !used[row] {
			t.Errorf("docs/errors.md has %q, and nothing says so", row)
		}
	}
	if count < 100 {
		t.Errorf("found only %d messages", count)
	}
}

var verb = regexp.MustCompile(`(%[a-zA-Z])+`)

func words(format string) []string {
	return regexp.MustCompile(`[A-Za-z]{2,}`).FindAllString(verb.ReplaceAllString(format, ""), -1)
}

// pattern matches a row of the documentation: where the format has a verb, there is something in angle
// brackets, with words around it perhaps, or a number. It may begin with another error, or a position.
func pattern(format string) *regexp.Regexp {
	format = strings.TrimPrefix(strings.TrimPrefix(format, "%w"), "%s:1:1: ")
	parts := verb.Split(strings.ReplaceAll(format, "%%", "\x00"), -1)
	for i, p := range parts {
		parts[i] = regexp.QuoteMeta(strings.ReplaceAll(p, "\x00", "%"))
	}
	return regexp.MustCompile(strings.Join(parts, `([^<>]*<[^<>]+>[^<>]*|\d\w*)`))
}

// documented reads the first column of the tables of docs/errors.md.
func documented(t *testing.T) []string {
	text, err := os.ReadFile("../docs/errors.md")
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for _, m := range regexp.MustCompile("(?m)^\\| `+(.*?)`+ \\|").FindAllStringSubmatch(string(text), -1) {
		rows = append(rows, strings.ReplaceAll(m[1], `\|`, "|"))
	}
	return rows
}

type message struct{ at, text string }

// messages are the texts, as formats, of the errors that the sources make.
func messages(t *testing.T) []message {
	var list []message
	fset := token.NewFileSet()
	for _, glob := range messageFiles {
		names, err := filepath.Glob(glob)
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: %v", glob, err)
		}
		for _, name := range names {
			if isTest(name) {
				continue
			}
			file, err := parser.ParseFile(fset, name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if e := messageIn(n); e != nil {
					text, _, _ := strings.Cut(format(e), "\n")
					list = append(list, message{fset.Position(e.Pos()).String(), text})
				}
				return true
			})
		}
	}
	return list
}

// messageIn returns the message if a node makes one.
func messageIn(n ast.Node) ast.Expr {
	argument := map[string]int{
		"in.report": 2, "c.report": 2, "in.reportAt": 2, "problems.add": 0, "misuse": 0, "panic": 0, "errors.New": 0, "fmt.Errorf": 0,
	}
	switch n := n.(type) {
	case *ast.CallExpr:
		name := nameOf(n.Fun)
		if i, ok := argument[name]; ok && i < len(n.Args) {
			return n.Args[i]
		}
		if name == "fmt.Fprintf" && nameOf(n.Args[0]) == "stderr" {
			return n.Args[1]
		}
	case *ast.CompositeLit:
		i := slices.Index([]string{"LoadError", "Finding"}, nameOf(n.Type))
		if i >= 0 && i < len(n.Elts) {
			if _, keyed := n.Elts[i].(*ast.KeyValueExpr); !keyed {
				return n.Elts[i]
			}
		}
	case *ast.KeyValueExpr:
		if nameOf(n.Key) == "Message" {
			return n.Value
		}
	case *ast.AssignStmt: // what a message will be made of
		if name := nameOf(n.Lhs[0]); name == "what" || name == "why" {
			return n.Rhs[0]
		}
	}
	return nil
}

func nameOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return nameOf(e.X) + "." + e.Sel.Name
	}
	return ""
}

// format is the text of an expression, with a verb where it is not known.
func format(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if s, err := strconv.Unquote(e.Value); err == nil {
			return s
		}
	case *ast.BinaryExpr:
		return format(e.X) + format(e.Y)
	case *ast.CallExpr:
		if nameOf(e.Fun) == "fmt.Sprintf" {
			return format(e.Args[0])
		}
	}
	return "%v"
}
