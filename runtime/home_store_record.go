package runtime

import (
	"errors"
	"fmt"
	"time"

	"github.com/sessiongen/sessiongen/runtime/internal/payload"
	"github.com/sessiongen/sessiongen/runtime/internal/token"
	"github.com/sessiongen/sessiongen/runtime/internal/wire"
)

// With a store, the cookie's token has its own purpose. Its plaintext is a msgpack array of one: the
// id, as bin. The data of a record is a token of a third purpose. Its plaintext is two consecutive
// values:
//
//	used     Unix seconds: when the session was last used
//	session  as in package payload
//
// The id in the session's metadata must be the cookie's. When a session ends or moves to another id,
// its record becomes a tombstone for some time, so that requests under way can tell this from an
// ordinary change:
//
//	nil
//	id    bin, the session's
//	next  bin, the id that it moved to, if it did

// takenRecord returns the record for an id that is revoked before it has a session. It has no data.
func takenRecord() Record { return Record{Version: takenVersion, Expires: storeTime(graveTime)} }

// maxRecordSize is the largest Record.Data, in bytes.
const maxRecordSize = token.MaxText

// usedSize is the size of a time of last use.
const usedSize = 5

var errRecordKey = errors.New("the record is sealed with a key that this process does not have")

// sealID appends the cookie's token to a line.
func (h *storeHome) sealID(line []byte, id sessionID) ([]byte, error) {
	plaintext := wire.AppendArrayHeader(make([]byte, 0, 32), 1)
	return h.rings.Load().id.Seal(line, wire.AppendBytes(plaintext, id[:]))
}

// idTokenLen is the length of the token that sealID appends.
var idTokenLen = token.TextLen(len("\x91\xc4\x10") + payload.IDSize)

// openID returns the id in a cookie's value, and the index of its key. It decrypts into room.
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

// A stored is the content of a record.
type stored struct {
	*payload.Contents
	place     place
	plaintext []byte // without the time of last use; never written to
	used      int64
	by        sealedBy
	staleness staleness
}

// A tombstone is the error for a record whose session has ended.
type tombstone struct {
	id     sessionID
	next   *sessionID // the id that the session moved to; nil if it ended
	recent bool       // it moved less than lateTime ago
}

func (*tombstone) Error() string { return ErrNoRecord.Error() }

func (*tombstone) Is(target error) bool { return target == ErrNoRecord }

// openRecord opens the record at a place into c.
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

// openListed opens a record into c, whatever its id is. It does not set the key of the place.
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

// stalenessOf judges a record by its principal in the store, its content and its key.
func (h *storeHome) stalenessOf(hash string, c *payload.Contents, by sealedBy) staleness {
	switch {
	case c.Unlooked():
		return staleIndex
	case hash != by.principalKey().Hash(h.principalOf(c)):
		return staleIndex
	case by.key > 0:
		return staleKey
	}
	return staleNot
}

const wireNil = 0xc0

// openTombstone parses a tombstone after its nil. It returns the tombstone as an error, or the error
// that makes it invalid.
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

// sealRecord returns the next record for a place, of a session that was last used at a time, and its
// content.
//
// If the record gets another hash, a revocation may just have looked for it under the old one. The
// record then says so, and whoever loads it next checks the marks.
//
// former is the id of the record that this one is to replace. While both exist, a list can tell that
// they are one session.
func (h *storeHome) sealRecord(c *payload.Contents, p place, former *sessionID, used, now int64) (rec Record, s stored, err error) {
	hash, rings := p.hash, h.rings.Load() // loaded once, as SetKeys may replace the ring
	if of := (hashed{rings.principals[0], h.principalOf(c)}); !of.same(p.hashed) {
		hash, p.hashed = of.key.Hash(of.principal), of
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

// sealData seals the data of a record. It is text, which every store and every older build accepts,
// unless it never leaves this process.
func (h *storeHome) sealData(rings *rings, plaintext []byte) ([]byte, error) {
	if h.atOnce {
		return rings.record.SealRaw(plaintext)
	}
	return rings.record.Seal(nil, plaintext)
}

// sealTombstone returns the tombstone for an ended session.
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

// recordTooLarge is an ErrTooLarge whose text does not mention cookies.
type recordTooLarge struct {
	size    int
	largest string
}

func (e *recordTooLarge) Error() string {
	return fmt.Sprintf("session: too large for a record: %d bytes, %d allowed; the largest fields are %s",
		e.size, maxRecordSize, e.largest)
}

func (e *recordTooLarge) Is(target error) bool { return target == ErrTooLarge }
