package dbsc

import "testing"

// FuzzProof accepts what a device has signed, and nothing else.
func FuzzProof(f *testing.F) {
	d := newDevice(f, 7)
	key := d.key(f)
	registration, refresh := d.sign(f, d.header(f), claim), d.sign(f, es256, claim)
	for _, seed := range []string{registration, refresh} {
		f.Add(seed)
	}
	for _, c := range attacks(f) {
		if len(c.jws) <= 2*MaxProof {
			f.Add(c.jws)
		}
	}
	// Those have a wrong key or none, which a proof does not look at.
	signed := map[string]bool{registration: true, refresh: true}
	for _, c := range attacks(f) {
		if c.want == ErrKey {
			signed[c.jws] = true
		}
	}
	f.Fuzz(func(t *testing.T, jws string) {
		if _, _, err := Registration(jws); (err == nil) != (jws == registration) {
			t.Errorf("Registration returns %v", err)
		}
		if _, err := Proof(jws, key); (err == nil) != signed[jws] {
			t.Errorf("Proof returns %v", err)
		}
	})
}
