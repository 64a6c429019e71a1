package sessiontest

import (
	"sync"
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
)

// Keys returns keys for Config.Keys. They are the same with each call, so that a test can make a
// manager that opens the sessions of the program's, and new with each run of the tests.
func Keys(t testing.TB) runtime.Keys {
	t.Helper()
	keys, err := runKeys()
	if err != nil {
		t.Fatalf("sessiontest: no keys: %v", err)
	}
	return keys
}

var runKeys = sync.OnceValues(func() (runtime.Keys, error) { return runtime.ParseKeys(runtime.GenerateKey()) })
