//go:build (linux || darwin) && !purego && !asan

package dbsc

import (
	"testing"

	"github.com/sessiongen/sessiongen/internal/fipstest"
)

// TestFIPSModes runs the tests of proofs again in every FIPS mode. Other build configurations do not have
// all modes.
func TestFIPSModes(t *testing.T) {
	fipstest.Run(t, "Proofs", "Attacks", "KeyOfAnother", "SignatureOfTheRFC", "Key", "ParseKeyRefuses")
}
