package token

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// FuzzOpen compares Open with the description of the format, by which the text, the
// suite, the key id and the tag are judged, in this order.
func FuzzOpen(f *testing.F) {
	const name, purpose = "__Host-session", "data"
	masters := testMasters(2)
	r := newRing(f, name, purpose, masters...)
	ids := make([]string, len(masters))
	for i, master := range masters {
		ids[i] = string(referenceKey(master, "sessiongen v1 key id: "+purpose, 4))
	}
	// Nonces that the test chooses, so that every process knows the same tokens.
	for i, plaintext := range []string{"", "a", "\x92\xc0\x80", strings.Repeat("session", 50)} {
		nonce := fmt.Sprintf("nonce of the fuzz test %d", i)[:24]
		text := referenceSeal(masters[i%2], name, purpose, nonce, []byte(plaintext))
		raw := decode(f, text)
		for _, seed := range []string{
			text,
			text + "\n",
			text + "A",
			text + "=",
			text[:len(text)-1],
			text[:len(text)-1] + "B",
			"Ag" + text[2:],
			strings.Repeat("A", len(text)),
			base64.StdEncoding.EncodeToString(raw),
			base64.RawURLEncoding.EncodeToString(raw[:len(raw)-1]),
			referenceSeal(testMaster(2), name, purpose, nonce, []byte(plaintext)),
			referenceSeal(masters[i%2], name+"2", purpose, nonce, []byte(plaintext)),
			referenceSeal(masters[i%2], name, purpose+"2", nonce, []byte(plaintext)),
		} {
			f.Add(seed)
		}
	}
	f.Add("")
	f.Add("AQ")
	f.Fuzz(func(t *testing.T, text string) {
		raw, err := standard.DecodeString(text)
		malformed := err != nil || strings.ContainsAny(text, "\r\n") || len(raw) < 45 || len(text) > MaxText || raw[0] != 1
		wantKey, wantErr := -1, ErrMalformed
		var want []byte
		if !malformed {
			wantErr = ErrUnknownKey
			if i := slices.Index(ids, string(raw[1:5])); i >= 0 {
				wantErr = ErrForged
				if plaintext, ok := referenceOpen(masters[i], name, purpose, text); ok {
					want, wantKey, wantErr = plaintext, i, nil
				}
			}
		}
		got, key, err := r.Open(nil, text)
		if !bytes.Equal(got, want) || key != wantKey || err != wantErr {
			t.Errorf("%q opens as %x, %d, %v; want %x, %d, %v", text, got, key, err, want, wantKey, wantErr)
		}
		if got := r.Recognizes(text); !malformed && got != (wantErr != ErrUnknownKey) {
			t.Errorf("%q opens with %v, but Recognizes returns %v", text, err, got)
		}
	})
}

// FuzzBothWays has the reference open what Seal makes, and Open what the reference
// does, for keys, names and purposes of the fuzzer.
func FuzzBothWays(f *testing.F) {
	f.Add([]byte("key"), "__Host-session", "data", []byte("nonce"), []byte("plaintext"))
	f.Add(bytes.Repeat([]byte{0xff}, 32), "", "", bytes.Repeat([]byte{0xff}, 24), []byte{})
	f.Add([]byte{}, "a", "bc", []byte{}, bytes.Repeat([]byte{0}, 16))
	f.Add([]byte{}, "ab", "c", []byte{}, bytes.Repeat([]byte{0}, 100))
	f.Add([]byte{}, strings.Repeat("n", 256), "\x00\x01", []byte{}, bytes.Repeat([]byte{0}, 1000))
	f.Fuzz(func(t *testing.T, key []byte, name, purpose string, nonce, plaintext []byte) {
		if max(len(name), len(purpose)) >= 1<<16 || len(plaintext) > maxPlaintext {
			return
		}
		master := append(bytes.Clone(key), make([]byte, masterSize)...)[:masterSize]
		nonce = append(bytes.Clone(nonce), make([]byte, 24)...)[:24]
		r := newRing(t, name, purpose, master)

		text := seal(t, r, plaintext)
		if got, ok := referenceOpen(master, name, purpose, text); !ok || !bytes.Equal(got, plaintext) {
			t.Errorf("the reference opens %s as %x, %v; want %x", text, got, ok, plaintext)
		}
		text = referenceSeal(master, name, purpose, string(nonce), plaintext)
		if got, _, err := r.Open(nil, text); err != nil || !bytes.Equal(got, plaintext) {
			t.Errorf("%s opens as %x, %v; want %x", text, got, err, plaintext)
		}
	})
}

// FuzzText compares the decoder with the standard library's, and what it accepts with
// the encoder.
func FuzzText(f *testing.F) {
	for _, text := range []string{"", "A", "AA", "AB", "AAA", "AAB", "AAAA", "AA==", "-_-_-_-_", "++++", "////", "AAAAAAAAA\n", "AAAAAAAA\xff", strings.Repeat("AQgw_-09", 5)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := checkDecode(t, text)
		if !ok {
			return
		}
		again := make([]byte, textLen(len(got)))
		at := again[len(again)-len(got):]
		copy(at, got)
		if encodeText(again, at); string(again) != text {
			t.Errorf("%q is encoded again as %q", text, again)
		}
	})
}
