package legacy

import (
	"bufio"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// An old and a new build are separate processes behind one address, and the clients gradually move to the new one.
// Some reach the old one again in between, as in a rolling deploy. None is logged out, and a log-out afterwards is
// final.
func TestProcesses(t *testing.T) {
	oldSite, newSite := build(t, "./oldsite"), build(t, "./newsite")
	socket := startRedis(t)
	for library, place := range map[string]string{"gorilla": "", "files": t.TempDir(), "redis": socket, "redistore": startRedis(t), "gin redis": startRedis(t),
		"sqlite": filepath.Join(t.TempDir(), "sessions.db"), "gin": "", "echo": "", "flask": ""} {
		t.Run(library, func(t *testing.T) {
			t.Parallel()
			var old http.Handler
			stop := func() {}
			if library == "flask" {
				old = startFlask(t, map[string]any{"SECRET_KEY": "the secret of the site"})
			} else {
				old, stop = startSite(t, "", oldSite, library, place)
			}
			now, _ := startSite(t, "", newSite, library, place)
			a := newAddress(t, old, now)
			all := make([]*client, *clients)
			each(len(all), func(i int) {
				all[i] = a.client(t)
				all[i].get("/login?id=" + number(i))
			})
			each(len(all), func(i int) { roll(t, a, all[i], i) })
			stop()
			each(len(all), func(i int) {
				want := number(i)
				if i%2 == 0 {
					want = "0"
				}
				if got := all[i].get("/whoami"); got != want {
					t.Errorf("once the old build has ended, %s is logged in as %s, want %s", number(i), got, want)
				}
			})
		})
	}
}

// roll moves a client whose page makes several requests at once. Every second one logs out at the end, and every third
// one reaches the old build in between.
func roll(t *testing.T, a *address, c *client, i int) {
	id := number(i)
	if got := c.get("/whoami"); got != id {
		t.Errorf("the old build is logged in as %s, want %s", got, id)
	}
	before := c.clone(a)
	c.moved, before.moved = true, true
	each(3, func(int) {
		if got := c.get("/whoami"); got != id {
			t.Errorf("a first request is logged in as %s, want %s", got, id)
		}
	})
	if i%3 == 0 {
		c.moved = false
		if got := c.get("/whoami"); got != "0" && got != id {
			t.Errorf("back at the old build, %s is logged in as %s", id, got)
		}
		c.moved = true
	}
	if got := c.get("/whoami"); got != id {
		t.Errorf("the new build is logged in as %s, want %s", got, id)
	}
	if i%2 != 0 {
		return
	}
	late := c.clone(a)
	c.get("/logout")
	for n, copied := range []*client{c, late, before} {
		if got := copied.get("/whoami"); got != "0" {
			t.Errorf("copy %d of %s is logged in as %s after the log-out", n, id, got)
		}
	}
}

// build builds a program.
func build(t *testing.T, path string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), filepath.Base(path))
	if out, err := exec.Command("go", "build", "-o", name, path).CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return name
}

// startSite starts a program that reads input, prints its port, and ends with its standard input.
func startSite(t *testing.T, input, name string, args ...string) (site http.Handler, stop func()) {
	t.Helper()
	cmd := exec.Command(name, args...)
	logged := new(strings.Builder)
	cmd.Stderr = logged
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	io.WriteString(in, input)
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			in.Close()
			cmd.Wait()
		}
	}
	t.Cleanup(func() {
		stop()
		if logged.Len() > 0 {
			t.Errorf("%s logs %s", filepath.Base(name), logged)
		}
	})
	port, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		stop()
		t.Fatalf("%s does not start: %v\n%s", filepath.Base(name), err, logged)
	}
	go io.Copy(io.Discard, out)
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: "127.0.0.1:" + strings.TrimSpace(port)})
	proxy.Transport = &http.Transport{MaxIdleConnsPerHost: 64}
	return proxy, stop
}

// startRedis starts a Redis server, and returns its socket.
func startRedis(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "redis")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "socket")
	cmd := exec.Command("redis-server", "--port", "0", "--unixsocket", socket, "--dir", dir, "--save", "", "--appendonly", "no")
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v: install Debian's package redis-server", err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	for range 400 {
		if _, err := os.Stat(socket); err == nil {
			return socket
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatal("redis-server does not answer")
	return ""
}
