package migrate

import (
	"bytes"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/migrate"
)

// TestRedis migrates programs whose sessions are in Redis. Who logged in with the old build is logged in with the new
// one, and a log-out there is final: neither build takes a copy of the old cookie any more.
func TestRedis(t *testing.T) {
	names, err := filepath.Glob("testdata/redis/*.txtar")
	if err != nil || len(names) != 2 {
		t.Fatalf("%v, %d programs", err, len(names))
	}
	t.Setenv("REDIS", startRedis(t))
	each(t, names, func(t *testing.T, name string) {
		before := unpack(t, parse(t, name).Files)
		dir := unpack(t, parse(t, name).Files)
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		visitor := &http.Client{Jar: jar}
		address, stop := serve(t, before)
		visit(t, visitor, address+"/login?name=hubo")
		if got := visit(t, visitor, address+"/whoami"); got != "hubo 7" {
			t.Fatalf("before: %q", got)
		}
		copied := copyOf(t, jar, address)
		stop()

		res, err := migrate.Run(migrate.Config{Dir: dir, Patterns: []string{"./..."}, Legacy: time.Now().AddDate(0, 0, 30)})
		if err != nil {
			t.Fatal(err)
		}
		report(t, res)
		if err := res.Write(); err != nil || len(res.Left) > 0 {
			t.Fatalf("%v, %d places are left", err, len(res.Left))
		}
		address, stop = serve(t, dir)
		for range 2 { // the second time with a session of its own
			if got := visit(t, visitor, address+"/whoami"); got != "hubo 7" {
				t.Errorf("afterwards: %q", got)
			}
		}
		visit(t, visitor, address+"/logout")
		for who, client := range map[string]*http.Client{"the visitor": visitor, "a copy of the old cookie": copied} {
			if got := visit(t, client, address+"/whoami"); got != " 0" {
				t.Errorf("%s after the log-out: %q", who, got)
			}
		}
		stop()
		address, stop = serve(t, before)
		defer stop()
		if got := visit(t, copied, address+"/whoami"); got != " 0" {
			t.Errorf("a copy of the old cookie in the old build: %q", got)
		}
	})
}

// copyOf is a client with the cookies that a jar has now. Cookies do not depend on the port.
func copyOf(t *testing.T, jar http.CookieJar, address string) *http.Client {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	other, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	other.SetCookies(u, jar.Cookies(u))
	return &http.Client{Jar: other}
}

// startRedis starts a Redis server for the duration of a test, and returns its address.
func startRedis(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		t.Fatal("this test needs redis-server: on Debian, apt-get install redis-server")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)

	var log bytes.Buffer
	server := exec.Command(program, "--bind", "127.0.0.1", "--port", port, "--dir", t.TempDir(), "--save", "", "--appendonly", "no")
	server.Stdout, server.Stderr = &log, &log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		server.Process.Kill()
		server.Wait()
	})
	for range 400 {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			return address
		}
		time.Sleep(25 * time.Millisecond)
	}
	server.Process.Kill()
	server.Wait()
	t.Fatalf("redis-server does not answer:\n%s", &log)
	return ""
}
