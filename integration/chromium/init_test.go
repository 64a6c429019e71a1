package chromium

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/internal/docstest"
)

// In an empty folder, sessiongen init and the two commands that it names are a page with a log-in and a log-out.
func TestInit(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	docstest.UseProxy(t, root)
	dir := t.TempDir()
	start := time.Now()
	out := runIn(t, dir, "go", "run", "github.com/sessiongen/sessiongen/cmd/sessiongen@latest", "init")
	t.Logf("%.1f s: sessiongen init", time.Since(start).Seconds())
	_, next, _ := strings.Cut(out, "Next:\n")
	commands := strings.Split(strings.TrimSpace(next), "\n\t")
	if len(commands) != 2 {
		t.Fatalf("init prints %q, want two commands", next)
	}
	runIn(t, dir, strings.Fields(commands[0])...)
	t.Logf("%.1f s: %s", time.Since(start).Seconds(), commands[0])
	base := serveIn(t, dir, strings.Fields(commands[1]+" -addr=127.0.0.1:0"))
	t.Logf("%.1f s: %s", time.Since(start).Seconds(), commands[1])

	b := newBrowser(t)
	if text := b.visit(base); !strings.Contains(text, "Please log in") {
		t.Errorf("the first page shows %s", text)
	}
	t.Logf("%.1f s: the page is there", time.Since(start).Seconds())
	b.enter("username", "hubo")
	b.enter("password", "wrong")
	if text := b.click("button"); !strings.Contains(text, "wrong") {
		t.Errorf("after a wrong password, the page shows %s", text)
	}
	b.visit(base)
	b.enter("username", "hubo")
	b.enter("password", "demo")
	if text := b.click("button"); !strings.Contains(text, "Hello, hubo") {
		t.Errorf("after the log-in, the page shows %s", text)
	}
	if text := b.visit(base); !strings.Contains(text, "Hello, hubo") || !strings.Contains(text, "Visits: 4") {
		t.Errorf("the next page shows %s", text)
	}
	if text := b.click("button"); !strings.Contains(text, "Please log in") {
		t.Errorf("after the log-out, the page shows %s", text)
	}
	if text := b.visit(base); strings.Contains(text, "hubo") || !strings.Contains(text, "Visits: 6") {
		t.Errorf("the page after that shows %s", text)
	}
}

func runIn(t *testing.T, dir string, command ...string) string {
	t.Helper()
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	return string(out)
}

// serveIn runs a program, until the test ends, and returns the address that it says.
func serveIn(t *testing.T, dir string, command []string) string {
	t.Helper()
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // go run has a child
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	base, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if err != nil || !ok {
		t.Fatalf("%s prints %q: %v", command, line, err)
	}
	return base
}
