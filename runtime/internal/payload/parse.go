package payload

import (
	"bytes"
	"encoding/binary"
	"errors"

	"github.com/sessiongen/sessiongen/runtime/internal/wire"
)

const (
	plaintextLength = 2
	metadataLength  = 5

	marksTag  = 'm'
	marksSize = 1 + 3*8 // plus movedSize if the session has moved
	movedSize = 8

	originTag = 'o'

	formerTag  = 'f'
	formerSize = 1 + IDSize

	deviceTag  = 'd'
	deviceSize = 1 + len(Thumbprint{})
)

// ErrMalformed means that a plaintext does not have the form of a session.
var ErrMalformed = errors.New("session: malformed payload")

// usualStart is the beginning of a plaintext, up to the id, if its metadata has no rare elements.
var usualStart = []byte{0x90 | plaintextLength, 0x90 | metadataLength, 0xc4, IDSize}

// Parse reads an authenticated plaintext into c, which must be empty. It keeps text, and later
// appends to it within its capacity. The error is ErrMalformed.
func (c *Contents) Parse(text []byte) error {
	c.text = text
	r := wire.NewReader(text)
	elements := c.parseMetadata(&r)
	var expiries []byte
	if elements > metadataLength {
		expiries = c.parseLater(&r, elements)
	}
	if elements < metadataLength || !c.parseFields(&r) || !r.Done() {
		return ErrMalformed
	}
	if expiries != nil && !c.parseExpiries(wire.NewReader(expiries)) {
		return ErrMalformed
	}
	return nil
}

// parseMetadata reads the elements that every version has, and returns the number of elements.
func (c *Contents) parseMetadata(r *wire.Reader) (elements int) {
	meta := &c.Metadata
	elements = metadataLength
	if len(r.Rest()) > len(usualStart)+IDSize && r.Literal(usualStart) {
		r.Take(meta.id[:])
	} else {
		if r.Array() != plaintextLength {
			return 0
		}
		elements = r.Array()
		copy(meta.id[:], r.Fixed(IDSize))
	}
	meta.hasID = true
	meta.Created = r.Seconds()
	meta.Saved = meta.Created + r.Seconds()
	if authenticated := r.Seconds(); authenticated > 0 {
		meta.Authenticated = meta.Created + authenticated - 1
	}
	meta.flags = r.Uint()
	return elements
}

// parseLater reads the rare elements of the metadata, and returns the encoded expiries.
func (c *Contents) parseLater(r *wire.Reader, elements int) (expiries []byte) {
	start := r.Pos()
	r.Skip()
	expiries = r.From(start)
	more := elements - metadataLength - 1
	if marks, ok := parseMarks(r.Rest()); ok && more > 0 {
		c.keepMarks(marks)
		r.Skip()
		more--
	}
	if origin, ok := parseOrigin(r.Rest()); ok && more > 0 {
		c.SetOrigin(origin)
		r.Skip()
		more--
	}
	if former, size, err := wire.Bytes(r.Rest()); err == nil && more > 0 && len(former) == formerSize && former[0] == formerTag {
		c.formerAt = uint32(r.Pos() + size - IDSize)
		r.Skip()
		more--
	}
	if device, ok := parseDevice(r.Rest()); ok && more > 0 {
		c.Device = device
		r.Skip()
		more--
	}
	later, count := r.Pos(), 0
	for ; count < more && !r.Failed(); count++ {
		r.Skip()
	}
	if count > 0 {
		c.rarely().later, c.rare.laterCount = r.From(later), count
	}
	return expiries
}

// parseMarks reads the marks, if b begins with them. Other elements are of a later version.
func parseMarks(b []byte) (m Marks, ok bool) {
	v, _, err := wire.Bytes(b)
	if err != nil || len(v) != marksSize && len(v) != marksSize+movedSize || v[0] != marksTag {
		return m, false
	}
	number := func(i int) uint64 { return binary.BigEndian.Uint64(v[1+8*i:]) }
	m = Marks{All: number(0), Principal: number(1), LogIn: number(2)}
	if len(v) > marksSize {
		m.Moved = number(3)
	}
	return m, len(v) == marksSize || m.Moved > 0 // the only form that append writes
}

// parseDevice reads the thumbprint, if b begins with one.
func parseDevice(b []byte) (t Thumbprint, ok bool) {
	v, _, err := wire.Bytes(b)
	if err != nil || len(v) != deviceSize || v[0] != deviceTag {
		return t, false
	}
	t = Thumbprint(v[1:])
	return t, t != Thumbprint{} // the only form that append writes
}

