// Package payload is what a token says of a session: its metadata, and the encoded values of
// its fields. [Contents] holds them as one text and where in it each value lies, so that a
// session can be opened, changed and sealed without decoding what nobody asks for.
//
// The plaintext of a token is a msgpack array of two: the metadata, and the map of fields.
// The metadata is an array of at least five:
//
//	id             bin, 16 random bytes
//	created        Unix seconds
//	saved          seconds from created to the last save
//	authenticated  seconds from created to the authentication, plus one; 0 for none
//	flags          bit 0: permanent; bit 1: the marks are known; bit 2: of a
//	               record, nobody has looked at them since it is where revocations look
//	expiries       a map from key to seconds since created, if a field has a ttl
//	marks          bin of 25 or 33: 'm', then three or four integers of 8 bytes, big-endian, unless all are 0
//	origin         bin: 'o', then what says which session of another library it was, if any
//	former         bin: 'f', then the id that a record's session had when it was last saved, if another one
//	device         bin of 17: 'd', then the thumbprint of the key of the device that it is bound to, if any
//
// Elements after the ones that this build knows are carried through unchanged, as are
// fields whose keys it does not know.
package payload

import (
	"bytes"
	"crypto/rand"
	"iter"
	"slices"
)

// IDSize is the length of a session's id in bytes.
const IDSize = 16

// An ID identifies a session.
type ID [IDSize]byte

// Metadata holds what a session knows of itself. Times are in Unix seconds.
type Metadata struct {
	id            ID
	hasID         bool
	formerAt      uint32 // where in the text the former id is; 0 for none
	Created       int64
	Saved         int64
	Authenticated int64 // 0 for never
	flags         uint64
	later         *later // what most sessions do not have; may be nil; never written to, as copies share it

	Device Thumbprint // of the key that the session is bound to; zero for none
}

// later is what came into the metadata after its first version.
type later struct {
	marks  Marks
	origin string // of another library's session; empty for none
}

// A Thumbprint identifies the key of a device: the first 16 bytes of the one of RFC 7638, by SHA-256.
type Thumbprint [16]byte

const (
	flagPermanent  = 1 << 0
	flagKnowsMarks = 1 << 1
	flagUnlooked   = 1 << 2
	ownFlags       = flagKnowsMarks | flagUnlooked // not the program's
)

// Marks are the versions of two records in a store, which say what was revoked, as they were when
// the visitor was authenticated; 0 for none. The session is revoked once one is newer.
type Marks struct {
	All, Principal uint64

	// LogIn orders the log-ins of a principal; 0 if nobody counts them.
	LogIn uint64

	// Moved is the version that All and Principal would have had when the session, which counted
	// then, was sealed under another key; 0 for never since the visitor was authenticated.
	Moved uint64
}

// ID returns the id. A session that has none gets a random one.
func (m *Metadata) ID() ID {
	if !m.hasID {
		rand.Read(m.id[:])
		m.hasID = true
	}
	return m.id
}

// The clocks of those who save and open a session differ, in seconds.
const (
	// ClockTolerance is how far in the future a time may lie that is believed. A later one counts as
	// now, so that no timeout is stretched by it.
	ClockTolerance = 5 * 60

	// ClockError is how far in the future a time may lie that is kept, since the clock that it
	// comes from may be right, and this one behind. A later one is wrong.
	ClockError = 60 * 60
)

// Past returns a time as it counts now.
func Past(t, now int64) int64 {
	if t > now+ClockTolerance {
		return now
	}
	return t
}

// Later returns the later of now and a time that was noted before, unless that is wrong.
func Later(noted, now int64) int64 {
	if noted > now+ClockError {
		return now
	}
	return max(noted, now)
}

// CorrectTimes replaces times by now that are wrong, and reports whether there were any.
func (m *Metadata) CorrectTimes(now int64) (wrong bool) {
	for _, t := range []*int64{&m.Created, &m.Saved, &m.Authenticated} {
		if *t > now+ClockError {
			*t, wrong = now, true
		}
	}
	return wrong
}

// SetID gives the session an id.
func (m *Metadata) SetID(id ID) { m.id, m.hasID = id, true }

// Origin says which session of another library this one was, if that library's store still has it.
func (m *Metadata) Origin() string { return m.later.get().origin }

// SetOrigin says so; empty for none.
func (m *Metadata) SetOrigin(origin string) {
	l := m.later.get()
	l.origin = origin
	m.keepLater(l)
}

func (l *later) get() later {
	if l == nil {
		return later{}
	}
	return *l
}

