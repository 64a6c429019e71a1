package runtime

import (
	"github.com/sessiongen/sessiongen/runtime/internal/cookie"
	"github.com/sessiongen/sessiongen/runtime/internal/wire"
)

// A badge is a cookie with what is known about the browser's device. Its token's plaintext is a
// msgpack array of five:
//
//	kind    1: offered, 2: proven, 3: ended
//	key     bin, 16 bytes: the thumbprint; zeros if no key was proved yet
//	session bin, 16 bytes: the id of the session that the key was registered for; zeros if it is unknown
//	at      Unix seconds: when it was offered, proved or ended
//	offers  how many offers were made
type badge struct {
	kind    badgeKind
	key     thumbprint
	session sessionID
	at      int64
	offers  uint8
}

type badgeKind uint8

const (
	badgeNone    badgeKind = iota
	badgeOffered           // a binding was offered
	badgeProven            // the key was proved
	badgeEnded             // the session that was bound to the key has ended
)

const badgeElements = 5

func (m *manager) sealBadge(dst []byte, b badge) ([]byte, error) {
	plaintext := wire.AppendArrayHeader(make([]byte, 0, 64), badgeElements)
	plaintext = wire.AppendUint(plaintext, uint64(b.kind))
	plaintext = wire.AppendBytes(plaintext, b.key[:])
	plaintext = wire.AppendBytes(plaintext, b.session[:])
	plaintext = wire.AppendUint(plaintext, uint64(b.at))
	plaintext = wire.AppendUint(plaintext, uint64(b.offers))
	return m.rings.Load().badge.Seal(dst, plaintext)
}

// openBadge returns the badge in a token. The kind is badgeNone if the token is not acceptable.
func (m *manager) openBadge(text string) (b badge) {
	buf := getScratch()
	defer putScratch(buf)
	plaintext, _, err := m.rings.Load().badge.Open(*buf, text)
	if err != nil {
		return badge{}
	}
	*buf = plaintext
	r := wire.NewReader(plaintext)
	elements := r.Array()
	kind := r.Uint()
	copy(b.key[:], r.Fixed(len(b.key)))
	copy(b.session[:], r.Fixed(len(b.session)))
	b.at = r.Seconds()
	offers := r.Uint()
	if !r.Done() || elements != badgeElements || kind > uint64(badgeEnded) {
		return badge{}
	}
	b.kind, b.offers = badgeKind(kind), uint8(min(offers, 255))
	return b
}

// findBadge returns the newest badge that concerns a session. does is false if none does, and found
// is then any badge, with kind badgeNone if there is none. All badges of the request are decrypted,
// so that badges planted by a subdomain cannot hide the right one. Find keeps no more badges than a
// browser sends.
func (m *manager) findBadge(texts cookie.Values, concerns func(badge) bool) (found badge, does bool) {
	for text := range texts.All() {
		b := m.openBadge(text)
		switch about := concerns(b); {
		case b.kind == badgeNone:
		case about && (!does || b.at > found.at):
			found, does = b, true
		case found.kind == badgeNone:
			found = b
		}
	}
	return found, does
}

// appendBadgeLine appends the Set-Cookie header field for a badge. If maxAge is 0, the cookie ends
// when the browser closes.
func (m *manager) appendBadgeLine(lines []string, b badge, maxAge, now int64) ([]string, error) {
	buf := getScratch()
	defer putScratch(buf)
	*buf = append(append(*buf, m.cookie.BadgeName()...), '=')
	line, err := m.sealBadge(*buf, b)
	if err != nil {
		return nil, err
	}
	lines, *buf = m.cookie.AppendCompanion(lines, line, maxAge, now)
	return lines, nil
}

// appendBadgeDeletion appends the Set-Cookie header field that removes the badge.
func (m *manager) appendBadgeDeletion(lines []string) []string {
	return m.cookie.AppendSiblingDeletions(lines, cookie.Siblings(0).With(cookie.Badge))
}
