package token

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"testing"
)

// The plaintext of a small session.
var benchPlaintext = make([]byte, 130)

func floor(b *testing.B) cipher.AEAD {
	block, err := aes.NewCipher(testMaster(0))
	if err != nil {
		b.Fatal(err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		b.Fatal(err)
	}
	return aead
}

// BenchmarkFloorSeal is what no token can be cheaper than: AES-256-GCM with a ready
// key and a random nonce, and base64.
func BenchmarkFloorSeal(b *testing.B) {
	aead := floor(b)
	raw, text := make([]byte, 0, 1000), make([]byte, 0, 1000)
	b.ReportAllocs()
	for b.Loop() {
		text = base64.RawURLEncoding.AppendEncode(text[:0], aead.Seal(raw, nil, benchPlaintext, nil))
	}
}

func BenchmarkSeal(b *testing.B) {
	r, dst := testRing(b), make([]byte, 0, 1000)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Seal(dst, benchPlaintext); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSealParallel(b *testing.B) {
	r := testRing(b)
	b.ReportAllocs()
	b.RunParallel(func(p *testing.PB) {
		dst := make([]byte, 0, 1000)
		for p.Next() {
			r.Seal(dst, benchPlaintext)
		}
	})
}

func BenchmarkFloorOpen(b *testing.B) {
	aead := floor(b)
	text := base64.RawURLEncoding.AppendEncode(nil, aead.Seal(nil, nil, benchPlaintext, nil))
	raw, dst := make([]byte, 1000), make([]byte, 0, 1000)
	b.ReportAllocs()
	for b.Loop() {
		n, err := base64.RawURLEncoding.Decode(raw, text)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := aead.Open(dst, nil, raw[:n], nil); err != nil {
			b.Fatal(err)
		}
	}
}

func benchmarkOpen(b *testing.B, texts ...string) {
	r, dst := testRing(b), make([]byte, 0, 1000)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, _, err := r.Open(dst, texts[i%len(texts)]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) { benchmarkOpen(b, seal(b, testRing(b), benchPlaintext)) }

// BenchmarkOpenNewPrefix is Open when every token comes from another process than
// the last ones did.
func BenchmarkOpenNewPrefix(b *testing.B) {
	var texts []string
	for range 10 {
		texts = append(texts, seal(b, testRing(b), benchPlaintext))
	}
	benchmarkOpen(b, texts...)
}
