// Package token seals and opens sessiongen's tokens: encrypted and authenticated texts that fit into
// a cookie.
//
// A token is, in base64url without padding,
//
//	suite 0x01 | key id 4 | nonce 24 | ciphertext | tag 16
//
// The AEAD is XAES-256-GCM. Its additional data are the following parts, each preceded by its length
// as 2 bytes, big-endian:
//
//	"sessiongen" | suite | key id | cookie name | purpose
//
// The key and its id are derived from a 32-byte master key by HKDF-SHA256 without salt. The info
// string of the key is "sessiongen v1 cookie key", and that of the id is "sessiongen v1 key id: "
// followed by the purpose. So a token of another purpose has another key id, and is rejected without
// decrypting it.
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

	// headSize is the size of what precedes the AEAD's output: the suite, the key id and the first
	// half of the nonce.
	headSize = 1 + idSize + xaes.PrefixSize
)

const (
	// Overhead is how many bytes longer a token is than its plaintext, before base64.
	Overhead = headSize + xaes.Overhead

	// MaxText is the longest text that Seal makes and Open accepts, in bytes. It is far more than
	// fits into cookies, and bounds the work for one token.
	MaxText = 1 << 20

	maxPlaintext = MaxText/4*3 - Overhead
)

// slack is the least spare capacity after a plaintext for which Open allocates.
const slack = 128

// Errors of Open and Seal. They contain nothing of the token.
var (
	ErrMalformed  = errors.New("session: not a token")
	ErrUnknownKey = errors.New("session: token of an unknown key")
	ErrForged     = errors.New("session: token is forged, damaged or of another cookie")
	ErrTooLong    = errors.New("session: too long for a token")
)

// TextLen returns the length of the token's text for a plaintext of n bytes.
func TextLen(n int) int { return textLen(n + Overhead) }

// Seal encrypts plaintext with the ring's first key and appends the token's text to dst. The spare
// capacity of dst must not overlap plaintext. Seal returns ErrTooLong if the text would be longer
// than MaxText.
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
	// The raw token lies at the end of the space for its text. encodeText reads each part before it
	// overwrites it.
	raw := text[len(text)-Overhead-len(plaintext):]
	r.seal(raw[:0], plaintext, s)
	encodeText(text, raw)
	return dst[:start+len(text)], nil
}

// SealRaw is Seal without base64, for binary transport. OpenBytes opens the result.
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

// Open appends the plaintext of a token to dst and returns it with the index of the key that sealed
// it. Index 0 is the key that seals. The error is ErrMalformed, ErrUnknownKey or ErrForged.
//
// Open allocates nothing if dst has room for the plaintext and Overhead more bytes, and the ring
// knows the first half of the nonce. When it allocates, it leaves spare capacity after the plaintext
// for the caller to append to.
//
// Open decrypts at most once, however many keys there are, because the token names its key.
func (r *Ring) Open(dst []byte, text string) (plaintext []byte, key int, err error) {
	if len(text) < TextLen(0) || len(text) > MaxText {
		return nil, -1, ErrMalformed
	}
	return r.open(dst, text, true)
}

// OpenBytes is Open for the output of SealRaw, or for a token's text as bytes. The data must not
// change during the call.
func (r *Ring) OpenBytes(dst, data []byte) (plaintext []byte, key int, err error) {
	token := unsafe.String(unsafe.SliceData(data), len(data))
	if len(data) < Overhead || data[0] != suite { // no text begins with this byte
		return r.Open(dst, token)
	}
	if TextLen(len(data)-Overhead) > MaxText {
		return nil, -1, ErrMalformed
	}
	return r.open(dst, token, false)
}

// open is Open for a token of acceptable length. isText says whether it is in base64.
func (r *Ring) open(dst []byte, token string, isText bool) (plaintext []byte, key int, err error) {
	n := len(token)
	if isText {
		n = rawLen(n)
	}
	if cap(dst)-len(dst) < n {
		dst = slices.Grow(dst, n+n/4+slack)
	}
	raw, out := unsafe.Slice(unsafe.StringData(token), n), dst
	if isText { // decode behind dst, and decrypt in place
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
		copy(raw, plaintext) // the plaintext may be secret, so no second copy is left
		clear(raw[len(plaintext):])
		plaintext = dst[:len(dst)+len(plaintext)]
	}
	if derived && r.known(k, head) == nil { // another request may have stored it first
		k.remember(s)
	}
	return plaintext, key, nil
}

// Recognizes reports whether text looks like a token of one of the ring's keys. It authenticates
// nothing.
func (r *Ring) Recognizes(text string) bool {
	var head [6]byte
	if len(text) < 8 || !decodeText(head[:], text[:8]) {
		return false
	}
	return head[0] == suite && r.index([idSize]byte(head[1:])) >= 0
}

// additionalData binds a token to its suite, key, cookie and purpose. The length prefixes keep the
// parts apart, so different parts never give the same bytes.
func additionalData(id [idSize]byte, name, purpose string) []byte {
	var aad []byte
	for _, part := range []string{"sessiongen", string([]byte{suite}), string(id[:]), name, purpose} {
		aad = binary.BigEndian.AppendUint16(aad, uint16(len(part)))
		aad = append(aad, part...)
	}
	return aad
}
