package gen

import (
	"slices"
	"strings"

	"github.com/sessiongen/sessiongen/schema"
)

// A comparison tells whether values written in one shape can be read in another: the new decoder must accept every
// value that the old encoder may have written, and must lose nothing but members that the new struct does not have. It
// only checks this direction. Older builds, which still run during a rollout, drop the fields that they cannot read.
//
// Nothing is known about the values that a type's own methods write: only the same method of the same type reads them.
type comparison struct {
	known    map[[2]*shape]bool
	pairs    [][2]*shape // types of the lists: the second reads values of the first
	breaches []breach
	lost     []*member // members of the old side that cannot be read completely
}

// A breach is a part of a value that cannot be read.
type breach struct {
	path     string // cart[].Price
	old      *member
	was, now string
	array    *shape // if the members of this struct, an array on the wire, have changed
}

// fits reports whether a value of the old shape can be read in the new one. Within structs, each member that does not
// fit is a breach of its own.
func (c *comparison) fits(old, new *shape, path string) bool {
	if old.flow || new.flow { // they are in another place
		return old.flow && new.flow && c.fits(old.elem, new.elem, path)
	}
	takesNil := new.takesNil()
	for new.kind == schema.Pointer {
		new = new.elem
	}
	for ; old.kind == schema.Pointer; old = old.elem {
		if !takesNil {
			return false
		}
	}
	pair := [2]*shape{old, new}
	if fits, ok := c.known[pair]; ok {
		return fits
	}
	if c.known == nil {
		c.known = map[[2]*shape]bool{}
	}
	if old.wireType != nil && new.wireType != nil {
		c.pairs = append(c.pairs, pair)
	}
	c.known[pair] = true // unless something is found, a type that contains itself fits
	fits := c.wholeFits(old, new, path)
	c.known[pair] = fits
	return fits
}

func (c *comparison) wholeFits(old, new *shape, path string) bool {
	switch {
	case old.kind == schema.Custom || new.kind == schema.Custom:
		return old.word == new.word
	case new.kind == schema.Any:
		return c.fitsAny(old, new, path)
	}
	switch old.kind {
	case schema.Int:
		return new.kind == schema.Int && new.bits >= old.bits
	case schema.Uint:
		return new.kind == schema.Uint && new.bits >= old.bits || new.kind == schema.Int && new.bits > old.bits
	case schema.Float32:
		return new.kind == schema.Float32 || new.kind == schema.Float64
	case schema.ByteArray:
		return new.kind == schema.Bytes || new.kind == schema.ByteArray && new.len == old.len
	case schema.Slice:
		return new.kind == schema.Slice && c.fits(old.elem, new.elem, path+"[]")
	case schema.Array:
		return (new.kind == schema.Slice || new.kind == schema.Array && new.len == old.len) && c.fits(old.elem, new.elem, path+"[]")
	case schema.Map:
		return new.kind == schema.Map && c.fits(old.key, new.key, path+"[key]") && c.fits(old.elem, new.elem, path+"[]")
	case schema.StructKind:
		return c.structFits(old, new, path)
	}
	return new.kind == old.kind
}

// fitsAny is fits for a new shape any, which only holds maps with string keys.
func (c *comparison) fitsAny(old, new *shape, path string) bool {
	switch old.kind {
	case schema.Slice, schema.Array:
		return c.fits(old.elem, new, path+"[]")
	case schema.Map:
		return old.key.kind == schema.String && c.fits(old.elem, new, path+"[]")
	case schema.StructKind:
		return c.membersFit(old, new, path)
	}
	return true
}

func (c *comparison) structFits(old, new *shape, path string) bool {
	switch {
	case new.kind == schema.Map && !old.Array:
		return new.key.kind == schema.String && c.membersFit(old, new.elem, path)
	case new.kind != schema.StructKind || new.Array != old.Array:
		return false
	case old.Array:
		c.arrays(old, new, path)
	default:
		c.structs(old, new, path)
	}
	return true
}

// membersFit reports whether each member of an old struct can be read in one new shape.
func (c *comparison) membersFit(old, new *shape, path string) bool {
	return !slices.ContainsFunc(old.members, func(m *member) bool { return !c.fits(m.shape, new, path+"."+m.Key) })
}

// structs compares members by name. Members that are not read are skipped.
func (c *comparison) structs(old, new *shape, path string) {
	for _, m := range old.members {
		if reader := new.reader(m.Key); reader != nil {
			c.member(m, reader, path+"."+m.Key)
		}
	}
}

// arrays compares members by position. Names count, too: two members that changed places would be mistaken for each
// other.
func (c *comparison) arrays(old, new *shape, path string) {
	if !slices.EqualFunc(old.members, new.members, func(a, b *member) bool { return a.Key == b.Key }) {
		c.breaches = append(c.breaches, breach{path: path, array: old, was: keys(old.members), now: keys(new.members)})
		return
	}
	for i, m := range old.members {
		c.member(m, new.members[i], path+"."+m.Key)
	}
}

func (c *comparison) member(old, new *member, path string) {
	before := len(c.breaches)
	fits := c.fits(old.shape, new.shape, path)
	if !fits || len(c.breaches) > before {
		c.lost = append(c.lost, old)
	}
	if fits {
		return
	}
	b := breach{path: path, old: old, was: old.Shape, now: new.Shape}
	if b.was == b.now { // the type of this name has changed
		b.was, b.now = old.shape.describe(), new.shape.describe()
	}
	c.breaches = append(c.breaches, b)
}

func keys(members []*member) string {
	var list []string
	for _, m := range members {
		list = append(list, m.Key)
	}
	return strings.Join(list, ", ")
}

// reader is the member that reads a key, under its own name or an older one.
func (s *shape) reader(key string) *member {
	for _, m := range s.members {
		if !m.Removed && (m.Key == key || slices.Contains(m.also, key)) {
			return m
		}
	}
	return nil
}

// takesNil reports whether nil is a value of the shape, or reads as its zero value.
func (s *shape) takesNil() bool {
	switch s.kind {
	case schema.Pointer, schema.Bytes, schema.Slice, schema.Map, schema.Any, schema.Custom:
		return true
	}
	return false
}

// describe says what the name of a type stands for.
func (s *shape) describe() string {
	text := s.text(func(s *shape) string {
		switch {
		case s.Shape != "":
			return s.Name + " = " + s.Shape
		case s.Array:
			return s.Name + " (array)"
		}
		return s.Name + " (map)"
	})
	return text
}
