// Package dbsc has the texts of Device Bound Session Credentials, a draft of the W3C, as Chromium sends and
// expects them: the proofs of a key that a browser holds, and the header fields and JSON that a server answers with.
//
// It decides nothing about sessions. What a challenge is, and whether one is fresh, is its callers' business.
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
	// MaxProof is the length of the longest proof that is looked at, in bytes.
	MaxProof = 8 << 10

	// MaxChallenge is the length of the longest challenge of a proof, in bytes.
	MaxChallenge = 4 << 10

	// maxHeader is the length of the longest JOSE header, in base64url.
	maxHeader = 2 << 10

	signatureSize = 2 * coordinateSize
)

// The errors of Registration and Proof. They say nothing of the proof's contents.
var (
	ErrMalformed = errors.New("session: not a proof of a device's key")
	ErrAlgorithm = errors.New("session: a device's proof is not of ES256 and of type dbsc+jwt")
	ErrKey       = errors.New("session: a device's key is not one of P-256")
	ErrSignature = errors.New("session: the signature of a device's proof is wrong")
	ErrChallenge = errors.New("session: a device's proof has no challenge")
)

// Registration reads the proof of a key that comes with it: the value of the header field Response
// of a registration. It returns the key, and the challenge that was signed with it.
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

// Proof reads the proof of a key that is known: the value of the header field Response of a refresh.
// It returns the challenge that was signed. A key within the proof does not count.
func Proof(jws string, key Key) (challenge string, err error) {
	p, err := parseProof(jws)
	if err != nil {
		return "", err
	}
	return p.challenge(key)
}

// proof is a JSON Web Signature in its compact form, of RFC 7515, that is not verified yet.
type proof struct {
	header    object
	signed    string
	payload   string
	signature []byte
}

// parseProof reads the form of a proof and its header, which must name the one algorithm that there is.
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
	// RFC 7515 section 4.1.11: who does not know an extension that is critical must refuse.
	if _, critical := header["crit"]; critical || header.text("alg") != "ES256" || header.text("typ") != "dbsc+jwt" {
		return proof{}, ErrAlgorithm
	}
	signature, ok := decode(last, signatureSize)
	if !ok {
		return proof{}, ErrSignature
	}
	return proof{header, signed, payload, signature}, nil
}

// challenge returns the challenge of the proof, once its signature is verified.
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
