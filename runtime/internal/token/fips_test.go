//go:build (linux || darwin) && !purego && !asan

package token

import (
	"crypto/fips140"
	"os"
	"os/exec"
	"testing"
)

// TestFIPSOnly runs the tests of the format again in the strictest FIPS mode, which
// is decided when a process starts. Other build configurations do not have it.
func TestFIPSOnly(t *testing.T) {
	const child = "SESSIONGEN_TEST_FIPS_CHILD"
	if os.Getenv(child) != "" {
		if !fips140.Enabled() {
			t.Error("GODEBUG=fips140=only has no effect")
		}
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^Test(FIPSOnly|FrozenToken|ReferenceAgrees|RoundTrip|PrefixIsReplaced|FlippedBits)$")
	cmd.Env = append(os.Environ(), child+"=1", "GODEBUG=fips140=only")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
