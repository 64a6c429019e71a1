package dbsc

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
)

const (
	coordinateSize = 32
	keySize        = 1 + 2*coordinateSize
)

// base64url is the encoding of JOSE: no padding, and trailing bits must be zero.
var base64url = base64.RawURLEncoding.Strict()

// A Key is a public ECDSA key on P-256. Keys can be compared with ==. The zero Key means no key.
type Key struct{ point [keySize]byte }

// ParseKey reads the output of Bytes. It rejects points that are not on the curve.
func ParseKey(b []byte) (Key, bool) {
	if _, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), b); err != nil {
		return Key{}, false
	}
	return Key{[keySize]byte(b)}, true
}

// Bytes returns the uncompressed point (SEC 1), 65 bytes.
func (k Key) Bytes() []byte { return k.point[:] }

// Thumbprint returns the first half of the key's SHA-256 thumbprint (RFC 7638).
func (k Key) Thumbprint() [16]byte {
	x, y := k.point[1:1+coordinateSize], k.point[1+coordinateSize:]
	text := `{"crv":"P-256","kty":"EC","x":"` + base64url.EncodeToString(x) + `","y":"` + base64url.EncodeToString(y) + `"}`
	sum := sha256.Sum256([]byte(text))
	return [16]byte(sum[:16])
}

// parseJWK reads a key from a JOSE header. It ignores members that are not part of the thumbprint.
func parseJWK(text []byte) (Key, bool) {
	members, ok := parseObject(text)
	if !ok || members.text("kty") != "EC" || members.text("crv") != "P-256" {
		return Key{}, false
	}
	x, okX := decode(members.text("x"), coordinateSize)
	y, okY := decode(members.text("y"), coordinateSize)
	if !okX || !okY {
		return Key{}, false
	}
	return ParseKey(append(append([]byte{4}, x...), y...))
}

// decode decodes base64url. Unless size is negative, the result must have that many bytes.
func decode(text string, size int) ([]byte, bool) {
	b, err := base64url.DecodeString(text)
	// The decoder ignores line breaks, so the length is compared as well.
	if err != nil || base64url.EncodedLen(len(b)) != len(text) || size >= 0 && len(b) != size {
		return nil, false
	}
	return b, true
}
