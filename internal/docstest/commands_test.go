package docstest

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// get is a command that needs this module to be published, perhaps after one that makes a module.
var get = regexp.MustCompile(`(?m)^(?:go mod init example\.com/\w+\n)?go (?:get|get -tool|run|install) github\.com/sessiongen/sessiongen(\S*)@latest.*\n`)

// commands runs the commands of a page. Each block runs in a copy of the last package before it.
func commands(t *testing.T, root, dir string, page Page, packages []*Package) {
	for _, b := range page.Blocks {
		at := fmt.Sprintf("%s:%d", page.Name, b.Line)
		switch b.Lang {
		case "sh", "console":
		case "yaml":
			if err := inScript(filepath.Join(root, "testdata", "script", "check.txtar"), runs(b.Text)); err != nil {
				t.Errorf("%s: %v", at, err)
			}
			continue
		case "go", "", "text", "html", "json", "diff", "js", "sql", "ini":
			continue
		default:
			t.Errorf("%s: no test handles a block of %q", at, b.Lang)
			continue
		}
		for _, m := range get.FindAllStringSubmatch(b.Text, -1) {
			if found, _ := filepath.Glob(filepath.Join(root, m[1], "*.go")); len(found) == 0 {
				t.Errorf("%s: there is no package %s in this module", at, m[1])
			}
		}
		text := get.ReplaceAllString(b.Text, "")
		if _, long := b.Asks["long"]; long {
			if err := couldRun(root, text); err != nil {
				t.Errorf("%s: %v", at, err)
			}
			continue
		}
		if name, ok := b.Asks["script"]; ok {
			if err := inScript(filepath.Join(root, "testdata", "script", name), text); err != nil {
				t.Errorf("%s: %v", at, err)
			}
			continue
		}
		text = b.Asks["prepare"] + "\n" + text
		pkg := before(page, b.Line, packages)
		if pkg == nil {
			t.Errorf("%s: there is no Go block for these commands", at)
			continue
		}
		here := filepath.Join(dir, filepath.Dir(filepath.FromSlash(pkg.Dir)))
		if _, serve := b.Asks["serve"]; serve {
			server := Start(t, filepath.Join(dir, filepath.FromSlash(pkg.Dir)))
			text = strings.ReplaceAll(text, "localhost:8080", server.Addr)
			Console(t, at, here, text)
			server.Stop()
		} else if b.Lang == "console" {
			Console(t, at, here, text)
		} else if out, err := Shell(here, text); err != nil {
			t.Errorf("%s: %v\n%s", at, err, out)
		}
	}
}

// runs are the commands of sessiongen in the steps of a workflow.
func runs(text string) (commands string) {
	for _, m := range regexp.MustCompile(`(?m)^ *- run: (go tool sessiongen .*)$`).FindAllStringSubmatch(text, -1) {
		commands += m[1] + "\n"
	}
	return commands
}

// before is the last package of a page that begins before a line, otherwise the first.
func before(page Page, line int, packages []*Package) (last *Package) {
	for _, p := range packages {
		if p.Page == page.Name && !p.alone && (p.Line < line || last == nil) {
			last = p
		}
	}
	return last
}

// inScript reports an error unless a script runs the commands, without their packages.
func inScript(path, text string) error {
	script, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for line := range strings.Lines(text) {
		command, _, _ := strings.Cut(strings.TrimPrefix(line, "go tool "), " ./...")
		if !strings.Contains(string(script), "exec "+command) {
			return fmt.Errorf("%s does not run %s", filepath.Base(path), command)
		}
	}
	return nil
}

// couldRun reports an error if commands name a directory, package, script, test or flag that does not exist.
func couldRun(root, text string) error {
	text = regexp.MustCompile(`(?m) +#.*$`).ReplaceAllString(text, "")
	text = regexp.MustCompile(`bash -c '(.*)'`).ReplaceAllString(text, "\n$1")
	dir := root
	for _, line := range regexp.MustCompile(`\n|&&`).Split(text, -1) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		switch {
		case words[0] == "cd":
			dir = filepath.Join(root, words[1])
		case strings.HasPrefix(words[0], ".ci/"):
			dir = root
			if _, err := os.Stat(filepath.Join(root, words[0])); err != nil {
				return err
			}
		case words[0] == "go" && (words[1] == "run" || words[1] == "test"):
			if err := goCould(dir, words[2:]); err != nil {
				return err
			}
		default:
			return fmt.Errorf("nothing is known of the command %s", words[0])
		}
	}
	return nil
}

// goCould looks for the packages, tests and flags in the arguments of go test or go run.
func goCould(dir string, args []string) error {
	where := filepath.Join(dir, ".")
	for _, arg := range args {
		if strings.HasPrefix(arg, ".") {
			where = filepath.Join(dir, strings.TrimSuffix(arg, "..."))
		}
	}
	files, err := filepath.Glob(filepath.Join(where, "*.go"))
	if _, e := os.Stat(where); e != nil || err != nil {
		return fmt.Errorf("there is no %s", where)
	}
	source := ""
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		source += string(text)
	}
	for i, arg := range args {
		name, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		switch {
		case !strings.HasPrefix(arg, "-") || strings.HasSuffix(where, "..."):
		case name == "run" && i+1 < len(args) && !strings.Contains(arg, "="):
			test := strings.Trim(args[i+1], `"$^`)
			if !strings.Contains(source, "func "+test+"(") {
				return fmt.Errorf("there is no test %s in %s", test, where)
			}
		case strings.Contains(" run bench v timeout short count ", " "+name+" "):
		case !strings.Contains(source, `("`+name+`"`):
			return fmt.Errorf("there is no flag -%s in %s", name, where)
		}
	}
	return nil
}
