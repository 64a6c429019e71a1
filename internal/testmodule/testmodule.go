// Package testmodule makes modules for tests that run the go command: they use this
// module as it is, and need no network.
package testmodule

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
)

const own = "github.com/sessiongen/sessiongen"

// Env returns additional environment variables for the go command in modules whose paths begin with path.
//
// The packages of the modules are compiled without inlining, which takes the least time: much less for the compiler than
// with it, and less than without any optimization. They hardly run.
// The garbage of a short process is not worth collecting.
func Env(path string) []string {
	return []string{"GOFLAGS=-mod=mod '-gcflags=" + path + "/...=-l -dwarf=false' -ldflags=-w",
		"GOPROXY=off", "GOTOOLCHAIN=local", "GOGC=400"}
}

// Root returns the directory of this module, in which or below which the test runs.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("no go.mod in any directory above the test's")
		}
		dir = parent
	}
}

// Write writes a go.mod and go.sum for a module of this path into dir, and makes dir if necessary.
func Write(dir, path string) error {
	root, err := Root()
	if err != nil {
		return err
	}
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return err
	}
	sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		return err
	}
	// The go.sum fits the requirements of this module.
	_, requirements, _ := bytes.Cut(mod, []byte("\nrequire"))
	mod = fmt.Appendf(nil, `module %s

go 1.26.0

tool %[2]s/cmd/sessiongen

replace %[2]s => %[3]q

require %[2]s v0.0.0-00010101000000-000000000000

require%[4]s`, path, own, root, requirements)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), mod, 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "go.sum"), sum, 0o644)
}
