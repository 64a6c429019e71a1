package token

import (
	"bytes"
	"encoding/base64"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/sessiongen/sessiongen/internal/long"
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
			t.Fatalf("%d bytes are sealed as %d, %v; want %d", n, len(text), err, 7+TextLen(n))
		}
		if raw := decode(t, string(text[7:])); len(raw) != n+Overhead || bytes.Contains(raw, []byte{0xa5, 0xa5, 0xa5, 0xa5}) {
			t.Fatalf("%d bytes are sealed as %x", n, raw)
		}
		got, key, err := r.Open([]byte("before:"), string(text[7:]))
		if err != nil || key != 0 || string(got[:7]) != "before:" || !bytes.Equal(got[7:], want) {
			t.Fatalf("%d bytes open as %d, key %d, %v", n, len(got), key, err)
		}
	}
}

func TestLengthLimits(t *testing.T) {
	if TextLen(maxPlaintext) != MaxText {
		t.Errorf("TextLen(%d) = %d, want %d", maxPlaintext, TextLen(maxPlaintext), MaxText)
	}
	r := testRing(t)
	if text, err := r.Seal(nil, make([]byte, maxPlaintext+1)); text != nil || err != ErrTooLong {
		t.Errorf("Seal of too many bytes returns %d bytes, %v, want ErrTooLong", len(text), err)
	}
	// Such a text is authentic, so that only its length can be what is refused.
	text := referenceSeal(testMaster(0), "__Host-session", "data", strings.Repeat("n", 24), make([]byte, maxPlaintext+1))
	if _, _, err := r.Open(nil, text); err != ErrMalformed {
		t.Errorf("%d characters: got error %v, want ErrMalformed", len(text), err)
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
			for _, c := range alphabet {
				refused(t, r, text[:i]+string(c)+text[i:])
			}
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

type binding struct {
	name, purpose string
	master        int
}

// bindings returns names and purposes, some of which run together the same without
// their lengths, with four keys each.
func bindings() []binding {
	var all []binding
	for _, name := range []string{"", "session", "sessiond", "__Host-session", "a", "ab"} {
		for _, purpose := range []string{"", "data", "ata", "sliding", "bc", "c"} {
			for master := range 4 {
				all = append(all, binding{name, purpose, master})
			}
		}
	}
	return all
}

// A token opens with its own cookie name, purpose and key, and nothing else.
func TestMatrix(t *testing.T) {
	all := bindings()
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
				t.Errorf("ring %+v, token %+v: got %v, want %v", all[i], all[j], err, want)
			}
		}
	}
}

