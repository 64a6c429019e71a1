package runtime_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// Programs must not pay for the generator.
func TestDependencies(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := strings.Fields(string(out))
	if len(deps) < 50 {
		t.Fatalf("go list prints only %d packages", len(deps))
	}
	for _, dep := range deps {
		for _, banned := range []string{
			"github.com/dave/jennifer", "golang.org/x/tools",
			"github.com/sessiongen/sessiongen/schema", "github.com/sessiongen/sessiongen/gen",
		} {
			if dep == banned || strings.HasPrefix(dep, banned+"/") {
				t.Errorf("runtime depends on %s", dep)
			}
		}
	}
}

// Only the tests of programs may depend on package testing, through sessiontest, and only programs that import
// package legacy, or have fields with via=gob, on gob.
func TestNoTesting(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := strings.Fields(string(out))
	if len(deps) < 50 {
		t.Fatalf("go list prints only %d packages", len(deps))
	}
	for _, banned := range []string{"testing", "encoding/gob", "compress/zlib", ownPackage + "/legacy"} {
		if slices.Contains(deps, banned) {
			t.Errorf("runtime depends on %s", banned)
		}
	}
}
