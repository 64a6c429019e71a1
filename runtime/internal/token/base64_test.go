package token

import (
	"bytes"
	"encoding/base64"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/sessiongen/sessiongen/internal/long"
)

var standard = base64.RawURLEncoding.Strict()

func TestEncodeText(t *testing.T) {
	for n := range 300 {
		raw := make([]byte, n)
		for i := range raw {
			raw[i] = byte(rand.Uint32())
		}
		want := standard.EncodeToString(raw)
		if textLen(n) != len(want) || rawLen(len(want)) != n {
			t.Fatalf("%d bytes have textLen %d, whose rawLen is %d", n, textLen(n), rawLen(len(want)))
		}
		// The bytes are at the end of the text's room.
		text := make([]byte, len(want))
		at := text[len(text)-n:]
		copy(at, raw)
		encodeText(text, at)
		if string(text) != want {
			t.Fatalf("%x is encoded as %s, want %s", raw, text, want)
		}
		got := make([]byte, n)
		if !decodeText(got, want) || !bytes.Equal(got, raw) {
			t.Fatalf("%s decodes as %x, want %x", want, got, raw)
		}
	}
}

// checkDecode decodes a text if it is one, which the standard library judges.
func checkDecode(t testing.TB, text string) (raw []byte, ok bool) {
	t.Helper()
	want, err := standard.DecodeString(text)
	wantOK := err == nil && !strings.ContainsAny(text, "\r\n")
	raw = make([]byte, rawLen(len(text)))
	ok = decodeText(raw, text)
	if ok != wantOK || ok && !bytes.Equal(raw, want) {
		t.Errorf("%q decodes as %x, %v; want %x, %v", text, raw, ok, want, wantOK)
	}
	return raw, ok
}

// Every text of one to five characters that differs from a valid one in two places,
// and some others, is judged as the standard library judges it.
func TestDecodeTextIsStrict(t *testing.T) {
	const some = "AQgw_-+/=\r\n \x00\xff0zZ"
	for n := range long.Times(6, 12, 12) {
		for i := range n {
			for j := range n {
				for _, c := range some {
					for d := range 256 {
						text := []byte(strings.Repeat("A", n))
						text[i], text[j] = byte(c), byte(d)
						checkDecode(t, string(text))
					}
				}
			}
		}
	}
	for range 100_000 {
		text := make([]byte, rand.IntN(12))
		for i := range text {
			text[i] = alphabet[rand.IntN(64)]
		}
		checkDecode(t, string(text))
	}
}
