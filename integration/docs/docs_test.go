// Package docs compiles the Go blocks of the documentation that need other modules.
package docs

import (
	"path/filepath"
	"testing"

	"github.com/sessiongen/sessiongen/internal/docstest"
)

// internal/docstest has the blocks that need this module alone.
func TestBlocks(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := docstest.Pages(root)
	if err != nil {
		t.Fatal(err)
	}
	var packages []*docstest.Package
	for _, page := range pages {
		if !page.ForUsers() {
			continue
		}
		list, err := docstest.Packages(page, filepath.Join(root, "testdata", "docs"))
		if err != nil {
			t.Fatal(err)
		}
		for _, pkg := range list {
			outside, err := pkg.External(root)
			if err != nil {
				t.Fatal(err)
			}
			if outside {
				packages = append(packages, pkg)
			}
		}
	}
	if len(packages) < 3 {
		t.Errorf("only %d packages", len(packages))
	}
	dir := t.TempDir()
	docstest.Write(t, dir, here, packages)
	docstest.Vet(t, dir)
}
