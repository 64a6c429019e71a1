package gen

import (
	"bytes"
	"cmp"
	"fmt"
	"go/types"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/sessiongen/sessiongen/schema"
)

// The wire format of a package's sessions is in the comment at the top of its generated file. The next run reads it
// from there:
//
//	Name              a schema, in source order; then the structs and recursive types, by name
//	  key   shape     a key and what is stored under it
//	Name (array)      a struct that is an array on the wire: its members in order
//	Name = shape      a type that holds itself with no struct between, type Tree []Tree
//	Name (removed)    a schema that is gone; behind the other schemas
//
// A line that ends in "(partial: without a, b)" is for a key or member with the option partial, or for a struct that
// embeds another with it, and lists what is not stored. A shape that ends in "(removed)" is for a key that is no
// longer in the schema, or for a member that is no longer in its struct. Sessions in browsers may still have it.
//
// Shapes are bool, int8 to int64, int, uint8 to uint64, uint, float32, float64, str, bin, bin[16], time, any, []T,
// [4]T, map[K]T, *T, and the names of the list's types. custom(T), msgpack(T), binary(T) and text(T) are written by a
// method of T, json(T) and gob(T) by these packages, and via(T) by a function of the program. The key of a flow has
// the shape flow(T): it is not in the session, but in a cookie of its own. A member of an array behind an embedded
// pointer is *T, since it is nil if the pointer is. Names and keys that a reader could misread are quoted as Go
// strings.

const wireIntro = "// Wire format of this package's sessions, by key. The next run of sessiongen reads\n" +
	"// this list back, so that a change cannot misread the sessions that browsers hold.\n"

// wireTypes is a wire format: an entry for each schema and type, in the comment's order.
type wireTypes []wireType

type wireType struct {
	Name    string
	Array   bool
	Removed bool   // a schema that no longer exists. Nothing refers to its name, which may now be a type's
	Shape   string // only of a type that is not a struct
	Lost    string // the members of embedded structs that are not stored, as in the list
	Members []wireMember
	Line    int // in the file that it was read from
}

type wireMember struct {
	Key, Shape string
	Lost       string // the members that are not stored, as in the list
	Removed    bool
	Line       int

	also []string // other keys that are read: was=, or alias: in a struct. They are not listed.
}

const (
	removedMark = " (removed)"
	partialMark = " (partial: without "
)

// wireFormat describes how the sessions of the package are stored.
func (g *generator) wireFormat() wireTypes {
	g.nameWireTypes()
	var schemas, others wireTypes
	for _, s := range g.pkg.Schemas {
		t := wireType{Name: s.Name}
		for _, f := range s.Fields {
			shape := g.shape(f.Type)
			if f.Use == schema.Flow {
				shape = "flow(" + shape + ")"
			}
			t.Members = append(t.Members, wireMember{Key: f.Key, Shape: shape, Lost: strings.Join(f.Lost, ", "), also: f.Was})
		}
		schemas = append(schemas, t)
	}
	for _, c := range g.codecList {
		t := wireType{Name: c.wireName}
		if c.strct == nil {
			t.Shape = g.wholeShape(c.typ)
		} else {
			t.Array, t.Lost = c.strct.AsArray, strings.Join(c.strct.LetGo, ", ")
			for _, m := range c.strct.Members {
				shape := g.shape(m.Type)
				if t.Array && embeddedIn(m) != "" {
					shape = "*" + shape
				}
				t.Members = append(t.Members, wireMember{Key: m.Name, Shape: shape, Lost: strings.Join(m.Lost, ", "), also: m.Aliases})
			}
		}
		others = append(others, t)
	}
	slices.SortFunc(others, func(a, b wireType) int { return cmp.Compare(a.Name, b.Name) })
	return append(schemas, others...)
}

// nameWireTypes names every type of the list: pkg.Name, or with the path if pkg.Name belongs to another type or has a
// meaning in the list. An unnamed struct has the name of its codec.
func (g *generator) nameWireTypes() {
	used := map[string]bool{}
	for _, s := range g.pkg.Schemas {
		used[s.Name] = true // a field may store the schema's type: type session struct{ Last *session }
	}
	for _, c := range g.codecList {
		c.wireName = c.name
		if t := c.goType(); isNamed(t) {
			c.wireName = label(g.pkg, t)
			if _, isWord := words[c.wireName]; isWord || used[c.wireName] {
				c.wireName = types.TypeString(types.Unalias(t), nil)
			}
		}
		used[c.wireName] = true
	}
}

// label is a type's name in comments, with its package's name if it is another's.
func label(pkg *schema.Package, t types.Type) string {
	return types.TypeString(types.Unalias(t), func(p *types.Package) string {
		if p.Path() == pkg.Path {
			return ""
		}
		return p.Name()
	})
}

// shape describes a value of type t on the wire.
func (g *generator) shape(t *schema.Type) string {
	if c := g.codecOf[t]; c != nil {
		return c.wireName
	}
	return g.wholeShape(t)
}