// parseFields notes where each value lies. It returns false if a key occurs twice.
func (c *Contents) parseFields(r *wire.Reader) bool {
	var others []otherSlot
	fields, slots := c.schema.fields, c.slots
	next := 0 // fields are saved in the order of the schema
	for n := r.Map(); n > 0 && !r.Failed(); n-- {
		if next < len(fields) && next < len(slots) && slots[next].end == 0 {
			key := fields[next].header
			if value, end, ok := r.Pair(key); ok {
				slots[next] = slot{keyLen: uint16(len(key)), value: uint32(value), end: uint32(end)}
				next++
				continue
			}
		}
		var ok bool
		if next, others, ok = c.parseOutOfTurn(r, next, others); !ok {
			return false
		}
	}
	return c.resolve(others)
}

// parseOutOfTurn reads a field that is not the next one of the schema. If the field already has a
// value, the further one is appended to others. It returns the index of the field that follows in
// the schema. It returns false if an unknown key occurs twice.
func (c *Contents) parseOutOfTurn(r *wire.Reader, next int, others []otherSlot) (int, []otherSlot, bool) {
	at, start, known := c.parseKey(r)
	if !known {
		return next, others, c.addUnknown(r, start)
	}
	value := r.Pos()
	r.Skip()
	s := slot{keyLen: uint16(value - start), value: uint32(value), end: uint32(r.Pos()), rank: at.rank}
	if c.slots[at.index].end == 0 {
		c.slots[at.index] = s
	} else {
		others = append(others, otherSlot{at.index, s})
	}
	return at.index + 1, others, true
}

// parseKey reads a key. start is where the key to be written again begins. It is the end of the key
// if the field's own key is to be written in its place. known is false if the schema does not have
// the key.
func (c *Contents) parseKey(r *wire.Reader) (at place, start int, known bool) {
	start = r.Pos()
	at, known = c.schema.lookup(r.String())
	if known && string(r.From(start)) != string(c.schema.fields[at.index].header) {
		start = r.Pos()
	}
	return at, start, known
}

// addUnknown reads the value for the unknown key that was just read and begins at start. It returns
// false if the key occurs twice.
func (c *Contents) addUnknown(r *wire.Reader, start int) bool {
	key := wire.NewReader(r.From(start))
	u := unknownField{key: key.String()}
	start = r.Pos()
	r.Skip()
	if c.findUnknown(u.key) != nil {
		return false
	}
	u.raw = r.From(start)
	c.rarely().unknown = append(c.unknown(), u)
	return true
}

// An otherSlot is a further value of a field, under another of its keys.
type otherSlot struct {
	index int
	slot
}

// resolve decides between several values of one field. It returns false if a key occurs twice.
func (c *Contents) resolve(others []otherSlot) bool {
	for i, other := range others {
		if c.slots[other.index].rank == other.rank {
			return false
		}
		for _, earlier := range others[:i] {
			if earlier.index == other.index && earlier.rank == other.rank {
				return false
			}
		}
		held := &c.slots[other.index]
		// Builds that know different keys do not see each other's log-ins, so different principals
		// cancel out.
		disputed := c.schema.fields[other.index].principal &&
			(held.dropped || !bytes.Equal(c.text[held.value:held.end], c.text[other.value:other.end]))
		if other.rank < held.rank { // the newer key wins
			// A later value may have the key of the replaced one, so that one is kept for the
			// comparison.
			others[i].slot, *held = *held, other.slot
		}
		held.dropped = disputed
	}
	return true
}

// parseOrigin reads the origin, if b begins with one.
func parseOrigin(b []byte) (origin string, ok bool) {
	v, _, err := wire.Bytes(b)
	if err != nil || len(v) < 2 || v[0] != originTag {
		return "", false
	}
	return string(v[1:]), true
}

func (c *Contents) parseExpiries(r wire.Reader) bool {
	for n := r.Map(); n > 0 && !r.Failed(); n-- {
		key, expires := r.String(), c.Created+r.Seconds()
		if at, known := c.schema.lookup(key); !known {
			if u := c.findUnknown(key); u != nil {
				u.expires = expires
			}
		} else if s := c.slots[at.index]; s.end != 0 && s.rank == at.rank {
			c.SetExpiry(at.index, expires)
		}
	}
	return r.Done()
}
