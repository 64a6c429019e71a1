package redisstore_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// A server is a redis-server on a free port of the loopback interface.
type server struct {
	t    testing.TB
	dir  string
	port string
	args []string
	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended
}

func program(t testing.TB, name, debian string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("these tests need the program %s: apt-get install %s", name, debian)
	}
	return path
}

// durable makes a server write to the disk before it answers.
var durable = []string{"--appendonly", "yes", "--appendfsync", "always"}

func startServer(t testing.TB, args ...string) *server {
	t.Helper()
	s := &server{t: t, dir: t.TempDir(), port: freePort(t), args: args}
	t.Cleanup(s.kill)
	s.start()
	return s
}

// freePort returns a free port. The port 10000 above it, for the cluster bus, is free as well.
func freePort(t testing.TB) string {
	t.Helper()
	for {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, err)
		port := l.Addr().(*net.TCPAddr).Port
		must(t, l.Close())
		// Other programs that bind to port 0 get an ephemeral port, so this one must not be one.
		port = 10000 + port%20000
		if free(port) && free(port+10000) {
			return strconv.Itoa(port)
		}
	}
}

func free(port int) bool {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err == nil {
		err = l.Close()
	}
	return err == nil
}

func (s *server) addr() string { return net.JoinHostPort("127.0.0.1", s.port) }

func (s *server) start() {
	s.t.Helper()
	args := append([]string{"--bind", "127.0.0.1", "--port", s.port, "--dir", s.dir, "--save", ""}, s.args...)
	s.run(program(s.t, "redis-server", "redis-server"), args...)
	c := redis.NewClient(&redis.Options{Addr: s.addr()})
	defer c.Close()
	eventually(s.t, "the server starts", func() error {
		select {
		case <-s.done:
			s.t.Fatalf("redis-server ended:\n%s", s.log())
		default:
		}
		return c.Ping(context.Background()).Err()
	})
}

func (s *server) run(program string, args ...string) {
	s.t.Helper()
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	must(s.t, err)
	defer log.Close()
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = log, log
	must(s.t, cmd.Start())
	done := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(done)
	}()
	s.cmd, s.done = cmd, done
}

// kill ends the server as kill -9 does.
func (s *server) kill() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill()
	<-s.done
}

func (s *server) log() string {
	text, _ := os.ReadFile(filepath.Join(s.dir, "log"))
	return string(text)
}

// client returns a client of the server, which the test closes.
func (s *server) client(t testing.TB) *redis.Client {
	return newClient(t, s.addr())
}

func newClient(t testing.TB, addr string) *redis.Client {
	c := redis.NewClient(&redis.Options{Addr: addr, ContextTimeoutEnabled: true, PoolSize: 50})
	t.Cleanup(func() { c.Close() })
	return c
}

// startCluster starts three masters, and returns a client and the masters.
func startCluster(t testing.TB) (*redis.ClusterClient, []*server) {
	t.Helper()
	var nodes []*server
	var addrs []string
	for range 3 {
		n := startServer(t, "--cluster-enabled", "yes", "--cluster-node-timeout", "2000")
		nodes, addrs = append(nodes, n), append(addrs, n.addr())
	}
	redisCLI(t, append(append([]string{"--cluster", "create"}, addrs...), "--cluster-yes")...)
	c := redis.NewClusterClient(&redis.ClusterOptions{Addrs: addrs, ContextTimeoutEnabled: true})
	t.Cleanup(func() { c.Close() })
	eventually(t, "the cluster is whole", func() error {
		return c.ForEachMaster(context.Background(), func(ctx context.Context, node *redis.Client) error {
			info, err := node.ClusterInfo(ctx).Result()
			if err == nil && !strings.Contains(info, "cluster_state:ok") {
				err = fmt.Errorf("%s", info)
			}
			return err
		})
	})
	return c, nodes
}

func redisCLI(t testing.TB, args ...string) string {
	t.Helper()
	out, err := exec.Command(program(t, "redis-cli", "redis-tools"), args...).CombinedOutput()
	if err != nil {
		t.Fatalf("redis-cli %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// eventually waits until f returns nil, for 30 seconds.
func eventually(t testing.TB, what string, f func() error) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		err := f()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %v", what, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