// wholeShape is shape for the entry of t itself.
func (g *generator) wholeShape(t *schema.Type) string {
	switch t.Kind {
	case schema.Bool, schema.Int, schema.Uint, schema.Float32, schema.Float64:
		return types.Typ[t.Go.Underlying().(*types.Basic).Kind()].Name()
	case schema.String:
		return "str"
	case schema.Bytes:
		return "bin"
	case schema.ByteArray:
		return fmt.Sprintf("bin[%d]", t.Len)
	case schema.Time:
		return "time"
	case schema.Any:
		return "any"
	case schema.Slice:
		return "[]" + g.shape(t.Elem)
	case schema.Array:
		return fmt.Sprintf("[%d]%s", t.Len, g.shape(t.Elem))
	case schema.Map:
		return "map[" + g.shape(t.Key) + "]" + g.shape(t.Elem)
	case schema.Pointer:
		return "*" + g.shape(t.Elem)
	case schema.StructKind:
		return g.codecOf[t.Struct].wireName
	}
	if t.Kind == schema.Via {
		return "via(" + label(g.pkg, t.Go) + ")"
	}
	return strings.ToLower(basic[t.Kind]) + "(" + label(g.pkg, t.Go) + ")"
}

// comment is the list in the form that the file has.
func (list wireTypes) comment() string {
	width := 12
	for _, t := range list {
		for _, m := range t.Members {
			width = max(width, len(quoteName(m.Key))+2)
		}
	}
	var b strings.Builder
	b.WriteString(wireIntro)
	for _, t := range list {
		b.WriteString("//\n//\t" + quoteName(t.Name))
		switch {
		case t.Array:
			b.WriteString(" (array)")
		case t.Shape != "":
			b.WriteString(" = " + t.Shape)
		case t.Removed:
			b.WriteString(removedMark)
		}
		if t.Lost != "" {
			b.WriteString(partialMark + t.Lost + ")")
		}
		b.WriteByte('\n')
		for _, m := range t.Members {
			fmt.Fprintf(&b, "//\t  %-*s%s", width, quoteName(m.Key), m.Shape)
			if m.Lost != "" {
				b.WriteString(partialMark + m.Lost + ")")
			}
			if m.Removed {
				b.WriteString(removedMark)
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// conflictMark is a line that Git adds to a file whose versions it could not merge.
var conflictMark = regexp.MustCompile(`^(<{7}|\|{7}|={7}|>{7})`)

// parseWire reads the list of a generated file. For a file without a list, it returns none and no error.
func parseWire(src []byte) (wireTypes, error) {
	intro, _, _ := strings.Cut(wireIntro, "\n")
	var list wireTypes
	found, number := false, 0
	for line := range bytes.Lines(src) {
		number++
		text, isComment := strings.CutPrefix(strings.TrimRight(string(line), "\r\n"), "//")
		if !found {
			found = "//"+text == intro
			continue
		}
		if !isComment && conflictMark.Match(line) {
			continue // browsers may have what either side of a merge lists
		}
		if !isComment {
			break
		}
		text, isEntry := strings.CutPrefix(text, "\t")
		if !isEntry {
			continue
		}
		if line[len(line)-1] != '\n' {
			return nil, fmt.Errorf("line %d of the wire format is cut off", number)
		}
		member, isMember := strings.CutPrefix(text, "  ")
		name, rest, err := cutName(member)
		switch {
		case err != nil:
			return nil, fmt.Errorf("line %d of the wire format: %w", number, err)
		case isMember && (len(list) == 0 || rest == ""):
			return nil, fmt.Errorf("line %d of the wire format: %q belongs to nothing, or has no shape", number, name)
		case isMember:
			t := &list[len(list)-1]
			shape, removed := strings.CutSuffix(rest, removedMark)
			shape, lost, _ := strings.Cut(shape, partialMark)
			t.Members = append(t.Members, wireMember{Key: name, Shape: shape, Lost: strings.TrimSuffix(lost, ")"), Removed: removed, Line: number})
		default:
			rest, lost, _ := strings.Cut(" "+rest, partialMark)
			rest = strings.TrimPrefix(rest, " ")
			t := wireType{Name: name, Lost: strings.TrimSuffix(lost, ")"), Line: number}
			shape, isShape := strings.CutPrefix(rest, "= ")
			switch {
			case isShape:
				t.Shape = shape
			case rest == "(array)":
				t.Array = true
			case rest == strings.TrimSpace(removedMark):
				t.Removed = true
			case rest != "":
				return nil, fmt.Errorf("line %d of the wire format: %q means nothing", number, rest)
			}
			list = append(list, t)
		}
	}
	return list, nil
}

// quoteName quotes a name that cutName could not read unquoted.
func quoteName(name string) string {
	odd := func(r rune) bool { return r == ' ' || r == '"' || r == '`' || !unicode.IsPrint(r) }
	if name == "" || strings.ContainsFunc(name, odd) {
		return strconv.Quote(name)
	}
	return name
}

// cutName splits a line after its name.
func cutName(line string) (name, rest string, err error) {
	if strings.HasPrefix(line, `"`) {
		quoted, err := strconv.QuotedPrefix(line)
		if err != nil {
			return "", "", err
		}
		name, err := strconv.Unquote(quoted)
		return name, strings.TrimLeft(line[len(quoted):], " "), err
	}
	name, rest, _ = strings.Cut(line, " ")
	return name, strings.TrimLeft(rest, " "), nil
}
