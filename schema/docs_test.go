package schema

import (
	"go/ast"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/sessiongen/sessiongen/internal/code"
)

// messageFiles are the files whose messages reach users.
var messageFiles = []string{
	"*.go", "../gen/evolve.go", "../gen/budget*.go", "../gen/gen.go", "../gen/format.go", "../internal/output/*.go", "../internal/plan/*.go", "../internal/scaffold/*.go", "../internal/vet/*.go", "../sessioncheck/*.go", "../cmd/sessiongen/*.go",
	"../runtime/*.go", "../runtime/legacy/*.go", "../runtime/internal/token/ring.go", "../runtime/sessioninspect/*.go",
	"../runtime/codec/any*.go", "../runtime/codec/codec.go", "../runtime/codec/marshaler.go", "../runtime/codec/quick.go", "../runtime/codec/via.go", "../runtime/internal/wire/skip.go",
}

// unseen are messages that never leave the project.
var unseen = []string{
	"session: malformed payload",      // an event
	"legacy: a value of another type", // the same
	"legacy: not a gob stream of a session",
	"value goes on after its last part", // while decoding: an event, like the next ones
	"msgpack: a value is cut short or declares more than there is",
	"msgpack: invalid code",
	"msgpack: more than one value",
	"msgpack: value of another kind",
	"session: no key", // the ring comes from Keys, which has checked them
	"%d bytes long, want %d",
	"session: the cookie name is too long", // the constructor has checked it
	"session: key %d is not base64",        // ParseKeys has read it before
}

// TestErrorsAreDocumented checks that docs/errors.md has a row for every message, with its code if it has one, and no
// other rows.
func TestErrorsAreDocumented(t *testing.T) {
	rows := documented(t)
	used := map[row]bool{}
	count := 0
	for _, m := range messages(t) {
		if len(words(m.text)) < 2 || slices.Contains(unseen, m.text) {
			continue // two words at least, or it only frames another message
		}
		count++
		re := pattern(m.text)
		found := false
		for _, row := range rows {
			if re.MatchString(row.message) && (m.code == "" || m.code == row.code) {
				found, used[row] = true, true
			}
		}
		if !found {
			t.Errorf("%s: docs/errors.md does not have %q with the code %q", m.at, m.text, m.code)
		}
	}
	for _, row := range rows {
		if !used[row] {
			t.Errorf("docs/errors.md has %q with the code %q, which no source has", row.message, row.code)
		}
	}
	if count < 100 {
		t.Errorf("the sources have only %d messages", count)
	}
}

var verb = regexp.MustCompile(`(%[a-zA-Z])+`)

func words(format string) []string {
	return regexp.MustCompile(`[A-Za-z]{2,}`).FindAllString(verb.ReplaceAllString(format, ""), -1)
}

// pattern matches a row of the documentation: for each verb of the format, the row has something in angle brackets,
// perhaps among words, or a number. A message may begin with another error or a position.
func pattern(format string) *regexp.Regexp {
	format = strings.TrimPrefix(strings.TrimPrefix(format, "%w"), "%s:1:1: ")
	parts := verb.Split(strings.ReplaceAll(format, "%%", "\x00"), -1)
	for i, p := range parts {
		parts[i] = regexp.QuoteMeta(strings.ReplaceAll(p, "\x00", "%"))
	}
	return regexp.MustCompile(strings.Join(parts, `([^<>]*<[^<>]+>[^<>]*|\d\w*)`))
}

// A row is a row of a table in docs/errors.md: its first column, and the second if that is for codes.
type row struct {
	message string
	code    code.Code
}

func documented(t *testing.T) (rows []row) {
	text, err := os.ReadFile("../docs/errors.md")
	if err != nil {
		t.Fatal(err)
	}
	withCodes := false
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "| message |") {
			withCodes = strings.HasPrefix(line, "| message | code |")
		}
		m := regexp.MustCompile("^\\| `+(.*?)`+ \\| (?:`([a-z-]+)`)?").FindStringSubmatch(line)
		if m == nil {
			continue
		}
		r := row{message: strings.ReplaceAll(m[1], `\|`, "|")}
		if withCodes {
			r.code = code.Code(m[2])
		}
		rows = append(rows, r)
	}
	return rows
}

type message struct {
	at, text string
	code     code.Code // "" if it has none
}

// messages lists the errors that the sources make, as formats.
func messages(t *testing.T) []message {
	var list []message
	codes := codesByName(t)
	eachSource(t, messageFiles, func(fset *token.FileSet, file *ast.File) {
		ast.Inspect(file, func(n ast.Node) bool {
			if e := messageIn(n); e != nil {
				text, _, _ := strings.Cut(format(e), "\n")
				list = append(list, message{fset.Position(e.Pos()).String(), text, codes[codeIn(n)]})
			}
			return true
		})
	})
	return list
}

// messageIn is the message that a node makes, nil if it makes none.
func messageIn(n ast.Node) ast.Expr {
	argument := map[string]int{
		"in.report": 3, "c.report": 2, "in.reportAt": 3, "NewFinding": 3, "schema.NewFinding": 3, "loadError": 2, "problems.add": 0, "misuse": 0, "panic": 0, "errors.New": 0, "fmt.Errorf": 0,
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
	case *ast.AssignStmt: // part of a later message
		if name := nameOf(n.Lhs[0]); name == "what" || name == "why" {
			return n.Rhs[0]
		}
	}
	return nil
}

// codeIn is the name of a code that is the first argument of a call, or "".
func codeIn(n ast.Node) string {
	if call, ok := n.(*ast.CallExpr); ok && len(call.Args) > 0 {
		if name, ok := strings.CutPrefix(nameOf(call.Args[0]), "code."); ok {
			return name
		}
	}
	return ""
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

// format is the text of an expression, with a verb for each unknown part.
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
