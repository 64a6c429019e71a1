package stores_test

import (
	"testing"

	"github.com/sessiongen/sessiongen/internal/accounttest"
	"github.com/sessiongen/sessiongen/runtime"
)

func TestAccount(t *testing.T) {
	each(t, func(t *testing.T, b backend) {
		accounttest.Run(t, func(t *testing.T) runtime.Store {
			store, _ := b.open(t)
			return store
		})
	})
}
