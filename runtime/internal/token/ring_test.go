package token

import (
	"bytes"
	"crypto/cipher"
	"encoding/base64"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sessiongen/sessiongen/internal/long"
	"github.com/sessiongen/sessiongen/runtime/internal/xaes"
	"github.com/sessiongen/sessiongen/runtime/internal/xaes/xaestest"
)

func TestNewRingRefuses(t *testing.T) {
	ok := testMaster(0)
	for _, c := range []struct {
		want    string
		masters [][]byte
	}{
		{"session: no key", nil},
		{"session: 65 keys, want at most 64", testMasters(65)},
		{"session: keys[1]: 31 bytes long, want 32", [][]byte{ok, ok[:31]}},
		{"session: keys[0]: 0 bytes long, want 32", [][]byte{nil, ok}},
		{"session: keys[0]: 33 bytes long, want 32", [][]byte{append(bytes.Clone(ok), 0)}},
		{"session: keys[2]: the same key id as keys[0]", [][]byte{ok, testMaster(1), bytes.Clone(ok)}},
	} {
		if r, err := NewRing(c.masters, "n", "p"); r != nil || fmt.Sprint(err) != c.want {
			t.Errorf("got error %v, want %s", err, c.want)
		}
	}
	newRing(t, "n", "p", testMasters(64)...)

	// A longer name than its two bytes of length can count could pass for another.
	longest := strings.Repeat("n", 1<<16-1)
	newRing(t, longest, longest, ok)
	for _, c := range [][2]string{{longest + "n", "p"}, {"n", longest + "n"}} {
		if r, err := NewRing([][]byte{ok}, c[0], c[1]); r != nil || err == nil {
			t.Errorf("a ring is made for a name of %d bytes and a purpose of %d", len(c[0]), len(c[1]))
		}
	}
}

func TestRingKeepsNoMaster(t *testing.T) {
	master := testMaster(0)
	r := newRing(t, "n", "p", master)
	clear(master)
	if got, ok := referenceOpen(testMaster(0), "n", "p", seal(t, r, []byte("x"))); !ok || string(got) != "x" {
		t.Error("clearing the master changes the ring")
	}
}

// Rotation: the newest key seals, all open, and Open tells which.
func TestRotation(t *testing.T) {
	masters := testMasters(3)
	old := newRing(t, "n", "p", masters[2])
	middle := newRing(t, "n", "p", masters[1], masters[2])
	current := newRing(t, "n", "p", masters...)
	for want, r := range []*Ring{current, middle, old} {
		if got, key, err := current.Open(nil, seal(t, r, []byte("x"))); string(got) != "x" || key != want || err != nil {
			t.Errorf("Open returns %q, %d, %v; want key %d", got, key, err, want)
		}
	}
	if _, _, err := old.Open(nil, seal(t, current, nil)); err != ErrUnknownKey {
		t.Errorf("a ring without the key: got error %v, want ErrUnknownKey", err)
	}
}

func TestSame(t *testing.T) {
	masters := testMasters(3)
	r := newRing(t, "n", "p", masters[0], masters[1])
	for _, c := range []struct {
		want  bool
		other *Ring
	}{
		{true, r},
		{true, newRing(t, "n", "p", masters[0], masters[1])},
		{false, newRing(t, "n", "p", masters[1], masters[0])},
		{false, newRing(t, "n", "p", masters[0])},
		{false, newRing(t, "n", "p", masters...)},
		{false, newRing(t, "n", "p", masters[0], masters[2])},
	} {
		if r.Same(c.other) != c.want || c.other.Same(r) != c.want {
			t.Errorf("Same does not return %v", c.want)
		}
	}
}

// Ids have 32 bits: by chance, two keys have the same one.
func TestSameIDOfOtherKey(t *testing.T) {
	masters := testMasters(4)
	first, twin := newRing(t, "n", "p", masters[0]), newRing(t, "n", "p", masters[1])
	twin.keys[0].id = first.keys[0].id
	if first.Same(twin) || twin.Same(first) {
		t.Error("two keys with one id are equal")
	}
	// The same within a ring, behind keys that really are the same.
	first, twin = newRing(t, "n", "p", masters[2], masters[0]), newRing(t, "n", "p", masters[2], masters[3])
	twin.keys[1].id = first.keys[1].id
	if first.Same(twin) || twin.Same(first) {
		t.Error("two rings whose last keys have one id are equal")
	}
}

