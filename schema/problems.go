package schema

import (
	"cmp"
	"fmt"
	"go/build"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/sessiongen/sessiongen/internal/code"
	"github.com/sessiongen/sessiongen/internal/golist"
)

// problems is a LoadError if packages are missing or cannot be read. The go command finds more errors in packages that
// are not generated yet; they do not matter here.
func (l *loader) problems(patterns []string) error {
	if len(l.dirs) == 0 {
		if !l.inModule() {
			return l.noModule()
		}
		if p := l.foreign; p != nil {
			return loadError(code.NoPackages, "run sessiongen in that module's own directory",
				"package %s is of module %s, which is a dependency here", p.ImportPath, p.Module.Path)
		}
		return loadError(code.NoPackages, "name a directory with Go files, such as ./web, or ./... for all below", "no packages match %s", strings.Join(patterns, " "))
	}
	var messages []string
	hint := ""
	for _, d := range l.dirs {
		msg := l.fatal(d)
		if msg == "" || slices.Contains(messages, msg) {
			continue
		}
		if !l.inModule() {
			return l.noModule()
		}
		messages = append(messages, msg)
		switch {
		case strings.Contains(msg, "build constraints exclude all Go files"):
			hint = otherBuild
		case strings.Contains(msg, "does not contain package"):
			hint = "run sessiongen in that package's own module, or join the modules: go work init . ./other"
		}
	}
	if len(messages) > 0 {
		return loadError(code.LoadFailed, hint, "%s", strings.Join(messages, "\n"))
	}
	return nil
}

// otherBuild says how to generate for another build configuration. With GOOS set, "go tool" would build a program for
// that system, which does not run here.
const otherBuild = "choose another build with -tags, or for another system: GOOS=windows $(go tool -n sessiongen)"

// buildFor is otherBuild for the build that a constraint needs.
func buildFor(expr string) string {
	switch {
	case expr == "cgo":
		return "run it where there is a C compiler, or with CGO_ENABLED=1"
	case !token.IsIdentifier(expr):
		return otherBuild
	case nameConstraint("x_"+expr+".go") == nil:
		return "run sessiongen -tags " + expr
	case built("x_"+expr+".go", []byte("package p\n"), expr, ""):
		return "run it as GOOS=" + expr + " $(go tool -n sessiongen)"
	}
	return "run it as GOARCH=" + expr + " $(go tool -n sessiongen)"
}

// fatal is the go command's error for a package that cannot be read.
func (l *loader) fatal(d *directory) string {
	disagreement := d.settleName()
	if d.Error == nil {
		return ""
	}
	msg := strings.TrimSpace(d.Error.Err)
	switch {
	case isCycle(d.Package):
		return fmt.Sprintf("package %s: %s: import stack: %v", d.ImportPath, msg, d.Error.ImportStack)
	case disagreement != "":
		return l.shorten(disagreement)
	case len(d.GoFiles)+len(d.CgoFiles)+len(d.written) == 0:
		return l.shorten(msg)
	}
	return ""
}

func isCycle(p *golist.Package) bool {
	return p.Error != nil && strings.TrimSpace(p.Error.Err) == "import cycle not allowed"
}

// withoutOurs lists packages again without the imports of generated files, if these may cause an import cycle. A
// generated file keeps the imports of a removed schema until it is generated again.
func (l *loader) withoutOurs(patterns []string) error {
	stubs := map[string]string{}
	for _, d := range l.dirs {
		for _, w := range d.written {
			stubs[w.Path] = "package " + cmp.Or(w.clause(), d.Name) + "\n"
		}
	}
	if len(stubs) == 0 || !slices.ContainsFunc(l.dirs, func(d *directory) bool { return isCycle(d.Package) }) {
		return nil
	}
	over, closeOver, err := l.golist.Over(stubs)
	defer closeOver()
	if err != nil {
		return loadError(code.LoadFailed, "", "%v", err)
	}
	pkgs, err := over.Packages(patterns...)
	if err != nil {
		return l.goFailed(err.Error())
	}
	l.dirs = nil
	for _, p := range pkgs {
		l.add(p)
	}
	return nil
}

func (l *loader) shorten(msg string) string {
	msg = strings.ReplaceAll(msg, l.dir+string(filepath.Separator), "")
	return strings.ReplaceAll(msg, l.dir, ".")
}

// goFailed makes an error of the go command's last words.
func (l *loader) goFailed(msg string) error {
	if !l.inModule() {
		return l.noModule()
	}
	return loadError(code.LoadFailed, "", "the go command failed: %s", l.shorten(strings.TrimSpace(msg)))
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
	return loadError(code.NoModule, "go mod init example.com/name", "no go.mod in this directory or any above it")
}

// tooNew is a hint if the go command knows releases that this program's libraries do not.
func (l *loader) tooNew() string {
	own := build.Default.ReleaseTags
	if minor(l.context.Release) > minor(own[len(own)-1]) {
		return "the go command is newer than the one sessiongen was built with: build sessiongen again"
	}
	return ""
}

// minor is the number in a release such as go1.26.
func minor(release string) int {
	n, _ := strconv.Atoi(strings.TrimPrefix(release, "go1."))
	return n
}
