package migrate

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"
)

// TestVendored has a module whose folder vendor lacks a package that only the new code would import: the report says how
// to do without the folder for a run.
func TestVendored(t *testing.T) {
	if testing.Short() {
		t.Skip("this test runs migrate often")
	}
	tools := "//go:build tools\n\npackage main\n\nimport (\n\t_ \"" + runtimePath + "\"\n\t_ \"" + runtimePath + "/codec\"\n)\n"
	dir := write(t, append(txtar.Parse([]byte(single)).Files, txtar.File{Name: "tools.go", Data: []byte(tools)}))
	for _, command := range []string{"tidy", "vendor"} {
		cmd := exec.Command("go", "mod", command)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("go mod %s: %v\n%s", command, err, out)
		}
	}
	cfg := Config{Dir: dir, Patterns: []string{"./..."}, Legacy: time.Date(2030, 3, 31, 0, 0, 0, 0, time.UTC), known: common}
	t.Setenv("GOFLAGS", "-mod=vendor")
	res, err := Run(cfg)
	if err != nil {
		t.Fatal(err)
	}
	want := "the folder vendor does not have " + legacyPath + "; "
	if got := report(res); !strings.Contains(got, want) || !strings.Contains(got, "sessiongen migrate with -mod=readonly in GOFLAGS, and go mod vendor afterwards") {
		t.Errorf("got\n%s", got)
	}
	t.Setenv("GOFLAGS", "-mod=readonly")
	if res, err = Run(cfg); err != nil || len(res.Left) > 0 {
		t.Errorf("without the folder: got %v and\n%s", err, report(res))
	}
}
