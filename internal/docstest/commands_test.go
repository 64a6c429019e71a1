package docstest

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// get is a command that needs this module to be published, and after one that makes a module, if there is one.
var get = regexp.MustCompile(`(?m)^(?:go mod init example\.com/\w+\n)?go (?:get|get -tool|run|install) github\.com/sessiongen/sessiongen(\S*)@latest.*\n`)

// commands runs the commands of a page, each block in a copy of the package in front of it on the page.
func commands(t *testing.T, root, dir string, page Page, packages []*Package) {
	for _, b := range page.Blocks {
		at := fmt.Sprintf("%s:%d", page.Name, b.Line)
		switch b.Lang {
		case "sh", "console":
		case "go", "", "text", "html", "yaml", "diff", "js", "sql", "ini":
			continue
		default:
			t.Errorf("%s: a block of %q, which no test knows", at, b.Lang)
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
		text = b.Asks["prepare"] + "\n" + text
		pkg := before(page, b.Line, packages)
		if pkg == nil {
			t.Errorf("%s: no Go block that these commands could be about", at)
			continue
		}
		here := filepath.Join(dir, filepath.Dir(filepath.FromSlash(pkg.Dir)))
		if _, serve := b.Asks["serve"]; serve {
			server := start(t, filepath.Join(dir, filepath.FromSlash(pkg.Dir)))
			text = strings.ReplaceAll(text, "localhost:8080", server.addr)
			runConsole(t, at, here, text)
			server.stop()
		} else if b.Lang == "console" {
			runConsole(t, at, here, text)
		} else if out, err := shell(here, text); err != nil {
			t.Errorf("%s: %v\n%s", at, err, out)
		}
	}
}

// before is the last package of a page that begins before a line, or else the first.
func before(page Page, line int, packages []*Package) (last *Package) {
	for _, p := range packages {
		if p.Page == page.Name && !p.alone && (p.Line < line || last == nil) {
			last = p
		}
	}
	return last
}

// shell runs commands in a directory, which is a git repository.
func shell(dir, text string) ([]byte, error) {
	cmd := exec.Command("sh", "-ec", text)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOPROXY=off", "CURL_HOME="+dir)
	if strings.Contains(text, "curl ") { // no meter of the progress
		if err := os.WriteFile(filepath.Join(dir, ".curlrc"), []byte("silent\nshow-error\n"), 0o644); err != nil {
			return nil, err
		}
	}
	if strings.Contains(text, "git ") {
		if out, err := exec.Command("git", "init", "-q", dir).CombinedOutput(); err != nil {
			return out, err
		}
	}
	return cmd.CombinedOutput()
}

// runConsole runs what follows a prompt, and compares what comes after it.
func runConsole(t *testing.T, at, dir, text string) {
	for part := range strings.SplitSeq("\n"+text, "\n$ ") {
		command, want, _ := strings.Cut(part, "\n")
		if command == "" {
			continue
		}
		out, _ := shell(dir, command) // what it prints counts, and not how it ends
		got := string(bytes.ReplaceAll(out, []byte("\r\n"), []byte("\n")))
		if strings.TrimRight(got, "\n") != strings.TrimRight(want, "\n") {
			t.Errorf("%s: %s\nprints\n%s\nnot\n%s", at, command, got, want)
		}
	}
}

// program is one that runs.
type program struct {
	addr string
	stop func()
}

// start runs the program in a directory, which listens on localhost:8080, on another address.
func start(t *testing.T, dir string) program {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, bytes.ReplaceAll(text, []byte("localhost:8080"), []byte(addr)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	binary := filepath.Join(t.TempDir(), "program.exe")
	build := exec.Command("go", "build", "-o", binary, ".")
	build.Dir = dir
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.Command(binary)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop := func() { cmd.Process.Kill(); cmd.Wait() }
	t.Cleanup(stop)
	for range 100 {
		if res, err := http.Get("http://" + addr + "/"); err == nil {
			res.Body.Close()
			return program{addr, stop}
		}
		time.Sleep(50 * time.Millisecond)
	}
	stop()
	t.Fatalf("the program does not answer: %s", stderr.String())
	return program{}
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

// goCould looks for the packages, tests and flags that go test or go run are given.
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
