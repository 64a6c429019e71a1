package runtime_test

import (
	"encoding/base64"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime/internal/token"
	"github.com/sessiongen/sessiongen/runtime/internal/wire"
)

// These functions make and read tokens without a manager, as other builds of a program
// and other versions of this package might write them.

// newRing returns the ring of a key for a cookie and a purpose.
func newRing(t testing.TB, key, name, purpose string) *token.Ring {
	t.Helper()
	master, err := base64.RawURLEncoding.DecodeString(key)
	if err != nil {
		t.Fatal(err)
	}
	ring, err := token.NewRing([][]byte{master}, name, purpose)
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

// craft returns the Cookie header with a token of this plaintext under keyA.
func craft(t testing.TB, plaintext []byte) string {
	t.Helper()
	return dataName + "=" + sealText(t, keyA, dataName, "session", plaintext)
}

// plaintextOf returns the plaintext of a Cookie header that keyA opens.
func plaintextOf(t testing.TB, cookie string) []byte {
	t.Helper()
	plaintext, _, err := newRing(t, keyA, dataName, "session").Open(nil, cookie[len(dataName+"="):])
	if err != nil {
		t.Fatal(err)
	}
	return plaintext
}

// metadata returns the metadata of a session from created on, with further elements.
func metadata(created time.Time, more ...[]byte) []byte {
	b := wire.AppendArrayHeader(nil, 5+len(more))
	b = wire.AppendBytes(b, []byte("0123456789abcdef"))
	b = wire.AppendUint(b, uint64(created.Unix()))
	for range 3 { // seen, authenticated, flags
		b = wire.AppendUint(b, 0)
	}
	for _, element := range more {
		b = append(b, element...)
	}
	return b
}

// payload returns the plaintext of a session: metadata, then keys and encoded values in turn.
func payload(metadata []byte, pairs ...any) []byte {
	return append(append([]byte{0x92}, metadata...), mapping(pairs...)...)
}

func mapping(pairs ...any) []byte {
	b := wire.AppendMapHeader(nil, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		b = append(wire.AppendString(b, pairs[i].(string)), encoded(pairs[i+1])...)
	}
	return b
}

func encoded(v any) []byte {
	switch v := v.(type) {
	case int:
		return wire.AppendUint(nil, uint64(v))
	case string:
		return wire.AppendString(nil, v)
	}
	return v.([]byte)
}

// sealText returns the token of a plaintext for a cookie and a purpose.
func sealText(t testing.TB, key, name, purpose string, plaintext []byte) string {
	t.Helper()
	text, err := newRing(t, key, name, purpose).Seal(nil, plaintext)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// seenPlaintext is what a companion of the session with this id says.
func seenPlaintext(t testing.TB, id string, seen uint64) []byte {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(id)
	if err != nil {
		t.Fatal(err)
	}
	return wire.AppendUint(wire.AppendBytes(wire.AppendArrayHeader(nil, 2), raw), seen)
}
