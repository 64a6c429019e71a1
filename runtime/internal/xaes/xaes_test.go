package xaes

import (
	"bytes"
	"crypto/sha3"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/sessiongen/sessiongen/internal/long"
	"github.com/sessiongen/sessiongen/runtime/internal/xaes/xaestest"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func newKey(t testing.TB, key []byte) *Key {
	t.Helper()
	k, err := NewKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// open opens nonce | sealed, a message of the specification's form.
func open(t testing.TB, key, nonce, sealed, aad []byte) ([]byte, error) {
	t.Helper()
	aead, err := newKey(t, key).Derive((*[PrefixSize]byte)(nonce))
	if err != nil {
		t.Fatal(err)
	}
	return aead.Open(nil, nil, append(bytes.Clone(nonce[PrefixSize:]), sealed...), aad)
}

// The vectors are those of the specification, intermediate values included.
func TestVectors(t *testing.T) {
	const nonce = "ABCDEFGHIJKLMNOPQRSTUVWX"
	for _, v := range []struct{ k, l, k1, kx, nx, aad, sealed string }{
		{
			k:      strings.Repeat("01", 32),
			l:      "7298caa565031eadc6ce23d23ea66378",
			k1:     "e531954aca063d5b8d9c47a47d4cc6f0",
			kx:     "c8612c9ed53fe43e8e005b828a1631a0bbcb6ab2f46514ec4f439fcfd0fa969b",
			nx:     "4d4e4f505152535455565758",
			aad:    "",
			sealed: "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271",
		},
		{
			k:      strings.Repeat("03", 32),
			l:      "91c08762876dccf9ba204a33768fa5fe",
			k1:     "23810ec50edb99f374409466ed1f4b7b",
			kx:     "e9c621d4cdd9b11b00a6427ad7e559aeedd66b3857646677748f8ca796cb3fd8",
			nx:     "4d4e4f505152535455565758",
			aad:    "c2sp.org/XAES-256-GCM",
			sealed: "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d",
		},
	} {
		raw, sealed := unhex(t, v.k), unhex(t, v.sealed)
		check := func(what string, got []byte, want string) {
			t.Helper()
			if hex.EncodeToString(got) != want {
				t.Errorf("key %s: %s = %x, want %s", v.k[:2], what, got, want)
			}
		}

		k := newKey(t, raw)
		k1 := [16]byte(unhex(t, v.l))
		double(&k1)
		check("K1", k1[:], v.k1)
		var sub [KeySize]byte
		k.subkey(&sub, (*[PrefixSize]byte)([]byte(nonce)))
		check("Kx", sub[:], v.kx)
		plaintext, err := open(t, raw, []byte(nonce), sealed, []byte(v.aad))
		if err != nil || string(plaintext) != "XAES-256-GCM" {
			t.Errorf("key %s: the text opens as %q, %v", v.k[:2], plaintext, err)
		}

		check("reference L", xaestest.L(raw), v.l)
		check("reference K1", xaestest.K1(unhex(t, v.l)), v.k1)
		kx, nx := xaestest.Derive(raw, []byte(nonce))
		check("reference Kx", kx, v.kx)
		check("reference Nx", nx, v.nx)
		check("reference ciphertext", xaestest.Seal(raw, []byte(nonce), []byte("XAES-256-GCM"), []byte(v.aad)), v.sealed)
	}
}

// TestAccumulated is the specification's randomized test. The reference seals with
// the nonces of the stream, since Seal draws its own, and its output is hashed;
// Open must open every one, and the reference every one of Seal's.
func TestAccumulated(t *testing.T) {
	iterations, want := 10_000, "e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939"
	if n := long.Times(iterations, iterations, 1_000_000); n != iterations {
		iterations, want = n, "2163ae1445985a30b60585ee67daa55674df06901b890593e824b8a7c885ab15"
	}
	source, sum := sha3.NewSHAKE128(), sha3.NewSHAKE128()
	read := func(n int) []byte {
		b := make([]byte, n)
		source.Read(b)
		return b
	}
	for i := range iterations {
		key, nonce := read(32), read(24)
		plaintext := read(int(read(1)[0]))
		aad := read(int(read(1)[0]))

		sealed := xaestest.Seal(key, nonce, plaintext, aad)
		sum.Write(sealed)
		got, err := open(t, key, nonce, sealed, aad)
		if err != nil || !bytes.Equal(got, plaintext) {
			t.Fatalf("message %d: got %x, %v; want %x", i, got, err, plaintext)
		}

		prefix := [PrefixSize]byte(nonce)
		aead, err := newKey(t, key).Derive(&prefix)
		if err != nil {
			t.Fatal(err)
		}
		ours := aead.Seal(prefix[:], nil, plaintext, aad)
		if len(ours) != PrefixSize+Overhead+len(plaintext) {
			t.Fatalf("message %d: %d bytes are sealed as %d", i, len(plaintext), len(ours))
		}
		got, ok := xaestest.Open(key, ours[:24], ours[24:], aad)
		if !ok || !bytes.Equal(got, plaintext) {
			t.Fatalf("message %d: the reference does not open %x", i, ours)
		}
	}
	got := make([]byte, 32)
	sum.Read(got)
	if hex.EncodeToString(got) != want {
		t.Errorf("%d iterations hash to %x, want %s", iterations, got, want)
	}
}

func TestOpenRefusesFlippedBits(t *testing.T) {
	key, aad := bytes.Repeat([]byte{7}, 32), []byte("additional")
	nonce := []byte("abcdefghijklmnopqrstuvwx")
	message := append(bytes.Clone(nonce), xaestest.Seal(key, nonce, []byte("plaintext"), aad)...)
	for bit := range len(message) * 8 {
		m := bytes.Clone(message)
		m[bit/8] ^= 1 << (bit % 8)
		if _, err := open(t, key, m[:24], m[24:], aad); err == nil {
			t.Errorf("the text opens with bit %d flipped", bit)
		}
		if _, ok := xaestest.Open(key, m[:24], m[24:], aad); ok {
			t.Errorf("the reference opens the text with bit %d flipped", bit)
		}
	}
}

func TestNewKeyWantsItsSize(t *testing.T) {
	for _, n := range []int{0, 16, 24, 31, 33, 64} {
		if _, err := NewKey(make([]byte, n)); err != errKeySize {
			t.Errorf("%d bytes: got error %v, want %v", n, err, errKeySize)
		}
	}
}

func TestKeyIsNotPrinted(t *testing.T) {
	raw := bytes.Repeat([]byte{0xc5}, 32)
	k, k1 := newKey(t, raw), xaestest.K1(xaestest.L(raw))
	type holder struct{ k Key }
	type pointer struct{ K *Key }
	for _, v := range []any{k, *k, []*Key{k}, []Key{*k}, map[string]Key{"k": *k}, pointer{k}, &pointer{k}, holder{*k}, &holder{*k}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			got := fmt.Sprintf(verb, v)
			for _, form := range []string{"%v", "%x", "%X", "%#v", "%s"} {
				for _, secret := range [][]byte{raw[:4], k1[:4]} {
					leak := strings.Trim(strings.TrimPrefix(fmt.Sprintf(form, secret), "[]byte"), "[]{}")
					if strings.Contains(got, leak) {
						t.Errorf("%s of %T shows %s: %s", verb, v, leak, got)
					}
				}
			}
		}
	}
	if got := fmt.Sprintf("%v %+v %#v", k, *k, k); got != strings.TrimSpace(strings.Repeat("xaes.Key(REDACTED) ", 3)) {
		t.Errorf("a key prints as %s", got)
	}
}

func BenchmarkDerive(b *testing.B) {
	k := newKey(b, make([]byte, 32))
	var prefix [PrefixSize]byte
	b.ReportAllocs()
	for b.Loop() {
		prefix[0]++
		if _, err := k.Derive(&prefix); err != nil {
			b.Fatal(err)
		}
	}
}
