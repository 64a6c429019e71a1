package runtime

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/sessiongen/sessiongen/runtime/internal/token"
	"github.com/sessiongen/sessiongen/runtime/internal/wire"
)

// With a store, the cookie's token is sealed for a purpose of its own. Its plaintext is
// a msgpack array of one: the id, as bin. The data of a record is a token of a third
// purpose, with two values after one another as plaintext:
//
//	used     Unix seconds: when the session was last used
//	session  as in payload.go
//
// The id in the session's metadata must be the cookie's. When a session ends, or moves to
// another id, its record becomes a tombstone for a while, so that the requests under
// way tell this apart from a mere change:
//
//	nil
//	id    bin, the session's
//	next  bin, the id that it moved to, if it did

// maxRecordSize bounds Record.Data.
const maxRecordSize = token.MaxText

// usedSize is how many bytes a time of last use takes.
const usedSize = 5

// graveTime is for how many seconds a tombstone stays: longer than requests take.
const graveTime = 60

// lateTime is for how many seconds after a session moved a request with its old id counts as
// one that the browser sent before it heard of the new id.
const lateTime = 10

var (
	errRecord    = errors.New("the record is damaged")
	errRecordKey = errors.New("the record is sealed with a key that this process does not have")
)

// sealID appends the token that the cookie carries.
func (m *manager) sealID(dst []byte, id [idSize]byte) ([]byte, error) {
	plaintext := wire.AppendArrayHeader(make([]byte, 0, 32), 1)
	return m.rings.Load().id.Seal(dst, wire.AppendBytes(plaintext, id[:]))
}

// openID returns the id in a cookie's value.
func (m *manager) openID(value string) (id [idSize]byte, oldKey bool, refusal string, decrypted bool) {
	buf := getScratch()
	defer putScratch(buf)
	rings := m.rings.Load()
	plaintext, key, err := rings.id.Open(*buf, value)
	switch err {
	case nil:
	case token.ErrForged:
		return id, false, RefusedForged, true
	case token.ErrUnknownKey:
		if rings.session.Recognizes(value) || rings.seen.Recognizes(value) || rings.record.Recognizes(value) {
			return id, false, RefusedPurpose, false
		}
		return id, false, RefusedUnknownKey, false
	default:
		return id, false, RefusedMalformed, false
	}
	*buf = plaintext
	r := reader{b: plaintext}
	elements := r.array()
	copy(id[:], r.fixed(idSize))
	if r.failed || elements < 1 {
		return id, false, RefusedMalformed, true
	}
	return id, key > 0, "", true
}

// A stored is what a record says.
type stored struct {
	*contents
	id        [idSize]byte
	plaintext []byte // without the time of last use; never written to
	version   uint64
	used      int64
	oldKey    bool
	ended     bool          // it is a tombstone
	next      *[idSize]byte // of a tombstone, where the session moved to; may be nil
	late      bool          // of a tombstone, it did so less than lateTime ago
}

// openRecord reads the record of an id into c.
func (m *manager) openRecord(rec Record, id [idSize]byte, c *contents) (stored, error) {
	s, err := m.openListed(rec, c)
	if err == nil && s.id != id {
		err = errRecord
	}
	return s, err
}

// openListed reads a record into c, whatever its id.
func (m *manager) openListed(rec Record, c *contents) (stored, error) {
	s := stored{contents: c, version: rec.Version}
	if len(rec.Data) > maxRecordSize || !goodVersion(rec.Version) {
		return s, errRecord
	}
	text, key, err := m.rings.Load().record.Open(c.text[:0], string(rec.Data))
	if err == token.ErrUnknownKey {
		return s, errRecordKey
	}
	if err != nil {
		return s, errRecord
	}
	s.oldKey = key > 0
	if len(text) > 0 && text[0] == wireNil {
		s.late = time.Until(rec.Expires) > (graveTime-lateTime)*time.Second
		return s, s.openTombstone(text[1:])
	}
	r := reader{b: text}
	s.used = r.seconds()
	if r.failed {
		return s, errRecord
	}
	c.text = r.rest()
	s.plaintext = c.text
	if m.parse(c) != nil {
		return s, errRecord
	}
	s.id = c.meta.id
	return s, nil
}

func goodVersion(v uint64) bool { return v > 0 && v <= math.MaxInt64 }

const wireNil = 0xc0

func (s *stored) openTombstone(text []byte) error {
	r := reader{b: text}
	copy(s.id[:], r.fixed(idSize))
	if r.failed {
		return errRecord
	}
	s.ended = true
	if r.pos < len(text) {
		next := r.fixed(idSize)
		if r.failed {
			return errRecord
		}
		s.next = (*[idSize]byte)(next)
	}
	return nil
}

// sealRecord makes the record of a session that was last used at a time. It returns the
// session's plaintext too, which stays.
func (m *manager) sealRecord(c *contents, version uint64, used int64) (rec Record, plaintext []byte, err error) {
	buf := getScratch()
	defer putScratch(buf)
	*buf = wire.AppendUint(*buf, uint64(used))
	start := len(*buf)
	*buf = m.appendPlaintext(*buf, c)
	if size := token.TextLen(len(*buf)); size > maxRecordSize {
		return rec, nil, &recordTooLarge{size, m.largest(c)}
	}
	data, err := m.rings.Load().record.Seal(nil, *buf)
	if err != nil {
		return rec, nil, fmt.Errorf("session: sealing: %w", err)
	}
	end, _ := m.end(&c.meta, used)
	expires := storeTime(end - m.clock.now())
	return Record{Version: version, Principal: m.principalOf(c), Data: data, Expires: expires},
		append([]byte(nil), (*buf)[start:]...), nil
}

// sealTombstone makes the record of a session that ended.
func (m *manager) sealTombstone(id [idSize]byte, next *[idSize]byte, version uint64) (Record, error) {
	plaintext := wire.AppendBytes([]byte{wireNil}, id[:])
	if next != nil {
		plaintext = wire.AppendBytes(plaintext, next[:])
	}
	data, err := m.rings.Load().record.Seal(nil, plaintext)
	if err != nil {
		return Record{}, fmt.Errorf("session: sealing: %w", err)
	}
	return Record{Version: version, Data: data, Expires: storeTime(graveTime)}, nil
}

// storeTime is a time so many seconds from now by the clock of a store, which knows nothing of
// Config.Time.
func storeTime(seconds int64) time.Time { return time.Unix(time.Now().Unix()+seconds, 0) }

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
