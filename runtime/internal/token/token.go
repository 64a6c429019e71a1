// Package token seals and opens sessiongen's tokens: encrypted, authenticated texts
// that can travel in a cookie.
//
// A token is, in base64url without padding,
//
//	suite 0x01 | key id 4 | nonce 24 | ciphertext | tag 16
//
// where the AEAD is XAES-256-GCM and its additional data are these, each preceded
// by its length as 2 bytes, big-endian:
//
//	"sessiongen" | suite | key id | cookie name | purpose
//
// The key and its id come from a 32-byte master key by HKDF-SHA256 without salt,
// under the info strings "sessiongen v1 cookie key" and "sessiongen v1 key id: " with
// the purpose. So the id tells tokens of another purpose apart before any is opened.
package token

import (
	"encoding/binary"
	"errors"
	"slices"
	"unsafe"

	"github.com/sessiongen/sessiongen/runtime/internal/xaes"
)

const (
	suite  = 1
	idSize = 4

	// headSize is the size of what precedes the AEAD's output: the suite, the key
	// id and the nonce's first half.
	headSize = 1 + idSize + xaes.PrefixSize
)

const (
	// Overhead is how many bytes a token has more than its plaintext, before base64.
	Overhead = headSize + xaes.Overhead

	// MaxText is the length of the longest text that Seal makes and Open looks at,
	// in bytes: far above every cookie, and low enough that nobody can make a
	// server decode without end.
	MaxText = 1 << 20

	maxPlaintext = MaxText/4*3 - Overhead
)

// slack is how much room, at least, is behind a plaintext for which Open makes room.
const slack = 128

// The errors of Open, and of Seal. They say nothing about the token.
var (
	ErrMalformed  = errors.New("session: not a token")
	ErrUnknownKey = errors.New("session: token of an unknown key")
	ErrForged     = errors.New("session: token is forged, damaged or of another cookie")
	ErrTooLong    = errors.New("session: too long for a token")
)

// TextLen returns the length of the text of a plaintext of n bytes.
func TextLen(n int) int { return textLen(n + Overhead) }

// Seal encrypts plaintext with the ring's first key and appends the token's text to
// dst, whose spare capacity must not overlap plaintext. Past the length that MaxText
// allows it fails with ErrTooLong.
func (r *Ring) Seal(dst, plaintext []byte) ([]byte, error) {
	if len(plaintext) > maxPlaintext {
		return nil, ErrTooLong
	}
	s, err := r.sealer()
	if err != nil {
		return nil, err
	}
	start := len(dst)
	dst = slices.Grow(dst, TextLen(len(plaintext)))
	text := dst[start : start+TextLen(len(plaintext))]
	// The bytes are made at the end of the room for their text, which then grows
	// towards them without reaching those that are still to be read.
	raw := text[len(text)-Overhead-len(plaintext):]
	r.seal(raw[:0], plaintext, s)
	EncodeText(text, raw)
	return dst[:start+len(text)], nil
}

// SealRaw is Seal without base64, for what does not travel as text. OpenBytes opens it.
func (r *Ring) SealRaw(plaintext []byte) ([]byte, error) {
	if len(plaintext) > maxPlaintext {
		return nil, ErrTooLong
	}
	s, err := r.sealer()
	if err != nil {
		return nil, err
	}
	return r.seal(make([]byte, 0, len(plaintext)+Overhead), plaintext, s), nil
}

// seal appends a token without base64 to dst.
func (r *Ring) seal(dst, plaintext []byte, s *subkey) []byte {
	return s.aead.Seal(append(dst, s.head[:]...), nil, plaintext, r.keys[0].aad)
}

// Open appends the plaintext of a token to dst and returns it with the index in the
// ring of the key that sealed it: 0 is the key that seals, anything else an older
// one. The error is ErrMalformed, ErrUnknownKey or ErrForged. It allocates nothing
// if dst has room for Overhead more bytes than the plaintext, and the ring knows the
// nonce's first half. Otherwise the plaintext gets some room behind it, for a caller who appends.
//
// Open decrypts at most once, whatever the number of keys: the key id decides.
func (r *Ring) Open(dst []byte, text string) (plaintext []byte, key int, err error) {
	if len(text) < TextLen(0) || len(text) > MaxText {
		return nil, -1, ErrMalformed
	}
	return r.open(dst, text, true)
}

// OpenBytes is Open for what SealRaw made, or for a text in bytes. Nobody may change it meanwhile.
func (r *Ring) OpenBytes(dst, data []byte) (plaintext []byte, key int, err error) {
	token := unsafe.String(unsafe.SliceData(data), len(data))
	if len(data) < Overhead || data[0] != suite { // no text begins so
		return r.Open(dst, token)
	}
	if TextLen(len(data)-Overhead) > MaxText {
		return nil, -1, ErrMalformed
	}
	return r.open(dst, token, false)
}

// open is Open for a token that is neither too long nor too short, as text or without base64.
func (r *Ring) open(dst []byte, token string, isText bool) (plaintext []byte, key int, err error) {
	n := len(token)
	if isText {
		n = rawLen(n)
	}
	if cap(dst)-len(dst) < n {
		dst = slices.Grow(dst, n+n/4+slack)
	}
	raw, out := unsafe.Slice(unsafe.StringData(token), n), dst
	if isText { // it is decoded behind dst, and decrypted where it is
		raw = dst[len(dst):][:n]
		out = raw[headSize:headSize]
		if !decodeText(raw, token) {
			return nil, -1, ErrMalformed
		}
	}
	if raw[0] != suite {
		return nil, -1, ErrMalformed
	}
	key = r.index([idSize]byte(raw[1:]))
	if key < 0 {
		return nil, -1, ErrUnknownKey
	}
	k, head := r.keys[key], (*[headSize]byte)(raw)
	s := r.known(k, head)
	derived := s == nil
	if derived {
		if s, err = k.subkey(*head); err != nil {
			return nil, -1, err
		}
	}
	plaintext, err = s.aead.Open(out, nil, raw[headSize:], k.aad)
	if err != nil {
		return nil, -1, ErrForged
	}
	if isText {
		copy(raw, plaintext) // which may be secret, so that nothing of it is left behind it
		clear(raw[len(plaintext):])
		plaintext = dst[:len(dst)+len(plaintext)]
	}
	if derived && r.known(k, head) == nil { // another request may have been faster
		k.remember(s)
	}
	return plaintext, key, nil
}

// Recognizes reports whether text looks like a token that this ring may open: it names
// one of its keys. Nothing is authenticated.
func (r *Ring) Recognizes(text string) bool {
	var head [6]byte
	if len(text) < 8 || !decodeText(head[:], text[:8]) {
		return false
	}
	return head[0] == suite && r.index([idSize]byte(head[1:])) >= 0
}

// additionalData is what binds a token to its suite, key, cookie and purpose. The
// lengths keep the parts apart: no two different lists give the same bytes.
func additionalData(id [idSize]byte, name, purpose string) []byte {
	var aad []byte
	for _, part := range []string{"sessiongen", string([]byte{suite}), string(id[:]), name, purpose} {
		aad = binary.BigEndian.AppendUint16(aad, uint16(len(part)))
		aad = append(aad, part...)
	}
	return aad
}
