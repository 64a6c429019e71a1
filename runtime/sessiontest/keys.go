package sessiontest

import (
	"sync"
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
)

// Keys returns keys for Config.Keys. All calls in one process return the same keys, so a test's
// manager can open the sessions of the program's manager. Each run of the tests has new keys.
func Keys(t testing.TB) runtime.Keys {
	t.Helper()
	keys, err := runKeys()
	if err != nil {
		t.Fatalf("sessiontest: no keys: %v", err)
	}
	return keys
}

var runKeys = sync.OnceValues(func() (runtime.Keys, error) { return runtime.ParseKeys(runtime.GenerateKey()) })
