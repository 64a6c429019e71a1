// Package long says how long tests may take that could go on for ever: matrices, races, random
// input. Without more, a part stands for the whole; -short asks for less, and SESSIONGEN_LONG=1
// in the environment, which .ci/run sets, for all of it.
package long

import (
	"os"
	"testing"
)

// Of returns whole if that is asked for, and part otherwise. It can be a flag's default, which is
// needed before it is known whether -short is given.
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
