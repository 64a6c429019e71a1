package migrate

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/migrate"
)

// TestLegacy migrates a program of each library whose visitors stay logged in: with -legacy, the result builds, passes
// vet, and takes over the session of the old program.
func TestLegacy(t *testing.T) {
	names, err := filepath.Glob("testdata/legacy/*.txtar")
	if err != nil || len(names) != 4 {
		t.Fatalf("got error %v, %d programs", err, len(names))
	}
	each(t, names, func(t *testing.T, name string) {
		dir := unpack(t, parse(t, name).Files)
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		visitor := &http.Client{Jar: jar}
		address, stop := serve(t, dir)
		visit(t, visitor, address+"/login?name=hubo")
		if got := visit(t, visitor, address+"/whoami"); got != "hubo 7" {
			t.Fatalf("before the run, the site shows %q", got)
		}
		stop()

		res, err := migrate.Run(migrate.Config{Dir: dir, Patterns: []string{"./..."}, Legacy: time.Now().AddDate(0, 0, 30)})
		if err != nil {
			t.Fatal(err)
		}
		report(t, res)
		if err := res.Write(); err != nil || len(res.Left) > 0 {
			t.Fatalf("got error %v, and %d places are left", err, len(res.Left))
		}
		if out, err := run(t, dir, "go", "vet", "./..."); err != nil {
			t.Fatalf("go vet: %v\n%s", err, out)
		}
		stranger := *visitor
		stranger.Jar = nil
		address, stop = serve(t, dir)
		defer stop()
		for range 2 { // the second time with a session of its own
			if got := visit(t, visitor, address+"/whoami"); got != "hubo 7" {
				t.Errorf("after the run, the site shows %q", got)
			}
		}
		if got := visit(t, &stranger, address+"/whoami"); got != " 0" {
			t.Errorf("a new visitor sees %q", got)
		}
	})
}

// serve builds a program and runs it, until stop.
func serve(t *testing.T, dir string) (address string, stop func()) {
	t.Helper()
	if out, err := run(t, dir, "go", "build", "-o", "site.exe", "."); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address = l.Addr().String()
	l.Close()
	cmd := exec.Command(filepath.Join(dir, "site.exe"))
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "ADDRESS="+address, "SESSION_SECRET="+strings.Repeat("0123456789abcdef", 2), "SESSION_BLOCK="+strings.Repeat("fedcba9876543210", 2))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop = func() { cmd.Process.Kill(); cmd.Wait() }
	for range 400 {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			return "http://" + address, stop
		}
		time.Sleep(25 * time.Millisecond)
	}
	stop()
	t.Fatalf("the program does not serve:\n%s", &out)
	return "", nil
}

// visit makes a request, and returns the body of the answer.
func visit(t *testing.T, c *http.Client, url string) string {
	t.Helper()
	resp, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: got status %d, %s, %v", url, resp.StatusCode, body, err)
	}
	return string(body)
}
