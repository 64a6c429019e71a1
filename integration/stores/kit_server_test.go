package stores_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
)

// serving is the environment variable that says what a process serves until it is killed.
const serving = "SESSIONGEN_TEST_SERVER"

// A server is a node in a process of its own.
type server struct {
	Backend, Where string // of the store
	Keys           string
	Revocations    bool

	cmd    *exec.Cmd
	in     io.Closer
	url    string
	client *http.Client
	ended  chan struct{}
}

// serve is the process of a server. It ends when its input does.
func serve(text string) error {
	var s server
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return err
	}
	store, err := reopen(s.Backend, s.Where)
	if err != nil {
		return err
	}
	n := newNode(store, s.Keys, patience, s.Revocations)
	fmt.Println(n.server.URL)
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// start starts the process, for the first time or again.
func (s *server) start(t *testing.T) {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	s.cmd = exec.CommandContext(t.Context(), os.Args[0])
	s.cmd.Env = append(os.Environ(), serving+"="+string(text))
	s.cmd.Stderr = os.Stderr
	out, err := s.cmd.StdoutPipe()
	if err == nil {
		s.in, err = s.cmd.StdinPipe()
	}
	if err == nil {
		err = s.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("a server printed %q, error %v", line, err)
	}
	s.url = strings.TrimSpace(line)
	s.client = &http.Client{Transport: new(http.Transport)}
	s.ended = make(chan struct{})
	go func() {
		s.cmd.Wait()
		close(s.ended)
	}()
}

// kill ends the process like kill -9, unless it has ended itself.
func (s *server) kill() {
	s.cmd.Process.Kill()
	<-s.ended
	s.in.Close()
	s.client.CloseIdleConnections()
}

func (s *server) send(cookie, do string, number int, more string) reply {
	return send(s.client, s.url, cookie, do, number, more)
}

// dieAt makes the process of a node kill itself right before a call of the store: calls says which one.
func (n *node) dieAt(calls int) {
	left := atomic.Int64{}
	left.Store(int64(calls))
	die := func() {
		if left.Add(-1) == 0 {
			if self, err := os.FindProcess(os.Getpid()); err == nil {
				self.Kill()
			}
			select {} // until it is dead
		}
	}
	n.store.setBefore(die)
}
