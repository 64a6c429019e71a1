package runtime

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"slices"

	"github.com/sessiongen/sessiongen/runtime/internal/wire"
)

// The plaintext of a token is a msgpack array of two: the metadata, and the map of
// fields. The metadata is an array of at least five:
//
//	id             bin, 16 random bytes
//	created        Unix seconds
//	seen           seconds from created to the last save
//	authenticated  seconds from created to the authentication, plus one; 0 for none
//	flags          bit 0: permanent
//	expiries       a map from key to seconds since created, if a field has a ttl
//
// Elements after the ones that this build knows are carried through unchanged, as
// are fields whose keys it does not know.

const (
	idSize          = 16
	metadataLength  = 5
	flagPermanent   = 1 << 0
	plaintextLength = 2
)

type metadata struct {
	id            [idSize]byte
	hasID         bool
	created       int64
	seen          int64 // when it was last saved
	authenticated int64 // 0 for never
	flags         uint64
}

func (meta *metadata) permanent() bool { return meta.flags&flagPermanent != 0 }

// contents is what a token says, or will say: one text, and where in it each value
// lies. What was once read from the text stays as it is, so that values can be decoded
// without a lock; new ones are appended.
type contents struct {
	meta  metadata
	text  []byte
	slots []slot // by the index of the field
	rare  *rare  // what most sessions do not have; may be nil

	// Room for an ordinary session, so that opening one is one allocation.
	shortText [168]byte
	fewSlots  [8]slot
}

// A slot says where one field is in the text: its encoded value from value to end,
// behind its key of keyLen bytes. The field is absent if end is 0. The key is left
// out, and keyLen is 0, if it is to be written in another form than it was read.
type slot struct {
	value, end uint32
	keyLen     uint16
	age        uint8 // 0 if it came under the field's key, n if under its nth was=
	dropped    bool  // it does not decode to the field's type, and counts as absent
}

// The longest key, with its header, and the oldest was= that a slot can tell.
const (
	maxKeyLen = math.MaxUint16
	maxAge    = math.MaxUint8
)

func (s slot) start() uint32 { return s.value - uint32(s.keyLen) }

// present reports whether the field is there to be read.
func (s slot) present() bool { return s.end != 0 && !s.dropped }

type rare struct {
	expires    []int64 // by the index of the field, in Unix seconds; 0 for never
	unknown    []unknownField
	older      []keyIndex // the keys of was= that were there
	later      []byte     // the encoded elements of the metadata after the known ones
	laterCount int
}

// An unknownField is a field of a build with another schema.
type unknownField struct {
	key     []byte // without its header
	raw     []byte
	expires int64
}

// init makes room for an empty session, at first in c itself.
func (c *contents) init(fields int) {
	c.text = c.shortText[:0]
	if fields <= len(c.fewSlots) {
		c.slots = c.fewSlots[:fields]
	} else {
		c.slots = make([]slot, fields)
	}
}

// reset makes the session empty. The text that values are being decoded from stays.
func (c *contents) reset() {
	c.meta, c.text, c.rare = metadata{}, nil, nil
	clear(c.slots)
}

func (c *contents) empty() bool {
	return !slices.ContainsFunc(c.slots, slot.present) && len(c.unknown()) == 0
}

// value returns the encoded value of a field, nil if absent.
func (c *contents) value(index int) []byte {
	s := c.slots[index]
	if !s.present() {
		return nil
	}
	return c.text[s.value:s.end:s.end]
}

// set replaces the encoded value of a field, whose key has the given encoding.
func (c *contents) set(index int, key, raw []byte) {
	c.slots[index] = slot{}
	if len(c.text)+len(key)+len(raw) > cap(c.text) {
		c.moveText(len(key) + len(raw))
	}
	c.text = append(c.text, key...)
	value := len(c.text)
	c.text = append(c.text, raw...)
	c.slots[index] = slot{keyLen: uint16(len(key)), value: uint32(value), end: uint32(len(c.text))}
}

// moveText makes room for more bytes. Values that were replaced are left behind.
func (c *contents) moveText(more int) {
	for _, s := range c.slots {
		more += int(s.end - s.start())
	}
	text := make([]byte, 0, 2*more)
	for i := range c.slots {
		if s := &c.slots[i]; s.end != 0 {
			at := uint32(len(text))
			text = append(text, c.text[s.start():s.end]...)
			s.value, s.end = at+uint32(s.keyLen), uint32(len(text))
		}
	}
	c.text = text
}

// forget removes the fields that were dropped.
func (c *contents) forget() {
	for i := range c.slots {
		if c.slots[i].dropped {
			c.remove(i)
		}
	}
}

// remove makes a field absent.
func (c *contents) remove(index int) {
	c.slots[index] = slot{}
	c.setExpiry(index, 0)
}

