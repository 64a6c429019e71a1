package gen

import (
	"flag"
	"os"
	"os/exec"
	"strings"
	"testing"
)

var systems = flag.Bool("systems", false, "vet generated code for other systems, and run its tests on 386; the standard library is compiled for each")

// Generated code compiles, and go vet has nothing to say, wherever Go runs; an int of 32 bits is enough for it.
func TestSystems(t *testing.T) {
	if !*systems {
		t.Skip("without -systems")
	}
	for _, name := range []string{"rich.txtar", "hard.txtar", "budget.txtar"} {
		dir := module(t, archive(t, name).Files)
		generate(t, dir)
		for _, target := range []string{"linux/amd64", "linux/386", "windows/amd64", "darwin/arm64", "js/wasm", "wasip1/wasm"} {
			goos, goarch, _ := strings.Cut(target, "/")
			env := []string{"CGO_ENABLED=0", "GOOS=" + goos, "GOARCH=" + goarch}
			if out, err := goFor(dir, env, "vet", "./..."); err != nil {
				t.Errorf("%s for %s: go vet:\n%s", name, target, out)
			}
		}
		if out, err := goFor(dir, []string{"CGO_ENABLED=0", "GOARCH=386"}, "test", "./..."); err != nil {
			t.Errorf("%s on 386: go test:\n%s", name, out)
		}
	}
}

func goFor(dir string, env []string, args ...string) (string, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod"), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}
