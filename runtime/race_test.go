//go:build race

package runtime_test

// The race detector makes sealing many times slower.
func init() { underRace = true }
