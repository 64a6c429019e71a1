package scs

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// startRedis starts a Redis server for the duration of a test, and returns its socket.
func startRedis(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		t.Fatal("this test needs redis-server: on Debian, apt-get install redis-server")
	}
	// The path of a socket must be short, and t.TempDir may be long.
	dir, err := os.MkdirTemp("", "redis")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "socket")

	var log bytes.Buffer
	server := exec.Command(program, "--port", "0", "--unixsocket", socket, "--dir", dir, "--save", "", "--appendonly", "no")
	server.Stdout, server.Stderr = &log, &log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan struct{})
	go func() {
		server.Wait()
		close(exited)
	}()
	t.Cleanup(func() {
		server.Process.Kill()
		<-exited
	})

	client := redis.NewClient(&redis.Options{Network: "unix", Addr: socket, MaxRetries: -1})
	defer client.Close()
	for start := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		err := client.Ping(t.Context()).Err()
		if err == nil {
			return socket
		}
		select {
		case <-exited:
			t.Fatalf("redis-server ended:\n%s", &log)
		default:
		}
		if time.Since(start) > 30*time.Second {
			t.Fatalf("redis-server does not answer: %v", err)
		}
	}
}
