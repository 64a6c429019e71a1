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

// base64url is that of JOSE: without padding, and trailing bits must be zero.
var base64url = base64.RawURLEncoding.Strict()

// A Key is a public key of ECDSA with P-256. Keys can be compared with ==, and the zero Key is none.
type Key struct{ point [keySize]byte }

// ParseKey reads what Bytes has written. It refuses points that are not on the curve.
func ParseKey(b []byte) (Key, bool) {
	if _, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), b); err != nil {
		return Key{}, false
	}
	return Key{[keySize]byte(b)}, true
}

// Bytes returns the uncompressed point of SEC 1, 65 bytes.
func (k Key) Bytes() []byte { return k.point[:] }

// Thumbprint returns the first half of the SHA-256 thumbprint of RFC 7638.
func (k Key) Thumbprint() [16]byte {
	x, y := k.point[1:1+coordinateSize], k.point[1+coordinateSize:]
	text := `{"crv":"P-256","kty":"EC","x":"` + base64url.EncodeToString(x) + `","y":"` + base64url.EncodeToString(y) + `"}`
	sum := sha256.Sum256([]byte(text))
	return [16]byte(sum[:16])
}

// parseJWK reads a key of a JOSE header. Members that the thumbprint leaves out are ignored.
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

// decode reads base64url. A size of bytes is required, unless it is negative.
func decode(text string, size int) ([]byte, bool) {
	b, err := base64url.DecodeString(text)
	// The decoder skips line breaks.
	if err != nil || base64url.EncodedLen(len(b)) != len(text) || size >= 0 && len(b) != size {
		return nil, false
	}
	return b, true
}