// Ids only choose a key: even if all keys had the same one, no token would open with
// another cookie name, purpose or key.
func TestMatrixOfOneID(t *testing.T) {
	all := bindings()
	rings, texts := make([]*Ring, len(all)), make([]string, len(all))
	for i, b := range all {
		rings[i] = newRing(t, b.name, b.purpose, testMaster(b.master))
		k := rings[i].keys[0]
		k.id = [idSize]byte{'s', 'a', 'm', 'e'}
		k.aad = additionalData(k.id, b.name, b.purpose)
		s, err := newSealer(k)
		if err != nil {
			t.Fatal(err)
		}
		rings[i].sealing.Store(s)
		texts[i] = seal(t, rings[i], []byte("bound"))
	}
	for i, r := range rings {
		for j, text := range texts {
			_, _, err := r.Open(nil, text)
			if i == j && err != nil || i != j && err != ErrForged {
				t.Errorf("ring %+v, token %+v: got %v", all[i], all[j], err)
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
			t.Errorf("%+v: got %v, want %v", c, got, c.want)
		}
		if r.Recognizes("B" + text[1:]) {
			t.Errorf("%+v: a token of another suite is recognized", c)
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
		t.Errorf("a token with another key id: got error %v, want ErrForged", err)
	}
}

func TestFailedOpenShowsNoPlaintext(t *testing.T) {
	r := testRing(t)
	want := []byte(strings.Repeat("plaintext that must not be seen ", 8))
	raw := decode(t, seal(t, r, want))
	raw[len(raw)-1] ^= 1
	dst := append(make([]byte, 0, 1000), "before:"...)
	if got, _, err := r.Open(dst, base64.RawURLEncoding.EncodeToString(raw)); got != nil || err != ErrForged {
		t.Fatalf("a forged token opens as %q, %v", got, err)
	}
	if string(dst) != "before:" || bytes.Contains(dst[:cap(dst)], want[:16]) {
		t.Errorf("the buffer has plaintext: %q", dst[:cap(dst)])
	}
}

func TestGarbage(t *testing.T) {
	t.Parallel()
	r := newRing(t, "__Host-session", "data", testMasters(3)...)
	var real [100]string
	for i := range real {
		real[i] = seal(t, r, make([]byte, i))
	}
	sample := decode(t, real[99])
	source := rand.NewChaCha8([32]byte{})
	rng := rand.New(source)
	buf := make([]byte, 200)
	random := func(least int) []byte {
		b := buf[:least+rng.IntN(len(buf)-least)]
		source.Read(b)
		return b
	}
	// behind is the text of random bytes, of a token's length, with a real head.
	behind := func(head []byte) string {
		b := random(Overhead)
		copy(b, head)
		return base64.RawURLEncoding.EncodeToString(b)
	}
	kinds := []struct {
		what string
		want error // of nearly all
		text func() string
	}{
		{"random bytes", ErrMalformed, func() string { return behind(nil) }},
		{"random bytes of any length", ErrMalformed, func() string { return base64.RawURLEncoding.EncodeToString(random(0)) }},
		{"random characters", ErrMalformed, func() string { return string(random(0)) }},
		{"random characters of base64", ErrMalformed, func() string {
			b := random(0)
			for i, c := range b {
				b[i] = alphabet[c%64]
			}
			return string(b)
		}},
		{"behind a suite", ErrUnknownKey, func() string { return behind(sample[:1]) }},
		{"behind a key id", ErrForged, func() string { return behind(sample[:1+idSize]) }},
		{"behind a prefix", ErrForged, func() string { return behind(sample[:headSize]) }},
		{"behind half a token", ErrForged, func() string { return behind(sample[:headSize+rng.IntN(len(sample)-headSize-1)]) }},
		{"tokens with wrong bytes", ErrForged, func() string {
			raw, err := base64.RawURLEncoding.AppendDecode(buf[:0], []byte(real[rng.IntN(len(real))]))
			if err != nil {
				t.Fatal(err)
			}
			// Each has its own place, so none undoes another.
			for i, n := 1+idSize, 1+rng.IntN(4); n > 0; n-- {
				i += rng.IntN((len(raw)-i)/n) + 1
				raw[i-1] ^= byte(1 + rng.IntN(255))
			}
			return base64.RawURLEncoding.EncodeToString(raw)
		}},
		{"tokens with wrong characters", ErrMalformed, func() string {
			text := []byte(real[rng.IntN(len(real))])
			for i, n := 0, 1+rng.IntN(4); n > 0; n-- {
				i += rng.IntN((len(text)-i)/n) + 1
				text[i-1] += byte(1 + rng.IntN(255))
			}
			return string(text)
		}},
	}
	n := long.Times(20_000, 150_000, 1_000_000) / len(kinds)
	for _, kind := range kinds {
		errs := map[error]int{}
		for range n {
			text := kind.text()
			plaintext, key, err := r.Open(nil, text)
			if err == nil || plaintext != nil || key != -1 {
				t.Fatalf("%s: %q opens as %x, %d, %v", kind.what, text, plaintext, key, err)
			}
			errs[err]++
		}
		t.Logf("%d %s: %d malformed, %d of an unknown key, %d forged", n, kind.what, errs[ErrMalformed], errs[ErrUnknownKey], errs[ErrForged])
		if total := errs[ErrMalformed] + errs[ErrUnknownKey] + errs[ErrForged]; total != n {
			t.Errorf("%s: only %d of %d errors are known ones", kind.what, total, n)
		}
		if errs[kind.want] < n*9/10 {
			t.Errorf("%s: only %d of %d errors are %v", kind.what, errs[kind.want], n, kind.want)
		}
	}
}

// A token sealed without base64 opens as the same plaintext, and so does its text. Opening does
// not change it, because a store may hold it.
func TestRaw(t *testing.T) {
	r := testRing(t)
	for _, n := range []int{0, 1, 2, 3, 130, 5000, maxPlaintext} {
		want := bytes.Repeat([]byte{0xa5}, n)
		raw, err := r.SealRaw(want)
		if err != nil || len(raw) != n+Overhead {
			t.Fatalf("%d bytes are sealed as %d, %v", n, len(raw), err)
		}
		before := bytes.Clone(raw)
		for _, data := range [][]byte{raw, []byte(base64.RawURLEncoding.EncodeToString(raw))} {
			room := append(make([]byte, 0, 7+n+Overhead), "before:"...)
			got, key, err := r.OpenBytes(room, data)
			if err != nil || key != 0 || string(got[:7]) != "before:" || !bytes.Equal(got[7:], want) {
				t.Fatalf("%d bytes open as %d, key %d, %v", n, len(got), key, err)
			}
		}
		if !bytes.Equal(raw, before) {
			t.Fatalf("%d bytes: Open changes the token", n)
		}
	}
	if raw, err := r.SealRaw(make([]byte, maxPlaintext+1)); raw != nil || err != ErrTooLong {
		t.Errorf("past the limit: got %d bytes, %v, want ErrTooLong", len(raw), err)
	}
}

func TestForgedRaw(t *testing.T) {
	r := testRing(t)
	raw, err := r.SealRaw([]byte("plaintext"))
	if err != nil {
		t.Fatal(err)
	}
	for n := range raw {
		if got, _, err := r.OpenBytes(nil, raw[:n]); got != nil || err == nil {
			t.Errorf("%d of %d bytes open as %q", n, len(raw), got)
		}
		bad := bytes.Clone(raw)
		bad[n] ^= 1
		want := ErrForged
		switch {
		case n < 1:
			want = ErrMalformed
		case n < 1+idSize:
			want = ErrUnknownKey
		}
		if got, _, err := r.OpenBytes(nil, bad); got != nil || err != want {
			t.Errorf("with byte %d changed: got %q, %v; want %v", n, got, err, want)
		}
	}
	long := append(bytes.Clone(raw), make([]byte, maxPlaintext)...)
	if got, _, err := r.OpenBytes(nil, long); got != nil || err != ErrMalformed {
		t.Errorf("a token that is too long: got %q, %v, want ErrMalformed", got, err)
	}
}
