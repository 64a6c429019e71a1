// Package long says how much of their matrices and races tests run: with SESSIONGEN_LONG=1 in
// the environment all of it, as .ci/run does, otherwise a part.
package long

import "os"

// Tests reports whether all of it is wanted.
func Tests() bool { return os.Getenv("SESSIONGEN_LONG") == "1" }

// Of returns whole if all of it is wanted, and part otherwise.
func Of(part, whole int) int {
	if Tests() {
		return whole
	}
	return part
}