func (m *Metadata) keepLater(l later) {
	m.later = nil
	if l != (later{}) {
		m.later = &l
	}
}

// FormerID returns the id that the session had before it was last saved, if that was another one.
func (c *Contents) FormerID() (id ID, ok bool) {
	if c.formerAt > 0 {
		copy(id[:], c.text[c.formerAt:])
	}
	return id, c.formerAt > 0
}

// HasID reports whether the session has this id. One that has none yet does not.
func (m *Metadata) HasID(id ID) bool { return m.hasID && m.id == id }

// DropID takes the id away: the next call of ID makes another one.
func (m *Metadata) DropID() { m.hasID = false }

// KeepID takes over the id of other, or that it has none.
func (m *Metadata) KeepID(other *Metadata) { m.id, m.hasID = other.id, other.hasID }

// Permanent reports whether the session outlives the browser.
func (m *Metadata) Permanent() bool { return m.flags&flagPermanent != 0 }

// SetPermanent says whether the session outlives the browser.
func (m *Metadata) SetPermanent(permanent bool) {
	m.flags &^= flagPermanent
	if permanent {
		m.flags |= flagPermanent
	}
}

// ResetFlags makes the session permanent or not, removes the flags of later versions, and reports
// whether any of that is a change.
func (m *Metadata) ResetFlags(permanent bool) (changed bool) {
	old := m.flags
	m.flags &= ownFlags
	m.SetPermanent(permanent)
	return m.flags != old
}

// Marks returns the marks; ok is false if the session was not authenticated by a build that knows
// of them.
func (m *Metadata) Marks() (marks Marks, ok bool) {
	return m.later.get().marks, m.flags&flagKnowsMarks != 0
}

// Unlooked reports whether nobody has looked at the marks since the record of the session came to be
// where revocations look for it.
func (m *Metadata) Unlooked() bool { return m.flags&flagUnlooked != 0 }

// SetUnlooked says so.
func (m *Metadata) SetUnlooked(unlooked bool) {
	m.flags &^= flagUnlooked
	if unlooked {
		m.flags |= flagUnlooked
	}
}

// SetMarks notes the marks.
func (m *Metadata) SetMarks(marks Marks) {
	m.keepMarks(marks)
	m.flags |= flagKnowsMarks
}

// NoteMoved notes that the session, which counts as of a version, is to be sealed under another key now.
func (m *Metadata) NoteMoved(version uint64) {
	marks, _ := m.Marks()
	marks.Moved = max(marks.Moved, version)
	m.keepMarks(marks)
}

func (m *Metadata) keepMarks(marks Marks) {
	l := m.later.get()
	l.marks = marks
	m.keepLater(l)
}

// Contents is what a token says, or will say. What was once read from the text stays as it
// is, so that values can be decoded without a lock; new ones are appended.
type Contents struct {
	Metadata
	schema *Schema
	text   []byte
	slots  []slot // by the index of the field
	rare   *rare  // what most sessions do not have; may be nil

	// Room for an ordinary session, of up to 168 bytes and a token's Overhead, so that opening one
	// is one allocation.
	shortText [216]byte
	fewSlots  [8]slot
}

// A slot says where one field is in the text: its encoded value from value to end, behind its
// key of keyLen bytes. The field is absent if end is 0. The key is left out, and keyLen is 0,
// if it is to be written in another form than it was read.
type slot struct {
	value, end uint32
	keyLen     uint16
	rank       uint8 // of the key under which it came
	dropped    bool  // it does not decode to the field's type, and counts as absent
}

func (s slot) start() uint32 { return s.value - uint32(s.keyLen) }

// present reports whether the field is there to be read.
func (s slot) present() bool { return s.end != 0 && !s.dropped }

type rare struct {
	expires    []int64 // by the index of the field, in Unix seconds; 0 for never
	unknown    []unknownField
	later      []byte // the encoded elements of the metadata after the known ones
	laterCount int
}

// An unknownField is a field of a build with another schema.
type unknownField struct {
	key     []byte // without its header
	raw     []byte
	expires int64
}

// Init makes c empty contents of a schema. An ordinary session fits into c itself.
func (c *Contents) Init(s *Schema) {
	c.schema = s
	c.text = c.shortText[:0]
	if len(s.fields) <= len(c.fewSlots) {
		c.slots = c.fewSlots[:len(s.fields)]
	} else {
		c.slots = make([]slot, len(s.fields))
	}
}

// New returns empty contents of a schema.
func New(s *Schema) *Contents {
	c := new(Contents)
	c.Init(s)
	return c
}

