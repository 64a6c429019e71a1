package docstest

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// own is the path of this module.
const own = "github.com/sessiongen/sessiongen"

// outside reports whether a package imports something that this module's go.mod does not require. Such packages are
// tested in integration/docs, a module of its own.
func (p *Package) outside(root string) (bool, error) {
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return false, err
	}
	for _, text := range p.Files {
		file, err := parse(text)
		if err != nil {
			return false, err
		}
		for _, s := range file.Imports {
			if !inside(strings.Trim(s.Path.Value, `"`), root, string(mod)) {
				return true, nil
			}
		}
	}
	return false, nil
}

func inside(path, root, mod string) bool {
	if first, _, _ := strings.Cut(path, "/"); !strings.Contains(first, ".") {
		return true
	}
	if rest, ok := strings.CutPrefix(path, own); ok {
		return !nested(filepath.Join(root, rest), root)
	}
	required := regexp.MustCompile(`(?m)^\s+(\S+) v`).FindAllStringSubmatch(mod, -1)
	return slices.ContainsFunc(required, func(m []string) bool { return path == m[1] || strings.HasPrefix(path, m[1]+"/") })
}

// nested reports whether a directory belongs to a module within this one.
func nested(dir, root string) bool {
	for ; dir != root && len(dir) > len(root); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return true
		}
	}
	return false
}
