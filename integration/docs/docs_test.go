// Package docs compiles the Go blocks of the documentation that need other modules.
package docs

import (
	"path/filepath"
	"testing"

	"github.com/sessiongen/sessiongen/internal/docstest"
	"github.com/sessiongen/sessiongen/internal/testmodule"
)

// internal/docstest tests the blocks that only need this module.
func TestBlocks(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	packages, err := docstest.Load(root, true)
	if err != nil {
		t.Fatal(err)
	}
	if len(packages) < 3 {
		t.Errorf("the pages have only %d packages", len(packages))
	}
	dir := testmodule.Dir(t)
	docstest.Write(t, dir, here, packages)
	docstest.Vet(t, dir)
}
