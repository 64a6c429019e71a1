package token

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// testMaster returns the i-th of the masters that the tests use.
func testMaster(i int) []byte {
	b := make([]byte, masterSize)
	rand.NewChaCha8([32]byte{byte(i), byte(i >> 8), 'm'}).Read(b)
	return b
}

func testMasters(n int) [][]byte {
	masters := make([][]byte, n)
	for i := range masters {
		masters[i] = testMaster(i)
	}
	return masters
}

func newRing(t testing.TB, name, purpose string, masters ...[]byte) *Ring {
	t.Helper()
	r, err := NewRing(masters, name, purpose)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func testRing(t testing.TB) *Ring {
	t.Helper()
	return newRing(t, "__Host-session", "data", testMaster(0))
}

func seal(t testing.TB, r *Ring, plaintext []byte) string {
	t.Helper()
	text, err := r.Seal(nil, plaintext)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func decode(t testing.TB, text string) []byte {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// refused checks that the ring does not open text, and says nothing but a sentinel.
func refused(t testing.TB, r *Ring, text string) {
	t.Helper()
	plaintext, key, err := r.Open(nil, text)
	if plaintext != nil || key != -1 || (err != ErrMalformed && err != ErrUnknownKey && err != ErrForged) {
		t.Errorf("%q opens as %x, %d, %v", text, plaintext, key, err)
	}
}

// samples returns tokens of every length modulo 3, the empty plaintext's among them.
func samples(t testing.TB, r *Ring) []string {
	t.Helper()
	var texts []string
	for _, plaintext := range []string{"", "a", "ab", "abc", "a longer plaintext"} {
		text := seal(t, r, []byte(plaintext))
		if got, _, err := r.Open(nil, text); err != nil || string(got) != plaintext {
			t.Fatalf("%q opens as %q, %v", plaintext, got, err)
		}
		texts = append(texts, text)
	}
	return texts
}

func TestRoundTrip(t *testing.T) {
	r := testRing(t)
	lengths := []int{1000, 4096, 50_000, maxPlaintext}
	for n := range 100 {
		lengths = append(lengths, n)
	}
	for _, n := range lengths {
		want := bytes.Repeat([]byte{0xa5}, n)
		text, err := r.Seal([]byte("before:"), want)
		if err != nil || string(text[:7]) != "before:" || len(text) != 7+TextLen(n) {
			t.Fatalf("%d bytes sealed as %d, %v; want %d", n, len(text), err, 7+TextLen(n))
		}
		if raw := decode(t, string(text[7:])); len(raw) != n+Overhead || bytes.Contains(raw, []byte{0xa5, 0xa5, 0xa5, 0xa5}) {
			t.Fatalf("%d bytes sealed as %x", n, raw)
		}
		got, key, err := r.Open([]byte("before:"), string(text[7:]))
		if err != nil || key != 0 || string(got[:7]) != "before:" || !bytes.Equal(got[7:], want) {
			t.Fatalf("%d bytes opened as %d, key %d, %v", n, len(got), key, err)
		}
	}
}

func TestLengthLimits(t *testing.T) {
	if TextLen(maxPlaintext) != MaxText {
		t.Errorf("TextLen(%d) = %d, want %d", maxPlaintext, TextLen(maxPlaintext), MaxText)
	}
	r := testRing(t)
	if text, err := r.Seal(nil, make([]byte, maxPlaintext+1)); text != nil || err != ErrTooLong {
		t.Errorf("sealed %d bytes, %v", len(text), err)
	}
	// Such a text is authentic, so that only its length can be what is refused.
	text := referenceSeal(testMaster(0), "__Host-session", "data", strings.Repeat("n", 24), make([]byte, maxPlaintext+1))
	if _, _, err := r.Open(nil, text); err != ErrMalformed {
		t.Errorf("%d characters: %v", len(text), err)
	}
}

func TestFlippedBits(t *testing.T) {
	r := testRing(t)
	for _, text := range samples(t, r) {
		raw := decode(t, text)
		for bit := range len(raw) * 8 {
			flipped := bytes.Clone(raw)
			flipped[bit/8] ^= 1 << (bit % 8)
			refused(t, r, base64.RawURLEncoding.EncodeToString(flipped))
		}
	}
}

func TestSubstitutedCharacters(t *testing.T) {
	r := testRing(t)
	for _, text := range samples(t, r) {
		for i := range len(text) {
			for c := range 256 {
				if byte(c) != text[i] {
					refused(t, r, text[:i]+string([]byte{byte(c)})+text[i+1:])
				}
			}
		}
	}
}

func TestTruncatedAndExtended(t *testing.T) {
	r := testRing(t)
	for _, text := range samples(t, r) {
		for i := range len(text) {
			refused(t, r, text[:i])
			refused(t, r, text[i+1:])
			refused(t, r, text[:i]+text[i+1:])
		}
		for _, c := range alphabet + "=+/\r\n \t\x00\"%,;" {
			for n := 1; n <= 5; n++ {
				more := strings.Repeat(string(c), n)
				refused(t, r, text+more)
				refused(t, r, more+text)
				refused(t, r, text+"A"+more)
			}
		}
		refused(t, r, text+text)
		raw := decode(t, text)
		for n := range raw {
			refused(t, r, base64.RawURLEncoding.EncodeToString(raw[:n]))
			refused(t, r, base64.RawURLEncoding.EncodeToString(append(bytes.Clone(raw), raw[:n+1]...)))
		}
	}
}

// One token has one text. The decoder of encoding/base64 is less strict than that.
func TestAliases(t *testing.T) {
	r := testRing(t)
	trailing, standard := 0, 0
	for len := range 300 {
		text := seal(t, r, make([]byte, len))
		raw := decode(t, text)

		// Every other last character decodes to the same bytes, if trailing bits are ignored.
		for _, c := range alphabet {
			alias := text[:TextLen(len)-1] + string(c)
			if same, err := base64.RawURLEncoding.DecodeString(alias); err == nil && bytes.Equal(same, raw) && alias != text {
				trailing++
				refused(t, r, alias)
			}
		}
		for _, e := range []*base64.Encoding{base64.URLEncoding, base64.StdEncoding, base64.RawStdEncoding} {
			if alias := e.EncodeToString(raw); alias != text {
				standard++
				refused(t, r, alias)
			}
		}
		if len > 3 {
			continue
		}
		for _, gap := range []string{"\n", "\r", "\r\n", "\n\n\n\n", " ", "\t", "\v", "\x00", "=", "%3D", "\u2028"} {
			for i := range text {
				refused(t, r, text[:i]+gap+text[i:])
			}
			refused(t, r, text+gap)
		}
		refused(t, r, `"`+text+`"`)
	}
	if trailing < 200*3 || standard < 300 {
		t.Errorf("only %d aliases by trailing bits and %d by encoding were tried", trailing, standard)
	}
}

// A token opens with its own cookie name, purpose and key, and nothing else. The
// names and purposes include those that run together the same without lengths.
func TestMatrix(t *testing.T) {
	type binding struct {
		name, purpose string
		master        int
	}
	var all []binding
	for _, name := range []string{"", "session", "sessiond", "__Host-session", "a", "ab"} {
		for _, purpose := range []string{"", "data", "ata", "sliding", "bc", "c"} {
			for master := range 3 {
				all = append(all, binding{name, purpose, master})
			}
		}
	}
	rings, texts := make([]*Ring, len(all)), make([]string, len(all))
	for i, b := range all {
		rings[i] = newRing(t, b.name, b.purpose, testMaster(b.master))
		texts[i] = seal(t, rings[i], []byte("bound"))
	}
	for i, r := range rings {
		for j, text := range texts {
			_, _, err := r.Open(nil, text)
			var want error
			switch {
			case all[i].master != all[j].master, all[i].purpose != all[j].purpose:
				want = ErrUnknownKey
			case i != j:
				want = ErrForged
			}
			if err != want {
				t.Errorf("ring %+v, token %+v: %v, want %v", all[i], all[j], err, want)
			}
		}
	}
}

func TestRecognizes(t *testing.T) {
	masters := testMasters(3)
	r := newRing(t, "n", "p", masters[0], masters[1])
	for _, c := range []struct {
		name, purpose string
		master        int
		want          bool
	}{
		{"n", "p", 0, true},
		{"n", "p", 1, true},
		{"another", "p", 0, true}, // the id does not depend on the name
		{"n", "p", 2, false},
		{"n", "q", 0, false},
	} {
		text := seal(t, newRing(t, c.name, c.purpose, masters[c.master]), nil)
		if got := r.Recognizes(text); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
		if r.Recognizes("B" + text[1:]) {
			t.Errorf("%+v: recognized in another suite", c)
		}
	}
	for _, text := range []string{"", "AAAAAAA", "AAAAAAA!", "not a token"} {
		if r.Recognizes(text) {
			t.Errorf("%q is recognized", text)
		}
	}
}

// Binding the id into the additional data matters when two keys are one: the id
// of a token cannot be exchanged even then.
func TestKeyIDIsAuthenticated(t *testing.T) {
	r := newRing(t, "n", "p", testMasters(2)...)
	r.keys[1].derive = r.keys[0].derive
	raw := decode(t, seal(t, r, []byte("plaintext")))
	copy(raw[1:], r.keys[1].id[:])
	if _, _, err := r.Open(nil, base64.RawURLEncoding.EncodeToString(raw)); err != ErrForged {
		t.Errorf("opened with another key id: %v", err)
	}
}

func TestFailedOpenShowsNoPlaintext(t *testing.T) {
	r := testRing(t)
	want := []byte(strings.Repeat("plaintext that must not be seen ", 8))
	raw := decode(t, seal(t, r, want))
	raw[len(raw)-1] ^= 1
	dst := append(make([]byte, 0, 1000), "before:"...)
	if got, _, err := r.Open(dst, base64.RawURLEncoding.EncodeToString(raw)); got != nil || err != ErrForged {
		t.Fatalf("opened %q, %v", got, err)
	}
	if string(dst) != "before:" || bytes.Contains(dst[:cap(dst)], want[:16]) {
		t.Errorf("dst is %q", dst[:cap(dst)])
	}
}

func TestGarbage(t *testing.T) {
	t.Parallel()
	r := newRing(t, "__Host-session", "data", testMasters(3)...)
	sample := decode(t, seal(t, r, make([]byte, 100)))
	n := 1_000_000
	if testing.Short() {
		n = 100_000
	}
	source := rand.NewChaCha8([32]byte{})
	rng := rand.New(source)
	buf := make([]byte, 160)
	var text []byte
	errs := map[error]int{}
	for i := range n {
		b := buf[:rng.IntN(len(buf))]
		source.Read(b)
		switch i % 4 { // as much of a real token before the garbage, so that every check is met
		case 1:
			copy(b, sample[:1])
		case 2:
			copy(b, sample[:1+idSize])
		case 3:
			copy(b, sample[:headSize+rng.IntN(40)])
		}
		text = base64.RawURLEncoding.AppendEncode(text[:0], b)
		if i%64 == 0 {
			text = text[:0]
			for _, c := range b {
				text = append(text, alphabet[c%64])
			}
		}
		plaintext, _, err := r.Open(nil, string(text))
		if err == nil {
			t.Fatalf("%s opens as %x", text, plaintext)
		}
		errs[err]++
	}
	for _, err := range []error{ErrMalformed, ErrUnknownKey, ErrForged} {
		if errs[err] < n/20 {
			t.Errorf("only %d of %d tokens: %v", errs[err], n, err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	// Nonces that the test chooses, so that every process knows the same tokens.
	r := testRing(f)
	sealed := map[string]string{}
	for i, plaintext := range []string{"", "a", "\x92\xc0\x80", strings.Repeat("session", 50)} {
		text := referenceSeal(testMaster(0), "__Host-session", "data", fmt.Sprintf("nonce of the fuzz test %d", i)[:24], []byte(plaintext))
		sealed[text] = plaintext
		f.Add(text)
		f.Add(text + "\n")
		f.Add(text + "A")
		f.Add(text[:len(text)-1])
		f.Add(strings.Repeat("A", len(text)))
	}
	f.Add("")
	f.Add("AQ")
	f.Fuzz(func(t *testing.T, text string) {
		got, key, err := r.Open(nil, text)
		want, ok := sealed[text]
		if ok != (err == nil) || string(got) != want || ok != (key == 0) {
			t.Errorf("%q opens as %x, %d, %v", text, got, key, err)
		}
	})
}
