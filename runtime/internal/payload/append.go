package payload

import (
	"encoding/binary"

	"github.com/sessiongen/sessiongen/runtime/internal/wire"
)

// Append appends the plaintext that Parse reads. It gives the session an id if it has none.
func (c *Contents) Append(dst []byte) []byte {
	if former, ok := c.FormerID(); ok {
		return c.AppendMoved(dst, &former)
	}
	return c.AppendMoved(dst, nil)
}

// LikelySize returns how many bytes Append appends, or slightly more. It is too small if the
// metadata has rare elements.
func (c *Contents) LikelySize() int {
	size := usualSize
	for i := range c.slots {
		size += int(c.slots[i].end - c.slots[i].start())
	}
	return size
}

// usualSize is the size of everything but the fields in an ordinary session, in bytes.
const usualSize = 2 + 2 + IDSize + 3*5 + 1 + 1

// AppendMoved is Append for a session whose former id is given; nil for none.
func (c *Contents) AppendMoved(dst []byte, former *ID) []byte {
	id, created := c.ID(), c.earliest()
	elements := metadataLength
	var more []byte
	if c.rare != nil || c.later != nil || former != nil || c.Device != (Thumbprint{}) {
		elements, more = c.moreMetadata(created, former)
	}
	var authenticated int64
	if c.Authenticated != 0 {
		authenticated = c.Authenticated - created + 1
	}
	dst = wire.AppendArrayHeader(dst, plaintextLength)
	dst = wire.AppendArrayHeader(dst, elements)
	dst = wire.AppendBytes(dst, id[:])
	for _, n := range [...]int64{created, max(0, c.Saved-created), authenticated, int64(c.flags)} {
		dst = wire.AppendUint(dst, uint64(n))
	}
	return c.appendFields(append(dst, more...))
}

// moreMetadata returns the elements of the metadata that most sessions do not have, encoded, and the
// total number of elements.
func (c *Contents) moreMetadata(created int64, former *ID) (elements int, more []byte) {
	var expiries []byte
	var expiring, later int
	if c.rare != nil {
		expiries, expiring = c.appendExpiries(nil, created)
		later = c.rare.laterCount
	}
	more = append(wire.AppendMapHeader(nil, expiring), expiries...)
	if c.later != nil {
		var count int
		more, count = c.later.append(more)
		later += count
	}
	if former != nil {
		more = wire.AppendBytes(more, append([]byte{formerTag}, former[:]...))
		later++
	}
	if c.Device != (Thumbprint{}) {
		more = wire.AppendBytes(more, append([]byte{deviceTag}, c.Device[:]...))
		later++
	}
	if expiring == 0 && later == 0 {
		return metadataLength, nil
	}
	if c.rare != nil {
		more = append(more, c.rare.later...)
	}
	return metadataLength + 1 + later, more
}

// append appends the elements that are set, and returns their number.
func (l *later) append(dst []byte) (_ []byte, count int) {
	if l.marks != (Marks{}) {
		dst = l.marks.append(dst)
		count++
	}
	if l.origin != "" {
		dst = wire.AppendBytes(dst, append([]byte{originTag}, l.origin...))
		count++
	}
	return dst, count
}

// append appends the marks as an element of the metadata.
func (m Marks) append(dst []byte) []byte {
	v := []byte{marksTag}
	for _, number := range []uint64{m.All, m.Principal, m.LogIn} {
		v = binary.BigEndian.AppendUint64(v, number)
	}
	if m.Moved > 0 {
		v = binary.BigEndian.AppendUint64(v, m.Moved)
	}
	return wire.AppendBytes(dst, v)
}

func (c *Contents) appendFields(dst []byte) []byte {
	fields := len(c.unknown())
	for i := range c.slots {
		if c.slots[i].end != 0 {
			fields++
		}
	}
	dst = wire.AppendMapHeader(dst, fields)
	for i := 0; i < len(c.slots); i++ {
		s := c.slots[i]
		if s.keyLen == 0 {
			if s.end == 0 {
				continue
			}
			dst = append(dst, c.schema.fields[i].header...)
		}
		// Adjacent fields, as in a text that was read, are copied at once.
		start := s.start()
		for i+1 < len(c.slots) && c.slots[i+1].start() == s.end && c.slots[i+1].keyLen != 0 {
			i++
			s.end = c.slots[i].end
		}
		dst = append(dst, c.text[start:s.end]...)
	}
	for _, u := range c.unknown() {
		dst = append(wire.AppendString(dst, string(u.key)), u.raw...)
	}
	return dst
}

// earliest returns the earliest time in the metadata, from which all times are counted. It is
// usually Created, but a node whose clock is behind may have noted an earlier time.
func (c *Contents) earliest() int64 {
	earliest := c.Created
	if c.Authenticated != 0 {
		earliest = min(earliest, c.Authenticated)
	}
	if c.rare != nil {
		for _, expires := range c.rare.expires {
			if expires != 0 {
				earliest = min(earliest, expires)
			}
		}
		for _, u := range c.rare.unknown {
			if u.expires != 0 {
				earliest = min(earliest, u.expires)
			}
		}
	}
	return max(0, earliest)
}

// appendExpiries appends the entries of the map of expiries, in seconds after from, and returns
// their number.
func (c *Contents) appendExpiries(dst []byte, from int64) (entries []byte, n int) {
	add := func(key string, expires int64) {
		if expires != 0 {
			dst = wire.AppendString(dst, key)
			dst = wire.AppendUint(dst, uint64(expires-from))
			n++
		}
	}
	for i, expires := range c.rare.expires {
		add(c.schema.fields[i].key, expires)
	}
	for _, u := range c.rare.unknown {
		add(string(u.key), u.expires)
	}
	return dst, n
}