// counter counts the work that a ring does.
type counter struct{ derived, opened int }

type countingAEAD struct {
	cipher.AEAD
	c *counter
}

func (a countingAEAD) Open(dst, nonce, ciphertext, aad []byte) ([]byte, error) {
	a.c.opened++
	return a.AEAD.Open(dst, nonce, ciphertext, aad)
}

// count makes r, which must be new, report to the counter it returns.
func count(r *Ring) *counter {
	c := new(counter)
	for _, k := range r.keys {
		derive := k.derive
		k.derive = func(prefix *[xaes.PrefixSize]byte) (cipher.AEAD, error) {
			c.derived++
			aead, err := derive(prefix)
			return countingAEAD{aead, c}, err
		}
	}
	s := r.sealing.Load()
	s.aead = countingAEAD{s.aead, c}
	return c
}

func TestOneOpenPerToken(t *testing.T) {
	sizes := []int{maxKeys}
	for n := range 32 {
		sizes = append(sizes, n+1)
	}
	for _, n := range sizes {
		masters := testMasters(n)
		r := newRing(t, "n", "p", masters...)
		c := count(r)
		check := func(what, text string, wantErr error, opened, derived int) {
			t.Helper()
			*c = counter{}
			if _, _, err := r.Open(nil, text); err != wantErr || c.opened != opened || c.derived != derived {
				t.Errorf("with %d keys, %s: got %v after %d derivations and %d openings; want %v, %d, %d",
					n, what, err, c.derived, c.opened, wantErr, derived, opened)
			}
		}
		for i, master := range masters {
			text := seal(t, newRing(t, "n", "p", master), []byte("plaintext"))
			forged := text[:headSize+30] + string(alphabet[63-strings.IndexByte(alphabet, text[headSize+30])]) + text[headSize+31:]
			check(fmt.Sprintf("forged for key %d", i), forged, ErrForged, 1, 1)
			check(fmt.Sprintf("key %d", i), text, nil, 1, 1)
			check(fmt.Sprintf("key %d again", i), text, nil, 1, 0)
			check(fmt.Sprintf("forged again for key %d", i), forged, ErrForged, 1, 0)
		}
		check("its own", seal(t, r, []byte("plaintext")), nil, 1, 0)
		check("unknown", seal(t, newRing(t, "n", "p", testMaster(99)), []byte("plaintext")), ErrUnknownKey, 0, 0)
		check("malformed", "not a token", ErrMalformed, 0, 0)
		check("other suite", "Ag"+seal(t, r, nil)[2:], ErrMalformed, 0, 0)
	}
}

// A forger's prefixes do not push out the ones that authentic tokens use, and
// authentic ones do not take more room than is meant for them.
func TestRecentPrefixes(t *testing.T) {
	r := newRing(t, "n", "p", testMaster(0))
	c := count(r)
	own, room := seal(t, r, nil), len(r.keys[0].recent)
	var others []string
	for range room + 1 {
		others = append(others, seal(t, newRing(t, "n", "p", testMaster(0)), []byte("plaintext")))
	}
	open := func(text string, derived int) {
		t.Helper()
		*c = counter{}
		if _, _, err := r.Open(nil, text); err != nil || c.derived != derived {
			t.Errorf("got %v after %d derivations, want %d", err, c.derived, derived)
		}
	}
	for _, text := range others[:room] {
		open(text, 1)
	}
	for i := range 1000 {
		raw := decode(t, others[0])
		raw[1+idSize] ^= byte(i)
		raw[2+idSize] ^= byte(i >> 8)
		raw[len(raw)-1] ^= 1
		refused(t, r, base64.RawURLEncoding.EncodeToString(raw))
	}
	for _, text := range append(others[:room:room], own) {
		open(text, 0)
	}
	open(others[room], 1) // pushes out the oldest, others[0]
	for _, text := range append(others[1:], own) {
		open(text, 0)
	}
	open(others[0], 1) // pushes out others[1]
	open(others[1], 1)
	open(own, 0)
}