// Room returns where the plaintext may be put that Parse then reads.
func (c *Contents) Room() []byte { return c.text[:0] }

// Reset makes the contents empty. The text that values are being decoded from stays.
func (c *Contents) Reset() {
	c.Metadata, c.text, c.rare = Metadata{}, nil, nil
	clear(c.slots)
}

// Take takes over what another one of the same schema says, which is not used any more. What
// was read from the text before stays as it is.
func (c *Contents) Take(other *Contents) {
	c.Metadata, c.text, c.slots, c.rare = other.Metadata, other.text, other.slots, other.rare
}

// Empty reports whether there is no field.
func (c *Contents) Empty() bool {
	return !slices.ContainsFunc(c.slots, slot.present) && !c.HasUnknown()
}

// Value returns the encoded value of a field, nil if it is absent.
func (c *Contents) Value(index int) []byte {
	s := c.slots[index]
	if !s.present() {
		return nil
	}
	return c.text[s.value:s.end:s.end]
}

// Holds reports whether there is anything of a field: a value that was dropped counts.
func (c *Contents) Holds(index int) bool { return c.slots[index].end != 0 }

// Set replaces the encoded value of a field. It copies raw.
func (c *Contents) Set(index int, raw []byte) {
	key := c.schema.fields[index].header
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
func (c *Contents) moveText(more int) {
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

// Remove makes a field absent.
func (c *Contents) Remove(index int) {
	c.slots[index] = slot{}
	c.SetExpiry(index, 0)
}

// Drop makes the value of a field count as absent. It stays where it is until Forget.
func (c *Contents) Drop(index int) { c.slots[index].dropped = true }

// Undrop takes that back.
func (c *Contents) Undrop(index int) { c.slots[index].dropped = false }

// Dropped reports whether the value of a field counts as absent.
func (c *Contents) Dropped(index int) bool { return c.slots[index].dropped }

// Forget removes the fields that were dropped.
func (c *Contents) Forget() {
	for i := range c.slots {
		if c.slots[i].dropped {
			c.Remove(i)
		}
	}
}

// Expiry returns when a field ends, in Unix seconds; 0 for with the session.
func (c *Contents) Expiry(index int) int64 {
	if c.rare == nil {
		return 0
	}
	return c.rare.expires[index]
}

// Expires reports whether any field may end before the session.
func (c *Contents) Expires() bool { return c.rare != nil }

// SetExpiry says when a field ends, in Unix seconds; 0 for with the session.
func (c *Contents) SetExpiry(index int, expires int64) {
	if expires != c.Expiry(index) {
		c.rarely().expires[index] = expires
	}
}

// Prune removes the fields that have ended by now.
func (c *Contents) Prune(now int64) {
	if c.rare == nil {
		return
	}
	for i, expires := range c.rare.expires {
		if expires != 0 && expires <= now {
			c.Remove(i)
		}
	}
	c.rare.unknown = slices.DeleteFunc(c.rare.unknown, func(u unknownField) bool {
		return u.expires != 0 && u.expires <= now
	})
}

// HasUnknown reports whether there are fields that the schema does not have.
func (c *Contents) HasUnknown() bool { return len(c.unknown()) > 0 }

// ForgetUnknown removes the fields that the schema does not have.
func (c *Contents) ForgetUnknown() {
	if c.rare != nil {
		c.rare.unknown = nil
	}
}

// Sizes yields the index of each field that is there, and how many bytes its key and its value
// take. Fields that the schema does not have come last, together, with the index -1.
func (c *Contents) Sizes() iter.Seq2[int, int] {
	return func(yield func(int, int) bool) {
		for i, f := range c.schema.fields {
			if raw := c.Value(i); raw != nil && !yield(i, len(f.header)+len(raw)) {
				return
			}
		}
		var unknown int
		for _, u := range c.unknown() {
			unknown += len(u.key) + len(u.raw)
		}
		if unknown > 0 {
			yield(-1, unknown)
		}
	}
}

// rarely returns c.rare to be written to.
func (c *Contents) rarely() *rare {
	if c.rare == nil {
		c.rare = &rare{expires: make([]int64, len(c.slots))}
	}
	return c.rare
}

func (c *Contents) unknown() []unknownField {
	if c.rare == nil {
		return nil
	}
	return c.rare.unknown
}

func (c *Contents) findUnknown(key []byte) *unknownField {
	for i, u := range c.unknown() {
		if bytes.Equal(u.key, key) {
			return &c.rare.unknown[i]
		}
	}
	return nil
}
