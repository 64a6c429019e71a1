package dbsc

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/asn1"
	"fmt"
	"math/big"
	"testing"
)

const (
	es256 = `{"alg":"ES256","typ":"dbsc+jwt"}`
	claim = `{"jti":"challenge"}`
)

// device holds a key, and signs anything.
type device struct{ private *ecdsa.PrivateKey }

// newDevice returns the device with a number, which is the same in each process.
func newDevice(t testing.TB, n byte) device {
	t.Helper()
	scalar := make([]byte, 32)
	scalar[31] = n
	private, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar)
	if err != nil {
		t.Fatal(err)
	}
	return device{private}
}

func (d device) key(t testing.TB) Key {
	t.Helper()
	b, err := d.private.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	key, ok := ParseKey(b)
	if !ok {
		t.Fatal("the device's key is not a Key")
	}
	return key
}

// coordinates returns x and y as a JWK has them.
func (d device) coordinates(t testing.TB) (x, y string) {
	t.Helper()
	b := d.key(t).Bytes()
	return base64url.EncodeToString(b[1:33]), base64url.EncodeToString(b[33:])
}

// header is that of a registration.
func (d device) header(t testing.TB) string {
	t.Helper()
	x, y := d.coordinates(t)
	return fmt.Sprintf(`{"alg":"ES256","jwk":{"crv":"P-256","kty":"EC","x":%q,"y":%q},"typ":"dbsc+jwt"}`, x, y)
}

// sign returns the proof with a header and claims.
func (d device) sign(t testing.TB, header, claims string) string {
	t.Helper()
	return d.signText(t, base64url.EncodeToString([]byte(header))+"."+base64url.EncodeToString([]byte(claims)))
}

// signText signs what is in base64url already, or pretends to be.
func (d device) signText(t testing.TB, text string) string {
	t.Helper()
	r, s := d.rs(t, text)
	return text + "." + base64url.EncodeToString(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
}

// rs signs a text, always in the same way.
func (d device) rs(t testing.TB, text string) (r, s *big.Int) {
	t.Helper()
	var pair struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(d.der(t, text), &pair); err != nil {
		t.Fatal(err)
	}
	return pair.R, pair.S
}

func (d device) der(t testing.TB, text string) []byte {
	t.Helper()
	digest := sha256.Sum256([]byte(text))
	der, err := d.private.Sign(nil, digest[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return der
}
