package storetest

import (
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// Checks returns the names of all checks.
func Checks() []string {
	var names []string
	for _, c := range append(checks, unlistedCheck) {
		names = append(names, c.name)
	}
	return names
}

// Impatient makes the checks wait a second for what may never end.
func Impatient() Option {
	return func(o *options) { o.patience = time.Second }
}

// RunCheck is Run for one check.
func RunCheck(t *testing.T, name string, open func(t *testing.T) runtime.Store, opts ...Option) {
	for _, c := range append(checks, unlistedCheck) {
		if c.name == name {
			newOptions(opts).check(t, c, open)
		}
	}
}