func TestPrefixIsReplaced(t *testing.T) {
	r := testRing(t)
	if r.bound != 1<<20 {
		t.Errorf("a prefix is used for %d messages, want 1<<20", r.bound)
	}
	r.bound = 10
	var prefixes []string
	for i := range 1000 {
		text := seal(t, r, []byte{byte(i)})
		raw := decode(t, text)
		if prefix := string(raw[1+idSize : headSize]); i%10 == 0 {
			if slices.Contains(prefixes, prefix) {
				t.Fatalf("message %d: a prefix is used again", i)
			}
			prefixes = append(prefixes, prefix)
		} else if prefix != prefixes[i/10] {
			t.Fatalf("message %d: the prefix was replaced too early", i)
		}
		if got, _, err := r.Open(nil, text); err != nil || !bytes.Equal(got, []byte{byte(i)}) {
			t.Fatalf("message %d: got %x, %v", i, got, err)
		}
	}
}

func TestRetiredPrefixIsKnown(t *testing.T) {
	r := testRing(t)
	r.bound = 1
	c := count(r)
	first := seal(t, r, nil)
	seal(t, r, nil)
	*c = counter{}
	if _, _, err := r.Open(nil, first); err != nil || c.derived != 0 {
		t.Errorf("got %v after %d derivations, want 0", err, c.derived)
	}
}

