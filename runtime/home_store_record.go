package runtime

import (
	"errors"
	"fmt"
	"time"

	"github.com/sessiongen/sessiongen/runtime/internal/payload"
	"github.com/sessiongen/sessiongen/runtime/internal/token"
	"github.com/sessiongen/sessiongen/runtime/internal/wire"
)

// With a store, the cookie's token is sealed for a purpose of its own. Its plaintext is
// a msgpack array of one: the id, as bin. The data of a record is a token of a third
// purpose, with two values after one another as plaintext:
//
//	used     Unix seconds: when the session was last used
//	session  as in package payload
//
// The id in the session's metadata must be the cookie's. When a session ends, or moves to
// another id, its record becomes a tombstone for a while, so that the requests under
// way tell this apart from a mere change:
//
//	nil
//	id    bin, the session's
//	next  bin, the id that it moved to, if it did

// takenRecord is the record of an id that is revoked before it has a session: it has no data.
func takenRecord() Record { return Record{Version: takenVersion, Expires: storeTime(graveTime)} }

// maxRecordSize bounds Record.Data.
const maxRecordSize = token.MaxText

// usedSize is how many bytes a time of last use takes.
const usedSize = 5

var errRecordKey = errors.New("the record is sealed with a key that this process does not have")

// sealID returns the token that the cookie carries, appended to a line.
func (h *storeHome) sealID(line []byte, id sessionID) ([]byte, error) {
	plaintext := wire.AppendArrayHeader(make([]byte, 0, 32), 1)
	return h.rings.Load().id.Seal(line, wire.AppendBytes(plaintext, id[:]))
}

// idTokenLen is the length of a token that sealID makes.
var idTokenLen = token.TextLen(len("\x91\xc4\x10") + payload.IDSize)

// openID returns the id in a cookie's value, and under which key it is sealed. It is decrypted in room.
func (h *storeHome) openID(room []byte, text string) (id sessionID, key uint8, refusal string, decrypted bool) {
	rings := h.rings.Load()
	plaintext, index, err := rings.id.Open(room, text)
	switch err {
	case nil:
	case token.ErrForged:
		return id, 0, RefusedForged, true
	case token.ErrUnknownKey:
		if rings.session.Recognizes(text) || rings.companion.Recognizes(text) || rings.record.Recognizes(text) || rings.flow.Recognizes(text) || rings.badge.Recognizes(text) {
			return id, 0, RefusedPurpose, false
		}
		return id, 0, RefusedUnknownKey, false
	default:
		return id, 0, RefusedMalformed, false
	}
	r := wire.NewReader(plaintext)
	elements := r.Array()
	copy(id[:], r.Fixed(payload.IDSize))
	if r.Failed() || elements < 1 {
		return id, 0, RefusedMalformed, true
	}
	return id, uint8(index), "", true
}

// A stored is what a record says.
type stored struct {
	*payload.Contents
	place     place
	plaintext []byte // without the time of last use; never written to
	used      int64
	by        sealedBy
	staleness staleness
}

// A tombstone is the error of a record whose session has ended.
type tombstone struct {
	id     sessionID
	next   *sessionID // where the session moved to; nil if it did not
	recent bool       // it did so less than lateTime ago
}

func (*tombstone) Error() string { return ErrNoRecord.Error() }

func (*tombstone) Is(target error) bool { return target == ErrNoRecord }

// openRecord reads the record of a place into c.
func (h *storeHome) openRecord(rec Record, p place, c *payload.Contents, now int64) (stored, error) {
	if len(rec.Data) == 0 && rec.Version == takenVersion {
		return stored{}, &tombstone{id: p.id}
	}
	s, err := h.openListed(rec, c, now)
	id := s.place.id
	if err != nil {
		t := (*tombstone)(nil)
		if !errors.As(err, &t) {
			return s, err
		}
		id = t.id
	}
	if id != p.id {
		return s, errRecord
	}
	s.place.key = p.key
	return s, err
}

// openListed reads a record into c, whatever its id. The key of its place is left out.
func (h *storeHome) openListed(rec Record, c *payload.Contents, now int64) (stored, error) {
	s := stored{Contents: c}
	if len(rec.Data) > maxRecordSize || !isVersion(rec.Version) {
		return s, errRecord
	}
	rings := h.rings.Load()
	text, key, err := rings.record.OpenBytes(c.Room(), rec.Data)
	if err == token.ErrUnknownKey {
		s.place = place{version: rec.Version, hash: rec.Principal}
		return s, errRecordKey
	}
	if err != nil {
		return s, errRecord
	}
	s.by = sealedBy{rings, key}
	if len(text) > 0 && text[0] == wireNil {
		return s, openTombstone(text[1:], rec.Expires)
	}
	r := wire.NewReader(text)
	s.used = r.Seconds()
	if r.Failed() || c.Parse(r.Rest()) != nil {
		return s, errRecord
	}
	s.plaintext = r.Rest()
	s.staleness = h.stalenessOf(rec.Principal, c, s.by)
	s.place = place{id: c.ID(), version: rec.Version, hash: rec.Principal, unlooked: s.staleness == staleIndex}
	if s.staleness == staleNot {
		s.place.hashed = hashed{s.by.principalKey(), h.principalOf(c)}
	}
	if c.CorrectTimes(now) || s.used > now+payload.ClockError {
		s.used = min(s.used, now)
		s.staleness = max(s.staleness, staleTimes)
	}
	return s, nil
}

