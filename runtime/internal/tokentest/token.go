// Package tokentest is a second implementation of sessiongen's tokens, for tests: written
// from testdata/tokens/README.md, sharing no code with the runtime but its tests, and
// taking the nonces that it is given. It is plain and slow, and its timing depends on
// secrets.
package tokentest

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"

	"github.com/sessiongen/sessiongen/runtime/internal/xaes/xaestest"
)

// The purposes of tokens.
const (
	PurposeSession = "session"
	PurposeSeen    = "seen"
	PurposeFlow    = "flow"
	PurposeBound   = "bound"
)

// The reasons why a cookie is refused.
const (
	Malformed    = "malformed"
	UnknownKey   = "unknown key"
	WrongPurpose = "wrong purpose"
	Forged       = "forged"
	Expired      = "expired"
	Idle         = "idle"

	// These are of flows.
	NoFlow     = "no such flow"
	OtherFlow  = "another flow"
	OtherField = "another field"
)

const (
	suite = 0x01
	// The suite, the key id, the nonce and the tag.
	shortest = 1 + 4 + 24 + 16
	longest  = 1 << 20 // of a text
)

// Seal returns the token of a plaintext under a master key and a nonce of 24 bytes.
func Seal(master []byte, cookie, purpose string, nonce, plaintext []byte) string {
	id := KeyID(master, purpose)
	return Text(id, nonce, xaestest.Seal(CookieKey(master), nonce, plaintext, AdditionalData(id, cookie, purpose)))
}

// Text returns the text of the parts of a token.
func Text(id, nonce, sealed []byte) string {
	return base64.RawURLEncoding.EncodeToString(bytes.Join([][]byte{{suite}, id, nonce, sealed}, nil))
}

// OpenToken returns the plaintext of a token and the index of the master key that sealed it.
// The reason is empty if it opens.
func OpenToken(masters [][]byte, cookie, purpose, text string) (plaintext []byte, key int, reason string) {
	raw, ok := decode(text)
	if !ok || len(text) > longest || len(raw) < shortest || raw[0] != suite {
		return nil, 0, Malformed
	}
	id, nonce, sealed := raw[1:5], raw[5:29], raw[29:]
	for i, master := range masters {
		if bytes.Equal(id, KeyID(master, purpose)) {
			plaintext, ok := xaestest.Open(CookieKey(master), nonce, sealed, AdditionalData(id, cookie, purpose))
			if !ok {
				return nil, 0, Forged
			}
			return plaintext, i, ""
		}
	}
	for _, master := range masters {
		for _, other := range []string{PurposeSession, PurposeSeen, PurposeFlow, PurposeBound} {
			if bytes.Equal(id, KeyID(master, other)) {
				return nil, 0, WrongPurpose
			}
		}
	}
	return nil, 0, UnknownKey
}

// decode decodes strict base64url. The decoder of encoding/base64 alone would skip line
// breaks.
func decode(text string) ([]byte, bool) {
	if strings.ContainsAny(text, "\r\n") {
		return nil, false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	return raw, err == nil
}

// KeyID returns the id that a master key has in tokens of a purpose.
func KeyID(master []byte, purpose string) []byte {
	return hkdf(master, "sessiongen v1 key id: "+purpose, 4)
}

// CookieKey returns the key of the AEAD.
func CookieKey(master []byte) []byte { return hkdf(master, "sessiongen v1 cookie key", 32) }

// AdditionalData returns what the AEAD authenticates along with the plaintext.
func AdditionalData(id []byte, cookie, purpose string) []byte {
	var aad []byte
	for _, part := range []string{"sessiongen", "\x01", string(id), cookie, purpose} {
		aad = binary.BigEndian.AppendUint16(aad, uint16(len(part)))
		aad = append(aad, part...)
	}
	return aad
}

// hkdf is RFC 5869 with SHA-256, without salt, for at most 32 bytes.
func hkdf(master []byte, info string, n int) []byte {
	extract := hmac.New(sha256.New, make([]byte, sha256.Size))
	extract.Write(master)
	expand := hmac.New(sha256.New, extract.Sum(nil))
	expand.Write(append([]byte(info), 1))
	return expand.Sum(nil)[:n]
}
