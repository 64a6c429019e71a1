package dbsc

import (
	"crypto/sha256"
	"encoding/json"
	"testing"
)

func TestKey(t *testing.T) {
	d := newDevice(t, 7)
	key := d.key(t)
	if again, ok := ParseKey(key.Bytes()); !ok || again != key || key == newDevice(t, 8).key(t) {
		t.Error("a key is another one after ParseKey of its bytes")
	}
	key.Bytes()[5]++
	if key != d.key(t) {
		t.Error("a change of a key's bytes changes the key")
	}

	x, y := d.coordinates(t)
	text, err := json.Marshal(map[string]string{"kty": "EC", "y": y, "x": x, "crv": "P-256"}) // in the order of RFC 7638
	if err != nil {
		t.Fatal(err)
	}
	if want := sha256.Sum256(text); key.Thumbprint() != [16]byte(want[:16]) {
		t.Errorf("got thumbprint %x", key.Thumbprint())
	}
}

func TestParseKeyRefuses(t *testing.T) {
	good := newDevice(t, 7).key(t).Bytes()
	change := func(i int, v byte) []byte {
		b := append([]byte{}, good...)
		b[i] = v
		return b
	}
	for name, b := range map[string][]byte{
		"nothing":       nil,
		"infinity":      {0},
		"zero":          make([]byte, 65),
		"zero, marked":  append([]byte{4}, make([]byte, 64)...),
		"compressed":    append([]byte{2 + good[64]&1}, good[1:33]...),
		"hybrid":        change(0, 6+good[64]&1),
		"off the curve": change(64, good[64]^1),
		"short":         good[:64],
		"long":          append(good[:65:65], 0),
		"without mark":  good[1:],
	} {
		if key, ok := ParseKey(b); ok || key != (Key{}) {
			t.Errorf("%s: ParseKey accepts the bytes", name)
		}
	}
}