// stalenessOf judges a record by the principal under whom the store has it, by what is in it, and by
// the key under which it is sealed.
func (h *storeHome) stalenessOf(hash string, c *payload.Contents, by sealedBy) staleness {
	switch {
	case c.Unlooked():
		return staleIndex
	case hash != by.principalKey().hash(h.principalOf(c)):
		return staleIndex
	case by.key > 0:
		return staleKey
	}
	return staleNot
}

const wireNil = 0xc0

// openTombstone reads a tombstone after its nil. It is returned as an error, as is what is wrong
// with it.
func openTombstone(text []byte, expires time.Time) error {
	t := &tombstone{recent: time.Until(expires) > (graveTime-lateTime)*time.Second}
	r := wire.NewReader(text)
	copy(t.id[:], r.Fixed(payload.IDSize))
	if !r.Failed() && len(r.Rest()) > 0 {
		t.next = new(sessionID)
		copy(t.next[:], r.Fixed(payload.IDSize))
	}
	if r.Failed() {
		return errRecord
	}
	return t
}

// sealRecord makes the record of a session that was last used at a time, to be put now into a place
// after the version that is there. It returns what it says, too.
//
// If the record comes to be under another hash by that, a revocation may just have looked for it
// under the older one. The record says so, and whoever loads it next looks at the marks.
//
// A former id is that of the record which the session is to leave for this one: as long as both are
// there, who lists them can tell that they are one session.
func (h *storeHome) sealRecord(c *payload.Contents, p place, former *sessionID, used, now int64) (rec Record, s stored, err error) {
	hash, rings := p.hash, h.rings.Load() // once: another ring may take its place
	if of := (hashed{rings.principals[0], h.principalOf(c)}); !of.same(p.hashed) {
		hash, p.hashed = of.key.hash(of.principal), of
	}
	p.unlooked = p.version > 0 && (p.unlooked || p.hash != hash)
	p.hash = hash
	c.SetUnlooked(p.unlooked)
	text := wire.AppendUint(make([]byte, 0, usedSize+c.LikelySize()), uint64(used))
	start := len(text)
	text = c.AppendMoved(text, former)
	if size := token.TextLen(len(text)); size > maxRecordSize {
		_, largest := h.largest(c)
		return rec, s, &recordTooLarge{size, largest}
	}
	data, err := h.sealData(rings, text)
	if err != nil {
		return rec, s, fmt.Errorf("session: sealing: %w", err)
	}
	expires, _ := h.expiry(&c.Metadata, used, now)
	rec = Record{
		Version:   p.version + 1,
		Principal: hash,
		Data:      data,
		Expires:   h.clock.storeTime(expires, now),
	}
	p.version = rec.Version
	return rec, stored{Contents: c, place: p, plaintext: text[start:], used: used, by: sealedBy{rings, 0}}, nil
}

// sealData seals the data of a record: as text, which no store and no build that is running beside this
// one takes amiss, unless it never leaves this process.
func (h *storeHome) sealData(rings *rings, plaintext []byte) ([]byte, error) {
	if h.atOnce {
		return rings.record.SealRaw(plaintext)
	}
	return rings.record.Seal(nil, plaintext)
}

// sealTombstone makes the record of a session that ended.
func (h *storeHome) sealTombstone(id sessionID, next *sessionID, version uint64) (Record, error) {
	plaintext := wire.AppendBytes([]byte{wireNil}, id[:])
	if next != nil {
		plaintext = wire.AppendBytes(plaintext, next[:])
	}
	data, err := h.sealData(h.rings.Load(), plaintext)
	if err != nil {
		return Record{}, fmt.Errorf("session: sealing: %w", err)
	}
	return Record{Version: version, Data: data, Expires: storeTime(graveTime)}, nil
}

// recordTooLarge is an ErrTooLarge that does not speak of cookies.
type recordTooLarge struct {
	size    int
	largest string
}

func (e *recordTooLarge) Error() string {
	return fmt.Sprintf("session: too large for a record: %d bytes, %d allowed; the largest fields are %s",
		e.size, maxRecordSize, e.largest)
}

func (e *recordTooLarge) Is(target error) bool { return target == ErrTooLarge }
