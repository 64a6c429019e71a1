// Package long decides how much of an endless test runs: matrices, races, random input. By default, it is a
// representative part. With -short it is less, and with SESSIONGEN_LONG=1 in the environment, which .ci/run sets, it
// is everything.
package long

import (
	"os"
	"testing"
)

// Of returns whole if SESSIONGEN_LONG asks for it, otherwise part. It can be a flag's default, which is needed before
// -short is known.
func Of(part, whole int) int {
	if os.Getenv("SESSIONGEN_LONG") == "1" {
		return whole
	}
	return part
}

// Times returns how often a test should do something.
func Times(short, usual, whole int) int {
	if testing.Short() {
		return short
	}
	return Of(usual, whole)
}
