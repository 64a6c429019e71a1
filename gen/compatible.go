package gen

import (
	"slices"
	"strings"

	"github.com/sessiongen/sessiongen/schema"
)

// A comparison tells whether what was written in one shape can be read in another: whether the
// decoder of the new accepts every value that the encoder of the old may have written, and loses
// nothing of it but members that the new struct does not have. It asks in this direction alone. Builds
// of the other direction, still running while a new one is rolled out, drop the fields that they cannot
// read.
//
// Of what a type's own methods write nothing is known but the type: it is read by the same method of the
// same type, and by nothing else.
type comparison struct {
	known    map[[2]*shape]bool
	pairs    [][2]*shape // types of the lists, of which the second reads what was written as the first
	breaches []breach
	lost     []*member // of the old side: those that cannot be read, or not all of them
}

// A breach is a part of a value that cannot be read.
type breach struct {
	path     string // cart[].Price
	old      *member
	was, now string
	array    *shape // if it is the members of this struct, an array on the wire, that are others
}

// fits reports whether a value of the old shape can be read in the new one. Where structs meet, what
// is wrong with a member of theirs is a breach of its own.
func (c *comparison) fits(old, new *shape, path string) bool {
	if old.flow || new.flow { // which live elsewhere
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
	c.known[pair] = true // unless something says otherwise, a type that holds itself fits
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

// fitsAny is fits for a new shape of any, which holds maps from strings alone.
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

// structs compares members by name. Those that are not read are passed over.
func (c *comparison) structs(old, new *shape, path string) {
	for _, m := range old.members {
		if reader := new.reader(m.Key); reader != nil {
			c.member(m, reader, path+"."+m.Key)
		}
	}
}

// arrays compares members by place. Their names count, too: two that changed places would be taken
// for each other.
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
	if b.was == b.now { // the name of what is something else now
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

// reader is the member that is read from a key, itself or as an older name.
func (s *shape) reader(key string) *member {
	for _, m := range s.members {
		if !m.Removed && (m.Key == key || slices.Contains(m.also, key)) {
			return m
		}
	}
	return nil
}

// takesNil reports whether nil is a value of the shape, or is read as its zero value.
func (s *shape) takesNil() bool {
	switch s.kind {
	case schema.Pointer, schema.Bytes, schema.Slice, schema.Map, schema.Any, schema.Custom:
		return true
	}
	return false
}

// describe says what is behind the name of a type.
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
