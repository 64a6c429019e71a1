package runtime_test

import (
	"testing"

	"github.com/sessiongen/sessiongen/internal/long"
)

func TestMain(m *testing.M) {
	long.CollectRarely()
	m.Run()
}
