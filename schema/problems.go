package schema

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// problems is a LoadError if packages are missing or cannot be read. The go command finds more
// than that in packages that are yet to be generated, and none of it matters here.
func (l *loader) problems(pkgs []*packages.Package, patterns []string) error {
	if len(pkgs) == 0 {
		if !l.inModule() {
			return l.noModule()
		}
		return &LoadError{fmt.Sprintf("no packages match %s", strings.Join(patterns, " ")), "name a directory with Go files, such as ./web, or ./... for all below"}
	}
	var messages []string
	hint := ""
	for _, p := range pkgs {
		for _, e := range p.Errors {
			msg := strings.TrimSpace(e.Msg)
			fatal := false
			switch {
			case e.Kind != packages.ListError && e.Kind != packages.UnknownError, strings.HasPrefix(msg, "# "):
				continue // ours to judge; and what the compiler said
			case strings.Contains(msg, "import cycle not allowed"):
				fatal, msg = true, "package "+p.PkgPath+": "+msg
			case strings.HasPrefix(msg, "found packages "):
				fatal = true
			default:
				fatal = len(p.CompiledGoFiles) == 0 && !l.generatedAmong(p)
			}
			if !fatal || slices.Contains(messages, l.shorten(msg)) {
				continue
			}
			if !l.inModule() {
				return l.noModule()
			}
			messages = append(messages, l.shorten(msg))
			switch {
			case strings.Contains(msg, "build constraints exclude all Go files"):
				hint = "choose others with -tags, or GOOS and GOARCH"
			case strings.Contains(msg, "does not contain package"):
				hint = "run sessiongen in that package's own module, or join the modules: go work init . ./other"
			}
		}
	}
	if len(messages) > 0 {
		return &LoadError{strings.Join(messages, "\n"), hint}
	}
	return nil
}

// generatedAmong reports whether a file of ours, in whatever state, is among a package's.
func (l *loader) generatedAmong(p *packages.Package) bool {
	return slices.ContainsFunc(p.GoFiles, func(name string) bool {
		start, err := readStart(name)
		return err == nil && Ours(start, l.isOutput(name))
	})
}

func (l *loader) shorten(msg string) string {
	msg = strings.ReplaceAll(msg, l.dir+string(filepath.Separator), "")
	return strings.ReplaceAll(msg, l.dir, ".")
}

// goFailed makes an error of what the go command said before it gave up.
func (l *loader) goFailed(msg string) error {
	if !l.inModule() {
		return l.noModule()
	}
	if _, stderr, ok := strings.Cut(msg, "stderr: "); ok && strings.TrimSpace(stderr) != "" {
		msg = stderr
	}
	return &LoadError{"the go command failed: " + l.shorten(strings.TrimSpace(msg)), ""}
}

// inModule reports whether there is a go.mod or go.work in the directory or above.
func (l *loader) inModule() bool {
	for dir := l.dir; ; dir = filepath.Dir(dir) {
		for _, name := range []string{"go.mod", "go.work"} {
			if info, err := os.Stat(filepath.Join(dir, name)); err == nil && !info.IsDir() {
				return true
			}
		}
		if dir == filepath.Dir(dir) {
			return false
		}
	}
}

func (l *loader) noModule() error {
	return &LoadError{"no go.mod in this directory or any above it", "go mod init example.com/name"}
}

const tooNewHint = "the go command is newer than the one sessiongen was built with: build sessiongen again"

// tooNew reports whether go/packages doubts that it can read what this go command wrote.
func tooNew(p *packages.Package) bool {
	return slices.ContainsFunc(p.Errors, func(e packages.Error) bool {
		return strings.HasPrefix(e.Msg, "This application uses version")
	})
}
