package token

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"testing"

	"github.com/sessiongen/sessiongen/runtime/internal/xaes/xaestest"
)

// The format a second time, from its description in the package's comment and with
// nothing of the package but its tests: HKDF by RFC 5869 on crypto/hmac, XAES by
// xaestest, and a nonce that the test chooses.

func referenceKey(master []byte, info string, n int) []byte {
	extract := hmac.New(sha256.New, make([]byte, sha256.Size))
	extract.Write(master)
	expand := hmac.New(sha256.New, extract.Sum(nil))
	expand.Write(append([]byte(info), 1))
	return expand.Sum(nil)[:n]
}

func referenceAAD(id []byte, name, purpose string) []byte {
	var b bytes.Buffer
	for _, part := range [][]byte{[]byte("sessiongen"), {0x01}, id, []byte(name), []byte(purpose)} {
		binary.Write(&b, binary.BigEndian, uint16(len(part)))
		b.Write(part)
	}
	return b.Bytes()
}

func referenceSeal(master []byte, name, purpose, nonce string, plaintext []byte) string {
	id := referenceKey(master, "sessiongen v1 key id: "+purpose, 4)
	key := referenceKey(master, "sessiongen v1 cookie key", 32)
	raw := append([]byte{0x01}, id...)
	raw = append(raw, nonce...)
	raw = append(raw, xaestest.Seal(key, []byte(nonce), plaintext, referenceAAD(id, name, purpose))...)
	return base64.RawURLEncoding.EncodeToString(raw)
}

func referenceOpen(master []byte, name, purpose, text string) ([]byte, bool) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	id := referenceKey(master, "sessiongen v1 key id: "+purpose, 4)
	if err != nil || len(raw) < 45 || !bytes.Equal(raw[:5], append([]byte{0x01}, id...)) {
		return nil, false
	}
	key := referenceKey(master, "sessiongen v1 cookie key", 32)
	return xaestest.Open(key, raw[5:29], raw[29:], referenceAAD(id, name, purpose))
}

// The token is frozen: a build that does not open it has broken every session.
func TestFrozenToken(t *testing.T) {
	const (
		nonce = "ABCDEFGHIJKLMNOPQRSTUVWX"
		text  = "AcEXoVBBQkNERUZHSElKS0xNTk9QUVJTVFVWV1jgmBTJKfl1u0WIic7JTL8ef3zRwiHAqs4sL5wA"
	)
	master := testMaster(0)
	if got := referenceSeal(master, "__Host-session", "data", nonce, []byte("hello, world")); got != text {
		t.Errorf("the reference seals the token as %s", got)
	}
	plaintext, key, err := newRing(t, "__Host-session", "data", testMaster(1), master).Open(nil, text)
	if string(plaintext) != "hello, world" || key != 1 || err != nil {
		t.Errorf("Open returns %q, %d, %v", plaintext, key, err)
	}
}

func TestReferenceAgrees(t *testing.T) {
	const name, purpose = "__Host-session", "data"
	master := testMaster(7)
	r := newRing(t, name, purpose, master)
	for n := range 200 {
		want := bytes.Repeat([]byte{byte(n)}, n)
		text := seal(t, r, want)
		if got, ok := referenceOpen(master, name, purpose, text); !ok || !bytes.Equal(got, want) {
			t.Fatalf("the reference does not open %s", text)
		}
		text = referenceSeal(master, name, purpose, "a prefix"+string(want[:min(n, 4)])+"0123"+"0123456789ab"[:12-min(n, 4)], want)
		if got, _, err := r.Open(nil, text); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%s opens as %x, %v", text, got, err)
		}
	}
}
