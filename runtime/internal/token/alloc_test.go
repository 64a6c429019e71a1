//go:build !race

package token

import (
	"crypto/fips140"
	"testing"
)

// Under the race detector a sync.Pool drops what it is given, so that counts say
// nothing there. In FIPS mode the standard library's random generator allocates once.
func TestAllocations(t *testing.T) {
	drbg := 0.0
	if fips140.Enabled() {
		drbg = 1
	}
	r := newRing(t, "__Host-session", "data", testMasters(2)...)
	plaintext := make([]byte, 130)
	own := seal(t, r, plaintext)
	old := seal(t, newRing(t, "__Host-session", "data", testMaster(1)), plaintext)
	other := "Ag" + own[2:]
	dst := make([]byte, 0, TextLen(len(plaintext)))
	open := func(text string) func() {
		return func() {
			if _, _, err := r.Open(dst, text); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		what string
		want float64
		f    func()
	}{
		{"Seal", drbg, func() { r.Seal(dst, plaintext) }},
		{"Seal to nil", drbg + 1, func() { r.Seal(nil, plaintext) }},
		{"Open", 0, open(own)},
		{"Open with an old key", 0, open(old)},
		{"Open to nil", 1, func() { r.Open(nil, own) }},
		{"Open of another suite", 0, func() { r.Open(dst, other) }},
	} {
		c.f()
		if got := testing.AllocsPerRun(1000, c.f); got > c.want {
			t.Errorf("%s allocates %v times, want %v", c.what, got, c.want)
		}
	}
}
