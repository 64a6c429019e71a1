// Package payload reads and writes the plaintext of a token: a session's metadata and the encoded
// values of its fields. [Contents] keeps the text and the position of each value in it. A session
// can be opened, changed and sealed without decoding values that nobody reads.
//
// The plaintext of a token is a msgpack array of two: the metadata, and the map of fields. The
// metadata is an array of at least five:
//
//	id             bin, 16 random bytes
//	created        Unix seconds
//	saved          seconds from created to the last save
//	authenticated  seconds from created to the authentication, plus one; 0 for none
//	flags          bit 0: permanent; bit 1: the marks are known; bit 2: the marks were not
//	               checked since the record is where revocations find it
//	expiries       a map from key to seconds since created, if a field has a ttl
//	marks          bin of 25 or 33: 'm', then three or four integers of 8 bytes, big-endian, unless all are 0
//	origin         bin: 'o', then which session of another library this one was, if any
//	former         bin: 'f', then the id before the last save, if it was another one
//	device         bin of 17: 'd', then the thumbprint of the device key that the session is bound to, if any
//
// Elements after the ones that this build knows are carried through unchanged. So are fields with
// unknown keys.
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

// Metadata describes a session apart from its fields. Times are in Unix seconds.
type Metadata struct {
	id            ID
	hasID         bool
	formerAt      uint32 // where the former id is in the text; 0 for none
	Created       int64
	Saved         int64
	Authenticated int64 // 0 for never
	flags         uint64
	later         *later // what most sessions do not have; may be nil; shared by copies, so it is never written to

	Device Thumbprint // of the key that the session is bound to; zero if it is not bound
}

// later holds the metadata that was added after the first version of the format.
type later struct {
	marks  Marks
	origin string // the session of another library that this one was; empty for none
}

// A Thumbprint identifies a device's key: the first 16 bytes of its SHA-256 thumbprint (RFC 7638).
type Thumbprint [16]byte

const (
	flagPermanent  = 1 << 0
	flagKnowsMarks = 1 << 1
	flagUnlooked   = 1 << 2
	ownFlags       = flagKnowsMarks | flagUnlooked // those that the program does not control
)

// Marks are the versions of two records in a store that count revocations, as they were when the
// visitor was authenticated; 0 for none. The session is revoked if one of those records has a newer
// version now.
type Marks struct {
	All, Principal uint64

	// LogIn orders the log-ins of a principal; 0 if nobody counts them.
	LogIn uint64

	// Moved is the count of revocations at which the session was last found valid and sealed under
	// another key; 0 if that did not happen since the visitor was authenticated.
	Moved uint64
}

// ID returns the id. If the session has none, it gets a random one.
func (m *Metadata) ID() ID {
	if !m.hasID {
		rand.Read(m.id[:])
		m.hasID = true
	}
	return m.id
}

// Limits for the difference between the clocks of two servers, in seconds.
const (
	// ClockTolerance is how far ahead a time may be to be used as it is. A later one counts as now,
	// so that it does not prolong a timeout.
	ClockTolerance = 5 * 60

	// ClockError is how far ahead a time may be to be kept: its clock may be right, and this
	// server's may be slow. A later one is wrong.
	ClockError = 60 * 60
)

// Past returns t, or now if t is further ahead than ClockTolerance.
func Past(t, now int64) int64 {
	if t > now+ClockTolerance {
		return now
	}
	return t
}

// Later returns the later of noted and now. It ignores noted if that is wrong.
func Later(noted, now int64) int64 {
	if noted > now+ClockError {
		return now
	}
	return max(noted, now)
}

// CorrectTimes sets wrong times to now, and reports whether there were any.
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

// Origin identifies the session of another library that this one was, if that library's store still
// has it. It is empty otherwise.
func (m *Metadata) Origin() string { return m.later.get().origin }

// SetOrigin sets the origin; empty for none.
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

// FormerID returns the id that the session had before the last save, if it was a different one.
func (c *Contents) FormerID() (id ID, ok bool) {
	if c.formerAt > 0 {
		copy(id[:], c.text[c.formerAt:])
	}
	return id, c.formerAt > 0
}

// HasID reports whether the session has this id. It is false if the session has no id yet.
func (m *Metadata) HasID(id ID) bool { return m.hasID && m.id == id }

// DropID removes the id. The next call of ID makes a new one.
func (m *Metadata) DropID() { m.hasID = false }

// KeepID copies the id of other, or removes the id if other has none.
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

// ResetFlags makes the session permanent or not, removes flags that this version does not know, and
// reports whether any flag changed.
func (m *Metadata) ResetFlags(permanent bool) (changed bool) {
	old := m.flags
	m.flags &= ownFlags
	m.SetPermanent(permanent)
	return m.flags != old
}

