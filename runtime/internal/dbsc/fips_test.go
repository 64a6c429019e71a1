//go:build (linux || darwin) && !purego && !asan

package dbsc

import (
	"crypto/fips140"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestFIPSModes runs the tests of proofs again in every FIPS mode, which is
// decided when a process starts. Other build configurations do not have them all.
func TestFIPSModes(t *testing.T) {
	const child = "SESSIONGEN_TEST_FIPS_CHILD"
	if mode := os.Getenv(child); mode != "" {
		if on, only := fips140.Enabled(), fips140.Enforced(); on != (mode != "off") || only != (mode == "only") {
			t.Errorf("GODEBUG=fips140=%s: enabled %v, enforced %v", mode, on, only)
		}
		return
	}
	tests := []string{"FIPSModes", "Proofs", "Attacks", "KeyOfAnother", "SignatureOfTheRFC", "Key", "ParseKeyRefuses"}
	for _, mode := range []string{"off", "on", "only"} {
		t.Run(mode, func(t *testing.T) {
			cmd := exec.Command(os.Args[0], "-test.v", "-test.run=^Test("+strings.Join(tests, "|")+")$")
			cmd.Env = append(os.Environ(), child+"="+mode, "GODEBUG=fips140="+mode)
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			for _, name := range tests {
				if !strings.Contains(string(out), "--- PASS: Test"+name+" (") {
					t.Errorf("Test%s did not run:\n%s", name, out)
				}
			}
		})
	}
}
