package runtime

import "github.com/sessiongen/sessiongen/runtime/internal/wire"

// The time of a session's last use travels in a cookie of its own, so that a request
// that only reads need not send the session itself. Its token's plaintext is a msgpack
// array of two:
//
//	id    bin, the session's
//	seen  Unix seconds

const seenPurpose = "seen"

// readSeen returns when the session with this id was last used by what the companion
// cookie says, or 0, and whether it is sealed under an older key.
func (m *manager) readSeen(text string, id [idSize]byte) (seen int64, oldKey bool) {
	buf := getScratch()
	defer putScratch(buf)
	plaintext, key, err := m.rings.Load().seen.Open(*buf, text)
	if err != nil {
		return 0, false
	}
	*buf = plaintext
	r := reader{b: plaintext}
	elements := r.array()
	owner := r.fixed(idSize)
	seen = r.seconds()
	for ; elements > 2 && !r.failed; elements-- { // of a later version
		r.skip()
	}
	if r.failed || elements != 2 || r.pos != len(plaintext) || string(owner) != string(id[:]) {
		return 0, false
	}
	return seen, key > 0
}

// sealSeen appends the token of the companion cookie.
func (m *manager) sealSeen(dst []byte, id [idSize]byte, seen int64) ([]byte, error) {
	plaintext := wire.AppendArrayHeader(make([]byte, 0, 32), 2)
	plaintext = wire.AppendBytes(plaintext, id[:])
	plaintext = wire.AppendUint(plaintext, uint64(seen))
	return m.rings.Load().seen.Seal(dst, plaintext)
}
