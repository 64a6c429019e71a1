package principal

import (
	"bytes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"testing"
)

// A principal's hash does not depend on the principals hashed before it, nor on what the caller
// does with the bytes afterwards.
func TestPrincipalHashes(t *testing.T) {
	master := bytes.Repeat([]byte{1}, 32)
	keys, err := NewKeys([][]byte{master}, "name")
	if err != nil {
		t.Fatal(err)
	}
	key, err := hkdf.Key(sha256.New, master, nil, "sessiongen v1 principal key", sha256.Size)
	if err != nil {
		t.Fatal(err)
	}
	var buf []byte
	for round := range 3 {
		for i := range 2000 {
			buf = fmt.Appendf(buf[:0], "%04d", i)
			if i%100 == 0 {
				buf = append(buf, make([]byte, maxRecentSize)...)
			}
			mac := hmac.New(sha256.New, key)
			mac.Write([]byte("name\x00"))
			mac.Write(buf)
			want := base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
			for range 2 {
				if got := keys[0].Hash(buf); got != want {
					t.Fatalf("round %d: principal %d hashes to %s, want %s", round, i, got, want)
				}
			}
		}
	}
	if got := keys[0].Hash(nil); got != "" {
		t.Errorf("the empty principal hashes to %s, want none", got)
	}
	for i := range keys[0].recent {
		if known := keys[0].recent[i].Load(); known != nil && len(known.principal) > maxRecentSize {
			t.Errorf("a principal of %d bytes is cached", len(known.principal))
		}
	}
}
