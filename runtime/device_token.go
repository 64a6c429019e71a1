package runtime

import (
	"encoding/base64"
	"strings"

	"github.com/sessiongen/sessiongen/runtime/internal/dbsc"
	"github.com/sessiongen/sessiongen/runtime/internal/payload"
	"github.com/sessiongen/sessiongen/runtime/internal/wire"
)

// A deviceToken is sealed data that the browser gets and returns with a proof, so that nodes need
// not remember anything. Its plaintext is a msgpack array of three:
//
//	kind   1: the session of an identifier, 2: the challenge for a session, 3: the challenge for a key
//	about  bin, 16 bytes: the id of the session, or the thumbprint of the key
//	at     Unix seconds
type deviceToken struct {
	kind  deviceTokenKind
	about [16]byte
	at    int64
}

type deviceTokenKind uint8

const (
	tokenOfSession     deviceTokenKind = iota + 1
	challengeToSession                 // to register a key for a session
	challengeToKey                     // to prove a key again
)

// challengeTime is how many seconds a challenge is valid. The same proof may arrive twice in that
// time: browsers repeat a request when a connection breaks.
const challengeTime = 60

func (m *manager) sealDeviceToken(t deviceToken) (string, error) {
	plaintext := wire.AppendArrayHeader(make([]byte, 0, 32), 3)
	plaintext = wire.AppendUint(plaintext, uint64(t.kind))
	plaintext = wire.AppendBytes(plaintext, t.about[:])
	plaintext = wire.AppendUint(plaintext, uint64(t.at))
	text, err := m.rings.Load().device.Seal(nil, plaintext)
	return string(text), err
}

func (m *manager) openDeviceToken(text string) (t deviceToken, ok bool) {
	buf := getScratch()
	defer putScratch(buf)
	plaintext, _, err := m.rings.Load().device.Open(*buf, text)
	if err != nil {
		return deviceToken{}, false
	}
	*buf = plaintext
	r := wire.NewReader(plaintext)
	elements, kind := r.Array(), r.Uint()
	copy(t.about[:], r.Fixed(len(t.about)))
	t.at = r.Seconds()
	t.kind = deviceTokenKind(min(kind, 255))
	return t, r.Done() && elements == 3
}

// openChallenge returns what a challenge of this kind is about, or why it is refused.
func (m *manager) openChallenge(text string, kind deviceTokenKind, now int64) (about [16]byte, refusal string) {
	t, ok := m.openDeviceToken(text)
	switch {
	case !ok || t.kind != kind:
		return about, RefusedForged
	case now-payload.Past(t.at, now) >= challengeTime:
		return about, RefusedExpired
	}
	return t.about, ""
}

// An identifier is the name of a binding in the browser: the public key in base64url, a dot, and the
// sealed id of the session that it was registered for. A proved key is valid for any session that is
// bound to it, so the id need not be readable after a rotation of the keys.
type identifier struct {
	text    string
	key     dbsc.Key
	session sessionID // zero if it is unreadable
}

var keyText = base64.RawURLEncoding.Strict()

func (m *manager) newIdentifier(key dbsc.Key, session sessionID, now int64) (identifier, error) {
	sealed, err := m.sealDeviceToken(deviceToken{tokenOfSession, session, now})
	return identifier{keyText.EncodeToString(key.Bytes()) + "." + sealed, key, session}, err
}

// maxIdentifier is the longest identifier, in bytes.
const maxIdentifier = 1024

func (m *manager) readIdentifier(text string) (id identifier, ok bool) {
	if len(text) > maxIdentifier {
		return identifier{}, false
	}
	encoded, sealed, _ := strings.Cut(text, ".")
	point, err := keyText.DecodeString(encoded)
	if err != nil || keyText.EncodedLen(len(point)) != len(encoded) { // the decoder ignores line breaks
		return identifier{}, false
	}
	id.text = text
	if id.key, ok = dbsc.ParseKey(point); !ok {
		return identifier{}, false
	}
	if t, ok := m.openDeviceToken(sealed); ok && t.kind == tokenOfSession {
		id.session = t.about
	}
	return id, true
}
