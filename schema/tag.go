package schema

import (
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"strconv"
	"strings"
	"unicode/utf8"
)

// text is a string with the source position of each byte. In a string literal with escapes, that is not just the
// literal's position plus an offset.
type text struct {
	s   string
	pos []token.Pos // one more than s has bytes: the last is its end
}

func (t text) slice(i, j int) text { return text{t.s[i:j], t.pos[i : j+1]} }
func (t text) at() token.Pos       { return t.pos[0] }

// cut slices t around the first sep, as strings.Cut does.
func (t text) cut(sep string) (before, after text, found bool) {
	if i := strings.Index(t.s, sep); i >= 0 {
		return t.slice(0, i), t.slice(i+len(sep), len(t.s)), true
	}
	return t, t.slice(len(t.s), len(t.s)), false
}

// trimSpaces is t without the spaces at its beginning.
func (t text) trimSpaces() text {
	return t.slice(len(t.s)-len(strings.TrimLeft(t.s, " ")), len(t.s))
}

// literal is the text of a Go string literal.
func literal(lit *ast.BasicLit) text {
	t := text{lit.Value, make([]token.Pos, len(lit.Value)+1)}
	for i := range t.pos {
		t.pos[i] = lit.Pos() + token.Pos(i)
	}
	t, _ = t.unquote()
	return t
}

// unquote is strconv.Unquote.
func (t text) unquote() (text, error) {
	s, err := strconv.Unquote(t.s)
	if err != nil {
		return t, err
	}
	u := text{s, make([]token.Pos, 0, len(s)+1)}
	rest := t.s[1 : len(t.s)-1]
	for len(rest) > 0 {
		at := t.pos[len(t.s)-1-len(rest)]
		size, tail := 1, rest[1:]
		if t.s[0] != '`' {
			var r rune
			var multibyte bool
			r, multibyte, tail, _ = strconv.UnquoteChar(rest, '"')
			if multibyte {
				size = utf8.RuneLen(r)
			}
		}
		for i := range size {
			if size == len(rest)-len(tail) {
				u.pos = append(u.pos, at+token.Pos(i)) // a letter that is not escaped
			} else {
				u.pos = append(u.pos, at)
			}
		}
		rest = tail
	}
	u.pos = append(u.pos, t.pos[len(t.s)-1])
	return u, nil
}

// A pair is one key:"value" of a struct tag.
type pair struct {
	key   text
	value text
}

// pairs splits a struct tag like reflect.StructTag.Lookup. Where that silently gives up, pairs returns an error in go
// vet's words, with its place.
func pairs(tag text) (list []pair, at token.Pos, err error) {
	rest := tag.trimSpaces()
	for rest.s != "" {
		p, after, at, err := cutPair(rest)
		if err != nil {
			return list, at, err
		}
		list = append(list, p)
		rest = after.trimSpaces()
		if rest.s != "" && rest.s == after.s {
			return list, rest.at(), errors.New(`key:"value" pairs not separated by spaces`)
		}
	}
	return list, token.NoPos, nil
}

// cutPair cuts the first pair off a struct tag, or says where the tag is wrong.
func cutPair(tag text) (p pair, rest text, at token.Pos, err error) {
	end := 0
	for end < len(tag.s) && isKeyByte(tag.s[end]) {
		end++
	}
	switch {
	case end == 0:
		return pair{}, tag, tag.at(), errors.New("bad syntax for struct tag key")
	case end == len(tag.s) || tag.s[end] != ':':
		return pair{}, tag, tag.at(), errors.New("bad syntax for struct tag pair")
	}
	after := tag.slice(end+1, len(tag.s))
	value, rest, ok := cutQuoted(after)
	if !ok {
		return pair{}, tag, after.at(), errors.New("bad syntax for struct tag value")
	}
	return pair{tag.slice(0, end), value}, rest, token.NoPos, nil
}

func isKeyByte(c byte) bool { return c > ' ' && c != ':' && c != '"' && c != 0x7f }

// cutQuoted cuts a value in double quotes off t.
func cutQuoted(t text) (value, rest text, ok bool) {
	if !strings.HasPrefix(t.s, `"`) {
		return text{}, t, false
	}
	for i := 1; i < len(t.s); i++ {
		switch t.s[i] {
		case '\\':
			i++
		case '"':
			value, err := t.slice(0, i+1).unquote()
			return value, t.slice(i+1, len(t.s)), err == nil
		}
	}
	return text{}, t, false
}

// sessionTag finds a tag's session pair. A malformed tag is an error only if it may be a session's.
func sessionTag(lit *ast.BasicLit) (value text, found bool, at token.Pos, err error) {
	if lit == nil || !strings.Contains(lit.Value, "session") {
		return text{}, false, token.NoPos, nil
	}
	tag := literal(lit)
	list, at, err := pairs(tag)
	for _, p := range list {
		switch {
		case p.key.s != "session":
		case found:
			return value, true, p.key.at(), errors.New("a second session tag on one field")
		default:
			value, found = p.value, true
		}
	}
	if err != nil && (found || strings.Contains(tag.s, "session:")) {
		return value, true, at, fmt.Errorf("struct field tag %s is malformed: %w", lit.Value, err)
	}
	return value, found, token.NoPos, nil
}

// An option is a name or name=value in a session tag.
type option struct {
	name, value text
	hasValue    bool
}

// options splits the part after the key. A value may contain anything but a comma. In single quotes it may contain
// anything, and quotes are doubled.
func options(s text) (list []option, at token.Pos, err error) {
	for {
		var o option
		eq, comma := strings.IndexByte(s.s, '='), strings.IndexByte(s.s, ',')
		quoted := eq >= 0 && (comma < 0 || eq < comma) && strings.HasPrefix(s.s[eq+1:], "'")
		if !quoted {
			item, rest, more := s.cut(",")
			o.name, o.value, o.hasValue = item.cut("=")
			list = append(list, o)
			if !more {
				return list, token.NoPos, nil
			}
			s = rest
			continue
		}
		o.name, o.hasValue = s.slice(0, eq), true
		var end int
		if o.value, end = quotedValue(s, eq+1); end < 0 {
			return list, s.pos[eq+1], errors.New("a quote without its end")
		}
		list = append(list, o)
		switch {
		case end == len(s.s):
			return list, token.NoPos, nil
		case s.s[end] != ',':
			return list, s.pos[end], errors.New("a comma is missing after the quoted value")
		}
		s = s.slice(end+1, len(s.s))
	}
}

// quotedValue reads a value in single quotes, and returns the index behind it, or -1.
func quotedValue(s text, open int) (text, int) {
	value := text{pos: make([]token.Pos, 0, len(s.s))}
	for i := open + 1; i < len(s.s); i++ {
		if s.s[i] == '\'' {
			if i+1 == len(s.s) || s.s[i+1] != '\'' {
				value.pos = append(value.pos, s.pos[i])
				return value, i + 1
			}
			i++
		}
		value.s += s.s[i : i+1]
		value.pos = append(value.pos, s.pos[i])
	}
	return text{}, -1
}
