// Package dbsc implements the messages of Device Bound Session Credentials, a W3C draft, as Chromium
// sends and expects them: the browser's proofs that it has a key, and the header fields and JSON of
// the server's answers.
//
// It decides nothing about sessions. Its callers make the challenges and judge whether one is fresh.
package dbsc

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"errors"
	"math/big"
	"strings"
)

const (
	// MaxProof is the longest proof that is accepted, in bytes.
	MaxProof = 8 << 10

	// MaxChallenge is the longest challenge in a proof, in bytes.
	MaxChallenge = 4 << 10

	// maxHeader is the longest JOSE header, in characters of base64url.
	maxHeader = 2 << 10

	signatureSize = 2 * coordinateSize
)

// Errors of Registration and Proof. They contain nothing of the proof.
var (
	ErrMalformed = errors.New("session: not a proof of a device's key")
	ErrAlgorithm = errors.New("session: a device's proof is not of ES256 and of type dbsc+jwt")
	ErrKey       = errors.New("session: a device's key is not one of P-256")
	ErrSignature = errors.New("session: the signature of a device's proof is wrong")
	ErrChallenge = errors.New("session: a device's proof has no challenge")
)

// Registration verifies a proof that contains its key: the value of HeaderResponse in a
// registration. It returns the key and the signed challenge.
func Registration(jws string) (key Key, challenge string, err error) {
	p, err := parseProof(jws)
	if err != nil {
		return Key{}, "", err
	}
	key, ok := parseJWK(p.header["jwk"])
	if !ok {
		return Key{}, "", ErrKey
	}
	challenge, err = p.challenge(key)
	if err != nil {
		return Key{}, "", err
	}
	return key, challenge, nil
}

// Proof verifies a proof of a known key: the value of HeaderResponse in a refresh. It returns the
// signed challenge. A key inside the proof is ignored.
func Proof(jws string, key Key) (challenge string, err error) {
	p, err := parseProof(jws)
	if err != nil {
		return "", err
	}
	return p.challenge(key)
}

// proof is a JSON Web Signature in compact form (RFC 7515) that is not verified yet.
type proof struct {
	header    object
	signed    string
	payload   string
	signature []byte
}

// parseProof splits a proof and reads its header, which must name ES256.
func parseProof(jws string) (proof, error) {
	if len(jws) > MaxProof || strings.Count(jws, ".") != 2 {
		return proof{}, ErrMalformed
	}
	signed, last := jws[:strings.LastIndexByte(jws, '.')], jws[strings.LastIndexByte(jws, '.')+1:]
	head, payload, _ := strings.Cut(signed, ".")
	if len(head) > maxHeader {
		return proof{}, ErrMalformed
	}
	text, ok := decode(head, -1)
	if !ok {
		return proof{}, ErrMalformed
	}
	header, ok := parseObject(text)
	if !ok {
		return proof{}, ErrMalformed
	}
	// RFC 7515 section 4.1.11: a recipient that does not know a critical extension must reject it.
	if _, critical := header["crit"]; critical || header.text("alg") != "ES256" || header.text("typ") != "dbsc+jwt" {
		return proof{}, ErrAlgorithm
	}
	signature, ok := decode(last, signatureSize)
	if !ok {
		return proof{}, ErrSignature
	}
	return proof{header, signed, payload, signature}, nil
}

// challenge verifies the signature and returns the proof's challenge.
func (p proof) challenge(key Key) (string, error) {
	if !p.verified(key) {
		return "", ErrSignature
	}
	text, ok := decode(p.payload, -1)
	if !ok {
		return "", ErrMalformed
	}
	claims, ok := parseObject(text)
	if !ok {
		return "", ErrMalformed
	}
	challenge := claims.text("jti")
	if challenge == "" || len(challenge) > MaxChallenge {
		return "", ErrChallenge
	}
	return challenge, nil
}

func (p proof) verified(key Key) bool {
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), key.point[:])
	if err != nil {
		return false
	}
	digest := sha256.Sum256([]byte(p.signed))
	r := new(big.Int).SetBytes(p.signature[:coordinateSize])
	s := new(big.Int).SetBytes(p.signature[coordinateSize:])
	return ecdsa.Verify(public, digest[:], r, s)
}