// rarely returns c.rare to be written to.
func (c *contents) rarely() *rare {
	if c.rare == nil {
		c.rare = &rare{expires: make([]int64, len(c.slots))}
	}
	return c.rare
}

func (c *contents) unknown() []unknownField {
	if c.rare == nil {
		return nil
	}
	return c.rare.unknown
}

func (c *contents) expiry(index int) int64 {
	if c.rare == nil {
		return 0
	}
	return c.rare.expires[index]
}

func (c *contents) setExpiry(index int, expires int64) {
	if expires != c.expiry(index) {
		c.rarely().expires[index] = expires
	}
}

var errPayload = errors.New("session: malformed payload")

// usualStart is how a plaintext begins, up to the id, unless its metadata has more
// than the usual elements.
var usualStart = []byte{0x90 | plaintextLength, 0x90 | metadataLength, 0xc4, idSize}

// parse reads the authenticated plaintext in c.text.
func (m *manager) parse(c *contents) error {
	r := reader{b: c.text}
	meta := &c.meta
	elements := metadataLength
	if len(r.b) > len(usualStart)+idSize && r.literal(usualStart) {
		r.pos += copy(meta.id[:], r.rest())
	} else {
		if r.array() != plaintextLength {
			return errPayload
		}
		elements = r.array()
		copy(meta.id[:], r.fixed(idSize))
	}
	meta.hasID = true
	meta.created = r.seconds()
	meta.seen = meta.created + r.seconds()
	if authenticated := r.seconds(); authenticated > 0 {
		meta.authenticated = meta.created + authenticated - 1
	}
	meta.flags = r.uint()
	var expiries []byte
	if elements > metadataLength {
		start := r.pos
		r.skip()
		expiries = r.b[start:r.pos]
	}
	later, count := r.pos, 0
	for ; count < elements-metadataLength-1 && !r.failed; count++ {
		r.skip()
	}
	if count > 0 {
		c.rarely().later, c.rare.laterCount = c.text[later:r.pos:r.pos], count
	}
	if elements < metadataLength || !m.parseFields(c, &r) || r.failed || r.pos != len(r.b) {
		return errPayload
	}
	if expiries != nil && !m.parseExpiries(c, reader{b: expiries}) {
		return errPayload
	}
	return nil
}

// parseFields notes where each field's value lies. It is false if a key comes twice.
func (m *manager) parseFields(c *contents, r *reader) bool {
	next := 0 // fields are saved in the order of the schema
	for n := r.mapping(); n > 0 && !r.failed; n-- {
		index, age := next, uint8(0)
		start := r.pos
		var key []byte
		if next == len(m.fields) || !r.literal(m.fields[next].header) {
			key = r.string()
			if index, age = m.lookup(key); index >= 0 && string(r.b[start:r.pos]) != string(m.fields[index].header) {
				start = r.pos
			}
		}
		value := r.pos
		r.skip()
		if index < 0 {
			if c.findUnknown(key) != nil {
				return false
			}
			c.rarely().unknown = append(c.unknown(), unknownField{key: key, raw: r.b[value:r.pos:r.pos]})
			continue
		}
		next = index + 1
		s := &c.slots[index]
		if s.end != 0 && s.age == age || age > 0 && c.seenBefore(keyIndex{index, age}) {
			return false
		}
		// Builds that know different keys do not see each other's log-ins.
		contested := s.end != 0 && m.fields[index].principal &&
			(s.dropped || !bytes.Equal(c.text[s.value:s.end], r.b[value:r.pos]))
		if s.end == 0 || age < s.age { // the newer key wins
			*s = slot{keyLen: uint16(value - start), value: uint32(value), end: uint32(r.pos), age: age}
		}
		s.dropped = contested
	}
	return true
}

// seenBefore reports whether an older key of a field came before, and notes it.
func (c *contents) seenBefore(k keyIndex) bool {
	older := &c.rarely().older
	if slices.Contains(*older, k) {
		return true
	}
	*older = append(*older, k)
	return false
}

func (c *contents) findUnknown(key []byte) *unknownField {
	for i, u := range c.unknown() {
		if bytes.Equal(u.key, key) {
			return &c.rare.unknown[i]
		}
	}
	return nil
}

func (m *manager) parseExpiries(c *contents, r reader) bool {
	for n := r.mapping(); n > 0 && !r.failed; n-- {
		key, expires := r.string(), c.meta.created+r.seconds()
		if index, age := m.lookup(key); index < 0 {
			if u := c.findUnknown(key); u != nil {
				u.expires = expires
			}
		} else if s := c.slots[index]; s.end != 0 && s.age == age {
			c.setExpiry(index, expires)
		}
	}
	return !r.failed && r.pos == len(r.b)
}

