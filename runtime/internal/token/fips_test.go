//go:build (linux || darwin) && !purego && !asan

package token

import (
	"testing"

	"github.com/sessiongen/sessiongen/internal/fipstest"
)

// TestFIPSModes runs the tests of the format again in every FIPS mode. Other build configurations do not have
// all modes.
func TestFIPSModes(t *testing.T) {
	fipstest.Run(t, "FrozenToken", "ReferenceAgrees", "RoundTrip", "PrefixIsReplaced", "FlippedBits", "Matrix", "Concurrency")
}
