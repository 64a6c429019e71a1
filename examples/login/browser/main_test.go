// Package browser drives the login example, as built and started from its directory, in
// Chromium.
package browser

import (
	"bufio"
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/chromedp/chromedp"
)

var (
	modes       = flag.String("modes", "cookie", "the modes to test, separated by commas; postgres and redis take their server from SESSIONGEN_POSTGRES and SESSIONGEN_REDIS")
	screenshots = flag.String("screenshots", "", "a `directory` for pictures of the pages")
)

var (
	chromium context.Context // the one browser of all tests
	program  string          // the example's binary

	adminName = "admin-" + strings.ToLower(rand.Text()[:8])
)

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	path, err := exec.LookPath("chromium")
	if err != nil {
		fmt.Fprintln(os.Stderr, "FAIL: these tests drive Chromium, and there is no command chromium: install Debian's package chromium")
		return 1
	}
	dir, err := os.MkdirTemp("", "login")
	if err != nil {
		fmt.Fprintln(os.Stderr, "FAIL:", err)
		return 1
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "login")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "FAIL: the example does not build: %v\n%s", err, out)
		return 1
	}
	ctx, stop := chromedp.NewExecAllocator(context.Background(),
		chromedp.ExecPath(path),
		chromedp.Headless,
		chromedp.NoSandbox, // which does not work as root; all pages are the example's own
		chromedp.NoFirstRun,
		chromedp.DisableGPU,
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.Flag("disable-sync", true),
		chromedp.Flag("no-proxy-server", true),
	)
	defer stop()
	var quit context.CancelFunc
	chromium, quit = chromedp.NewContext(ctx)
	defer quit()
	if err := chromedp.Do(chromium); err != nil {
		fmt.Fprintln(os.Stderr, "FAIL: Chromium does not start:", err)
		return 1
	}
	return m.Run()
}

// eachMode runs a test against a fresh program in each of the modes.
func eachMode(t *testing.T, test func(t *testing.T, url, mode string)) {
	for mode := range strings.SplitSeq(*modes, ",") {
		t.Run(mode, func(t *testing.T) { test(t, start(t, mode), mode) })
	}
}

// start runs the example and returns its address.
func start(t *testing.T, mode string) string {
	t.Helper()
	args := []string{"-addr", "127.0.0.1:0", "-mode", mode, "-admin", adminName}
	switch mode {
	case "sqlite":
		args = append(args, "-dsn", filepath.Join(t.TempDir(), "login.db"))
	case "postgres", "redis":
		name := "SESSIONGEN_" + strings.ToUpper(mode)
		dsn := os.Getenv(name)
		if dsn == "" {
			t.Fatalf("%s is not set", name)
		}
		args = append(args, "-dsn", dsn)
	}
	cmd := exec.Command(program, args...)
	var log strings.Builder
	cmd.Stderr = &log
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("the program ends with %v", err)
		}
		for _, bad := range []string{"ERROR", "panic", "request failed"} {
			if strings.Contains(log.String(), bad) {
				t.Errorf("the program logs:\n%s", log.String())
			}
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if err != nil || !ok {
		t.Fatalf("the program prints %q: %v", line, err)
	}
	return url
}