// lookup returns the index of the field with a key, -1 if there is none, and the age
// of the key.
func (m *manager) lookup(key []byte) (index int, age uint8) {
	k, ok := m.keys[string(key)]
	if !ok {
		return -1, 0
	}
	return k.index, k.age
}

// prune removes the fields whose ttl has run out.
func (c *contents) prune(now int64) {
	if c.rare == nil {
		return
	}
	for i, expires := range c.rare.expires {
		if expires != 0 && expires <= now {
			c.remove(i)
		}
	}
	c.rare.unknown = slices.DeleteFunc(c.rare.unknown, func(u unknownField) bool {
		return u.expires != 0 && u.expires <= now
	})
}

// appendPlaintext is the inverse of parse.
func (m *manager) appendPlaintext(dst []byte, c *contents) []byte {
	meta := &c.meta
	var expiries []byte
	var expiring, later int
	if c.rare != nil {
		expiries, expiring = m.expiries(c)
		later = c.rare.laterCount
	}
	elements := metadataLength
	if expiring > 0 || later > 0 {
		elements += 1 + later
	}
	var authenticated int64
	if meta.authenticated != 0 {
		authenticated = max(0, meta.authenticated-meta.created) + 1
	}
	dst = wire.AppendArrayHeader(dst, plaintextLength)
	dst = wire.AppendArrayHeader(dst, elements)
	dst = wire.AppendBytes(dst, meta.id[:])
	dst = wire.AppendUint(dst, uint64(meta.created))
	dst = wire.AppendUint(dst, uint64(max(0, meta.seen-meta.created)))
	dst = wire.AppendUint(dst, uint64(authenticated))
	dst = wire.AppendUint(dst, meta.flags)
	if elements > metadataLength {
		dst = wire.AppendMapHeader(dst, expiring)
		dst = append(append(dst, expiries...), c.rare.later...)
	}

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
			dst = append(dst, m.fields[i].header...)
		}
		// Fields that follow one another in the text, as in one that was read, are
		// copied at once.
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

// expiries returns the entries of the map of expiries, and how many there are.
func (m *manager) expiries(c *contents) (entries []byte, n int) {
	add := func(key string, expires int64) {
		if expires != 0 {
			entries = wire.AppendString(entries, key)
			entries = wire.AppendUint(entries, uint64(max(0, expires-c.meta.created)))
			n++
		}
	}
	for i, expires := range c.rare.expires {
		add(m.fields[i].key, expires)
	}
	for _, u := range c.rare.unknown {
		add(string(u.key), u.expires)
	}
	return entries, n
}

// A reader reads msgpack values one after the other. After a failure, it returns
// zero values.
type reader struct {
	b      []byte
	pos    int
	failed bool
}

// maxSeconds keeps sums of two times from overflowing.
const maxSeconds = 1 << 40

func (r *reader) rest() []byte { return r.b[r.pos:] }

func (r *reader) advance(n int, err error) bool {
	if err != nil || r.failed {
		r.failed = true
		return false
	}
	r.pos += n
	return true
}

// literal reads the bytes of want, if they are next.
func (r *reader) literal(want []byte) bool {
	end := r.pos + len(want)
	if end > len(r.b) || string(r.b[r.pos:end]) != string(want) {
		return false
	}
	r.pos = end
	return true
}

func (r *reader) array() int {
	n, size, err := wire.ArrayHeader(r.rest())
	if !r.advance(size, err) {
		return 0
	}
	return n
}

func (r *reader) mapping() int {
	if b := r.rest(); len(b) > 0 && b[0]&0xf0 == 0x80 && !r.failed {
		r.pos++
		return int(b[0] & 0xf) // the values will be missed if they are not there
	}
	n, size, err := wire.MapHeader(r.rest())
	if !r.advance(size, err) {
		return 0
	}
	return n
}

func (r *reader) string() []byte {
	s, size, err := wire.String(r.rest())
	if !r.advance(size, err) {
		return nil
	}
	return s
}

func (r *reader) uint() uint64 {
	if b := r.rest(); len(b) > 0 && b[0] < 0x80 { // most are small
		r.pos++
		return uint64(b[0])
	} else if len(b) > 4 && b[0] == 0xce { // or times
		r.pos += 5
		return uint64(binary.BigEndian.Uint32(b[1:]))
	}
	v, size, err := wire.Uint(r.rest())
	if !r.advance(size, err) {
		return 0
	}
	return v
}

func (r *reader) seconds() int64 {
	v := r.uint()
	if v > maxSeconds {
		r.failed = true
		return 0
	}
	return int64(v)
}

func (r *reader) fixed(length int) []byte {
	v, size, err := wire.Bytes(r.rest())
	if !r.advance(size, err) {
		return nil
	}
	if len(v) != length {
		r.failed = true
		return nil
	}
	return v
}

func (r *reader) skip() {
	size, err := wire.Skip(r.rest())
	r.advance(size, err)
}