// Marks returns the marks. ok is false if the visitor was authenticated by a build that does not
// know marks.
func (m *Metadata) Marks() (marks Marks, ok bool) {
	return m.later.get().marks, m.flags&flagKnowsMarks != 0
}

// Unlooked reports whether nobody has checked the marks since the record is where revocations find
// it.
func (m *Metadata) Unlooked() bool { return m.flags&flagUnlooked != 0 }

// SetUnlooked sets what Unlooked reports.
func (m *Metadata) SetUnlooked(unlooked bool) {
	m.flags &^= flagUnlooked
	if unlooked {
		m.flags |= flagUnlooked
	}
}

// SetMarks sets the marks.
func (m *Metadata) SetMarks(marks Marks) {
	m.keepMarks(marks)
	m.flags |= flagKnowsMarks
}

// NoteMoved notes that the session is valid at this count of revocations, and is about to be sealed
// under another key.
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

// Contents is the plaintext of a token, read or to be written. Text that was read is never
// overwritten, so values can be decoded without a lock. New values are appended.
type Contents struct {
	Metadata
	schema *Schema
	text   []byte
	slots  []slot // by the index of the field
	rare   *rare  // what most sessions do not have; may be nil

	// Room for an ordinary session of up to 168 bytes, with its token's Overhead, so that opening it
	// takes one allocation.
	shortText [216]byte
	fewSlots  [8]slot
}

// A slot says where a field is in the text: its key takes keyLen bytes, and its value follows from
// value to end. end is 0 if the field is absent. keyLen is 0 if the key must be written differently
// from how it was read.
type slot struct {
	value, end uint32
	keyLen     uint16
	rank       uint8 // of the key that was read
	dropped    bool  // the value does not decode to the field's type, so the field counts as absent
}

func (s slot) start() uint32 { return s.value - uint32(s.keyLen) }

// present reports whether the field can be read.
func (s slot) present() bool { return s.end != 0 && !s.dropped }

type rare struct {
	expires    []int64 // by the index of the field, in Unix seconds; 0 for never
	unknown    []unknownField
	later      []byte // encoded elements of the metadata that this version does not know
	laterCount int
}

// An unknownField is a field that this build's schema does not have.
type unknownField struct {
	key     []byte // without its header
	raw     []byte
	expires int64
}

// Init makes c empty contents of a schema. A schema of up to 8 fields needs no further allocation.
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

// Room returns an empty slice to put the plaintext into that Parse will read.
func (c *Contents) Room() []byte { return c.text[:0] }

// Reset makes the contents empty. It leaves the old text alone, which may still be being decoded.
func (c *Contents) Reset() {
	c.Metadata, c.text, c.rare = Metadata{}, nil, nil
	clear(c.slots)
}

// Take moves the contents of other into c. They must have the same schema, and other must not be
// used afterwards. It leaves the old text alone.
func (c *Contents) Take(other *Contents) {
	c.Metadata, c.text, c.slots, c.rare = other.Metadata, other.text, other.slots, other.rare
}

// Empty reports whether no field is set.
func (c *Contents) Empty() bool {
	return !slices.ContainsFunc(c.slots, slot.present) && !c.HasUnknown()
}

// Value returns the encoded value of a field, or nil if the field is absent.
func (c *Contents) Value(index int) []byte {
	s := c.slots[index]
	if !s.present() {
		return nil
	}
	return c.text[s.value:s.end:s.end]
}

// Holds reports whether the text has a value of the field, even a dropped one.
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

// moveText copies the text to a larger slice with room for more bytes. Replaced values are not
// copied.
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

// Drop makes a field count as absent. Its value remains in the text until Forget.
func (c *Contents) Drop(index int) { c.slots[index].dropped = true }

// Undrop reverses Drop.
func (c *Contents) Undrop(index int) { c.slots[index].dropped = false }

// Dropped reports whether Drop was called for the field.
func (c *Contents) Dropped(index int) bool { return c.slots[index].dropped }

// Forget removes the dropped fields.
func (c *Contents) Forget() {
	for i := range c.slots {
		if c.slots[i].dropped {
			c.Remove(i)
		}
	}
}

// Expiry returns when a field expires, in Unix seconds; 0 if it lasts as long as the session.
func (c *Contents) Expiry(index int) int64 {
	if c.rare == nil {
		return 0
	}
	return c.rare.expires[index]
}

// Expires reports whether any field may expire before the session.
func (c *Contents) Expires() bool { return c.rare != nil }

// SetExpiry sets when a field expires, in Unix seconds; 0 if it lasts as long as the session.
func (c *Contents) SetExpiry(index int, expires int64) {
	if expires != c.Expiry(index) {
		c.rarely().expires[index] = expires
	}
}

// Prune removes the fields that have expired.
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

// Sizes yields the index of each present field, and the size of its key and value in bytes. Unknown
// fields come last, as one entry with index -1.
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

// rarely returns c.rare, which it makes if there is none.
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
