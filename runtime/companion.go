package runtime

import (
	"github.com/sessiongen/sessiongen/runtime/internal/cookie"
	"github.com/sessiongen/sessiongen/runtime/internal/payload"
	"github.com/sessiongen/sessiongen/runtime/internal/wire"
)

// The companion is a second cookie with the time of the session's last use. With it, a request that
// only reads need not send the session itself. Its token's plaintext is a msgpack array of two:
//
//	id    bin, the session's
//	used  Unix seconds

// openCompanions returns when the session with this id was last used according to its companion
// cookies, or 0. oldKey says whether that companion is sealed under an older key. All companions of
// the request are decrypted, so that a companion planted by a subdomain cannot hide the right one.
func (m *manager) openCompanions(texts cookie.Values, id sessionID) (used int64, oldKey bool) {
	for text := range texts.All() {
		if at, old := m.openCompanion(text, id); at > used {
			used, oldKey = at, old
		}
	}
	return used, oldKey
}

// openCompanion returns when the session with this id was last used according to one companion
// cookie, or 0. oldKey says whether it is sealed under an older key.
func (m *manager) openCompanion(text string, id sessionID) (used int64, oldKey bool) {
	buf := getScratch()
	defer putScratch(buf)
	plaintext, key, err := m.rings.Load().companion.Open(*buf, text)
	if err != nil {
		return 0, false
	}
	*buf = plaintext
	r := wire.NewReader(plaintext)
	elements := r.Array()
	owner := r.Fixed(payload.IDSize)
	used = r.Seconds()
	for ; elements > 2 && !r.Failed(); elements-- { // elements of a later version
		r.Skip()
	}
	if !r.Done() || elements != 2 || string(owner) != string(id[:]) {
		return 0, false
	}
	return used, key > 0
}

// sealCompanion appends the companion's token to dst.
func (m *manager) sealCompanion(dst []byte, id sessionID, used int64) ([]byte, error) {
	plaintext := wire.AppendArrayHeader(make([]byte, 0, 32), 2)
	plaintext = wire.AppendBytes(plaintext, id[:])
	plaintext = wire.AppendUint(plaintext, uint64(used))
	return m.rings.Load().companion.Seal(dst, plaintext)
}
