// Package fipstest runs a package's tests again in every FIPS mode of the standard library; with -short, only in the strictest.
package fipstest

import (
	"crypto/fips140"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Run runs the calling test and the named ones in a process for each mode, because the mode is decided when a process
// starts. The names are without "Test".
func Run(t *testing.T, names ...string) {
	const child = "SESSIONGEN_TEST_FIPS_CHILD"
	if mode := os.Getenv(child); mode != "" {
		if on, only := fips140.Enabled(), fips140.Enforced(); on != (mode != "off") || only != (mode == "only") {
			t.Errorf("GODEBUG=fips140=%s: got enabled %v, enforced %v", mode, on, only)
		}
		return
	}
	names = append(names, strings.TrimPrefix(t.Name(), "Test"))
	modes := []string{"off", "on", "only"}
	if testing.Short() {
		modes = modes[2:]
	}
	for _, mode := range modes {
		t.Run(mode, func(t *testing.T) {
			cmd := exec.Command(os.Args[0], "-test.v", "-test.run=^Test("+strings.Join(names, "|")+")$")
			cmd.Env = append(os.Environ(), child+"="+mode, "GODEBUG=fips140="+mode)
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			for _, name := range names {
				if !strings.Contains(string(out), "--- PASS: Test"+name+" (") {
					t.Errorf("Test%s did not run:\n%s", name, out)
				}
			}
		})
	}
}