// TestNoncesDoNotRepeat seals from several goroutines while one prefix after the
// other is used up. Not even the halves of the nonces that are drawn for each message
// repeat, and none is drawn for more messages than allowed under one prefix.
func TestNoncesDoNotRepeat(t *testing.T) {
	t.Parallel()
	n := long.Times(20_000, 200_000, 10_000_000)
	const goroutines, name, purpose = 4, "__Host-session", "data"
	r := newRing(t, name, purpose, testMaster(0))
	r.bound = 1000
	nonces := make([][12]byte, n)
	uses := map[[xaes.PrefixSize]byte]uint64{}
	var (
		mu sync.Mutex
		wg sync.WaitGroup
	)
	for part := range slices.Chunk(nonces, n/goroutines) {
		wg.Go(func() {
			var text, raw, plaintext []byte
			mine := map[[xaes.PrefixSize]byte]uint64{}
			for i := range part {
				plaintext = fmt.Append(plaintext[:0], i)
				var err error
				if text, err = r.Seal(text[:0], plaintext); err != nil {
					t.Error(err)
					return
				}
				if raw, err = base64.RawURLEncoding.AppendDecode(raw[:0], text); err != nil {
					t.Error(err)
					return
				}
				mine[[xaes.PrefixSize]byte(raw[1+idSize:])]++
				part[i] = [12]byte(raw[headSize:])
				if i%(n/1000) != 0 {
					continue
				}
				if got, ok := referenceOpen(testMaster(0), name, purpose, string(text)); !ok || !bytes.Equal(got, plaintext) {
					t.Errorf("the reference opens %s as %q, %v", text, got, ok)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			for prefix, n := range mine {
				uses[prefix] += n
			}
		})
	}
	wg.Wait()
	if want := (uint64(n) + r.bound - 1) / r.bound; uint64(len(uses)) != want {
		t.Errorf("got %d prefixes for %d messages, want %d", len(uses), n, want)
	}
	for prefix, n := range uses {
		if n > r.bound {
			t.Errorf("the prefix %x was used for %d messages", prefix, n)
		}
	}
	slices.SortFunc(nonces, func(a, b [12]byte) int { return bytes.Compare(a[:], b[:]) })
	for i := 1; i < n; i++ {
		if nonces[i] == nonces[i-1] {
			t.Fatalf("the nonce %x was used twice", nonces[i])
		}
	}
}

// TestConcurrency seals and opens from many goroutines while prefixes run out: no
// prefix is used more often than allowed, and every token opens.
func TestConcurrency(t *testing.T) {
	const goroutines, messages, bound = 8, 1000, 7
	r := newRing(t, "n", "p", testMasters(2)...)
	r.bound = bound
	foreign := seal(t, newRing(t, "n", "p", testMaster(1)), []byte("old"))
	var (
		mu     sync.Mutex
		nonces = map[string]bool{}
		uses   = map[string]int{}
		wg     sync.WaitGroup
	)
	for g := range goroutines {
		wg.Go(func() {
			for i := range messages {
				want := fmt.Appendf(nil, "message %d of goroutine %d", i, g)
				text, err := r.Seal(nil, want)
				if err != nil {
					t.Error(err)
					return
				}
				if got, key, err := r.Open(nil, string(text)); err != nil || key != 0 || !bytes.Equal(got, want) {
					t.Errorf("Open returns %q, %d, %v; want %q", got, key, err, want)
				}
				if got, key, err := r.Open(nil, foreign); err != nil || key != 1 || string(got) != "old" {
					t.Errorf("Open of the foreign token returns %q, %d, %v", got, key, err)
				}
				raw := decode(t, string(text))
				mu.Lock()
				nonces[string(raw[1+idSize:][:24])] = true
				uses[string(raw[1+idSize:headSize])]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(nonces) != goroutines*messages {
		t.Errorf("got %d nonces for %d messages", len(nonces), goroutines*messages)
	}
	for prefix, n := range uses {
		if n > bound {
			t.Errorf("the prefix %x was used %d times", prefix, n)
		}
	}
}

// leaks returns the forms in which fmt could show four bytes of secret.
func leaks(secret []byte) []string {
	var forms []string
	for ; len(secret) >= 4; secret = secret[1:] {
		for _, verb := range []string{"%v", "%x", "%X", "%#v", "%s", "%q"} {
			forms = append(forms, strings.Trim(strings.TrimPrefix(fmt.Sprintf(verb, secret[:4]), "[]byte"), `[]{}"`))
		}
	}
	return forms
}

func TestNothingIsPrinted(t *testing.T) {
	const name, purpose = "quuxname", "quuxpurpose"
	masters := testMasters(2)
	r := newRing(t, name, purpose, masters...)
	text := seal(t, r, []byte("QUUX-PLAINTEXT"))
	if _, _, err := r.Open(nil, seal(t, newRing(t, name, purpose, masters[1]), nil)); err != nil {
		t.Fatal(err)
	}

	secrets := leaks([]byte("QUUX-PLAINTEXT"))
	for _, master := range masters {
		key := referenceKey(master, "sessiongen v1 cookie key", 32)
		sub, _ := xaestest.Derive(key, decode(t, text)[5:29])
		for _, secret := range [][]byte{master, key, sub, xaestest.K1(xaestest.L(key)), referenceKey(master, "sessiongen v1 key id: "+purpose, 4), []byte(name)} {
			secrets = append(secrets, leaks(secret)...)
		}
	}
	check := func(what, got string) {
		t.Helper()
		for _, secret := range secrets {
			if strings.Contains(got, secret) {
				t.Errorf("%s shows %q: %s", what, secret, got)
			}
		}
	}

	type exported struct{ Ring *Ring }
	type unexported struct{ ring *Ring }
	for _, v := range []any{r, &r, []*Ring{r}, map[string]*Ring{"k": r}, exported{r}, &exported{r}, unexported{r}, &unexported{r}, []any{&unexported{r}}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T", "%p"} {
			check(fmt.Sprintf("%s of %T", verb, v), fmt.Sprintf(verb, v))
		}
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("ring", "v", v)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("ring", "v", v)
		check(fmt.Sprintf("slog of %T", v), log.String())
	}
	const want = "token.Ring(REDACTED)"
	if got := fmt.Sprintf("%v %+v %#v %s", r, r, r, r); got != strings.Join([]string{want, want, want, want}, " ") {
		t.Errorf("a ring prints as %s", got)
	}

	var errs []error
	for _, bad := range [][][]byte{{masters[0][:31]}, {masters[0], masters[0]}, {append(masters[0], 1)}} {
		_, err := NewRing(bad, name, purpose)
		errs = append(errs, err)
	}
	for _, bad := range []string{text[1:], text[:len(text)-4], text + "\n", seal(t, testRing(t), nil), "Ag" + text[2:]} {
		_, _, err := r.Open(nil, bad)
		errs = append(errs, err)
	}
	for _, err := range errs {
		if err == nil {
			t.Error("the token opens without an error")
		}
		check("an error", fmt.Sprintf("%v %+v %#v", err, err, err))
	}
}
