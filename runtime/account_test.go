package runtime_test

import (
	"testing"

	"github.com/sessiongen/sessiongen/internal/accounttest"
	"github.com/sessiongen/sessiongen/runtime"
)

func TestAccount(t *testing.T) {
	if testing.Short() {
		t.Skip("this test sleeps")
	}
	accounttest.Run(t, func(*testing.T) runtime.Store { return runtime.NewMemoryStore(1e6) })
}
