package docstest

import (
	"bytes"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Shell runs commands in a directory, which is a git repository.
func Shell(dir, text string) ([]byte, error) {
	cmd := exec.Command("sh", "-ec", text)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOPROXY=off", "CURL_HOME="+dir)
	if strings.Contains(text, "curl ") { // no progress meter
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

// Console runs the commands after a prompt, and compares their output.
func Console(t *testing.T, at, dir, text string) {
	for part := range strings.SplitSeq("\n"+text, "\n$ ") {
		command, want, _ := strings.Cut(part, "\n")
		if command == "" {
			continue
		}
		out, _ := Shell(dir, command) // only the output counts, not the exit code
		got := string(bytes.ReplaceAll(out, []byte("\r\n"), []byte("\n")))
		if strings.TrimRight(got, "\n") != strings.TrimRight(want, "\n") {
			t.Errorf("%s: %s\nprints\n%s\nwant\n%s", at, command, got, want)
		}
	}
}

// A Program runs until the test ends or Stop is called.
type Program struct {
	Addr string
	Stop func()
}

// Start runs the program in a directory. It listens on another address instead of localhost:8080.
func Start(t *testing.T, dir string) Program {
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
		t.Fatalf("go build: %v\n%s", err, out)
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
			return Program{addr, stop}
		}
		time.Sleep(50 * time.Millisecond)
	}
	stop()
	t.Fatalf("the program does not answer: %s", stderr.String())
	return Program{}
}
