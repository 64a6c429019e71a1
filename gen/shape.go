package gen

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/sessiongen/sessiongen/schema"
)

// A shape describes a value in a wire format, with the names of types resolved.
type shape struct {
	kind      schema.Kind // Custom for anything that a type's own methods write
	flow      bool        // the values are its elem, in separate cookies
	word      string      // of a shape without parts: "int8", "text(big.Int)"
	bits      int         // of an Int or Uint
	len       int64       // of an Array or ByteArray
	key, elem *shape
	*wireType // nil unless the list has it
	members   []*member
	used      bool // something in the list refers to it
}

// A member is one of a struct, or a key of a schema.
type member struct {
	*wireMember
	shape *shape
}

// words are the shapes of one word.
var words = map[string]shape{
	"bool":    {kind: schema.Bool},
	"int8":    {kind: schema.Int, bits: 8},
	"int16":   {kind: schema.Int, bits: 16},
	"int32":   {kind: schema.Int, bits: 32},
	"int64":   {kind: schema.Int, bits: 64},
	"int":     {kind: schema.Int, bits: 64},
	"uint8":   {kind: schema.Uint, bits: 8},
	"uint16":  {kind: schema.Uint, bits: 16},
	"uint32":  {kind: schema.Uint, bits: 32},
	"uint64":  {kind: schema.Uint, bits: 64},
	"uint":    {kind: schema.Uint, bits: 64},
	"float32": {kind: schema.Float32},
	"float64": {kind: schema.Float64},
	"str":     {kind: schema.String},
	"bin":     {kind: schema.Bytes},
	"time":    {kind: schema.Time},
	"any":     {kind: schema.Any},
}

// A resolved list is a wire format with its shapes resolved.
type resolved struct {
	types []*shape // as in the list: schemas and types
	named map[string]*shape
}

// resolve reads the shapes of a list.
func (list wireTypes) resolve() (*resolved, error) {
	f := &resolved{named: map[string]*shape{}}
	if err := f.declare(list); err != nil {
		return nil, err
	}
	for _, s := range f.types {
		if err := f.define(s); err != nil {
			return nil, err
		}
	}
	for _, s := range f.types {
		if f.isEndless(s) {
			return nil, fmt.Errorf("%s points to nothing but itself", s.Name)
		}
	}
	return f, nil
}

// declare names every type of a list, so that any shape can refer to it.
func (f *resolved) declare(list wireTypes) error {
	for i := range list {
		t := &list[i]
		s := &shape{kind: schema.StructKind, wireType: t}
		f.types = append(f.types, s)
		if t.Removed {
			continue
		}
		if f.named[t.Name] != nil {
			return fmt.Errorf("%s is listed twice", t.Name)
		}
		f.named[t.Name] = s
	}
	return nil
}

// define reads the shape of a declared type, or those of its members.
func (f *resolved) define(s *shape) error {
	if s.Shape != "" {
		whole, err := f.parse(s.Shape)
		if err != nil {
			return err
		}
		if whole.wireType != nil {
			return fmt.Errorf("%s is nothing but another name", s.Name)
		}
		whole.wireType, whole.used = s.wireType, s.used
		*s = *whole
	}
	for i := range s.Members {
		m := &s.Members[i]
		shape, err := f.parse(m.Shape)
		if err != nil {
			return err
		}
		s.members = append(s.members, &member{m, shape})
	}
	return nil
}

// isEndless reports whether a type of the list is a pointer that only leads to pointers.
func (f *resolved) isEndless(s *shape) bool {
	for n := 0; s.kind == schema.Pointer; n++ {
		if n > len(f.types) && s.wireType != nil {
			return true
		}
		s = s.elem
	}
	return false
}

func (f *resolved) parse(text string) (*shape, error) {
	if s := f.named[text]; s != nil {
		s.used = true
		return s, nil
	}
	s, rest := &shape{word: text}, ""
	if word, ok := words[text]; ok {
		word.word = text
		return &word, nil
	}
	switch open := strings.IndexAny(text, "*[("); {
	case open == 0 && text[0] == '*':
		s.kind, rest = schema.Pointer, text[1:]
	case strings.HasPrefix(text, "[]"):
		s.kind, rest = schema.Slice, text[2:]
	case strings.HasPrefix(text, "map["):
		end := closing(text[len("map["):])
		if end < 0 {
			return nil, fmt.Errorf("%q has no end", text)
		}
		key, err := f.parse(text[len("map["):][:end])
		if err != nil {
			return nil, err
		}
		s.kind, s.key, rest = schema.Map, key, text[len("map[")+end+1:]
	case open == 0 && text[0] == '[', strings.HasPrefix(text, "bin["):
		n, after, closed := strings.Cut(text[open+1:], "]")
		var err error
		if s.len, err = strconv.ParseInt(n, 10, 64); err != nil {
			return nil, err
		}
		if open > 0 {
			if s.kind = schema.ByteArray; !closed || after != "" {
				return nil, fmt.Errorf("%q does not end as it should", text)
			}
			return s, nil
		}
		s.kind, rest = schema.Array, after
	case strings.HasPrefix(text, "flow(") && strings.HasSuffix(text, ")"):
		s.flow, rest = true, text[len("flow("):len(text)-1]
	case open > 0 && strings.HasSuffix(text, ")") && isMethod[text[:open]]:
		s.kind = schema.Custom
		return s, nil
	default:
		return nil, fmt.Errorf("%q is no shape", text)
	}
	var err error
	s.elem, err = f.parse(rest)
	return s, err
}

var isMethod = map[string]bool{"custom": true, "msgpack": true, "binary": true, "text": true, "json": true, "gob": true, "via": true}

// closing is the index of the bracket that closes the one before s, or -1.
func closing(s string) int {
	depth := 1
	for i := range len(s) {
		switch s[i] {
		case '[':
			depth++
		case ']':
			depth--
		}
		if depth == 0 {
			return i
		}
	}
	return -1
}

// text writes a shape as in the list, with these names for the list's types.
func (s *shape) text(name func(*shape) string) string {
	if s.wireType != nil {
		return name(s)
	}
	return s.whole(name)
}

// whole is text for the entry of s itself.
func (s *shape) whole(name func(*shape) string) string {
	if s.flow {
		return "flow(" + s.elem.text(name) + ")"
	}
	switch s.kind {
	case schema.Pointer:
		return "*" + s.elem.text(name)
	case schema.Slice:
		return "[]" + s.elem.text(name)
	case schema.Array:
		return fmt.Sprintf("[%d]%s", s.len, s.elem.text(name))
	case schema.Map:
		return "map[" + s.key.text(name) + "]" + s.elem.text(name)
	}
	return s.word
}
