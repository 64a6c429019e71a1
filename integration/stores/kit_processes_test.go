package stores_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/sessiongen/sessiongen/runtime"
)

// working is the environment variable with the job of a process that works on an existing session.
const working = "SESSIONGEN_TEST_JOB"

// A job is what one process does to a session. It has its own program on the store.
type job struct {
	Backend, Where string // of the store
	Keys, Cookie   string
	Do             string
	Clients        int // who make requests at once
	Requests       int // of each client, one after the other
	Gates          int // of these, the first ones wait until all have loaded the session, in every process

	// Request r of client c is about number First + c*ByClient + r*ByRequest.
	First, ByClient, ByRequest int
}

// An outcome has the results of a job.
type outcome struct {
	Conflicts int64
	Reloads   int64          // of the record, by requests that were late
	Bodies    map[string]int // what was said, and how often
	Failures  []string
}

// do does a job. It calls loaded when all requests at a gate have loaded the session.
func (j job) do(store runtime.Store, loaded func()) outcome {
	n := newNode(store, j.Keys, patience, false)
	defer n.close()
	for range j.Gates {
		n.gates = append(n.gates, newGate(j.Clients))
	}
	out := outcome{Bodies: make(map[string]int)}
	var group sync.WaitGroup
	group.Go(func() {
		for _, g := range n.gates {
			g.expected.Wait()
			loaded()
			close(g.open)
		}
	})
	var mu sync.Mutex
	for c := range j.Clients {
		group.Go(func() {
			for r := range j.Requests {
				gate := ""
				if r < j.Gates {
					gate = fmt.Sprint("&gate=", r)
				}
				reply := n.send(j.Cookie, j.Do, j.First+c*j.ByClient+r*j.ByRequest, gate)
				mu.Lock()
				if err := reply.trouble(); err != nil {
					out.Failures = append(out.Failures, err.Error())
				} else if reply.body != "" {
					out.Bodies[reply.body]++
				}
				mu.Unlock()
			}
		})
	}
	group.Wait()
	out.Conflicts = n.store.conflicts.Load()
	out.Reloads = n.store.loads.Load() - int64(j.Clients*j.Requests)
	return out
}

// work is the process of a job. It says "loaded" at a gate, and waits for a line.
func work(text string) error {
	var j job
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		return err
	}
	store, err := reopen(j.Backend, j.Where)
	if err != nil {
		return err
	}
	in := bufio.NewReader(os.Stdin)
	out := json.NewEncoder(os.Stdout)
	return out.Encode(j.do(store, func() {
		_ = out.Encode("loaded")
		_, _ = in.ReadString('\n')
	}))
}

// A worker is a process with a job.
type worker struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *json.Decoder
}

// inProcesses runs jobs in parallel, each in its own process.
func inProcesses(t *testing.T, jobs ...job) (all outcome) {
	t.Helper()
	all.Bodies = make(map[string]int)
	var workers []worker
	for _, j := range jobs {
		text, err := json.Marshal(j)
		if err != nil {
			t.Fatal(err)
		}
		w := worker{cmd: exec.CommandContext(t.Context(), os.Args[0])}
		w.cmd.Env = append(os.Environ(), working+"="+string(text))
		w.cmd.Stderr = os.Stderr
		out, err := w.cmd.StdoutPipe()
		if err == nil {
			w.out = json.NewDecoder(out)
			w.in, err = w.cmd.StdinPipe()
		}
		if err == nil {
			err = w.cmd.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		workers = append(workers, w)
	}
	for range jobs[0].Gates {
		for _, w := range workers {
			var said string
			if err := w.out.Decode(&said); err != nil {
				t.Fatalf("a process printed %q, error %v", said, err)
			}
		}
		for _, w := range workers {
			if _, err := io.WriteString(w.in, "\n"); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, w := range workers {
		var out outcome
		if err := w.out.Decode(&out); err != nil {
			t.Fatal(err)
		}
		if err := w.cmd.Wait(); err != nil {
			t.Fatal(err)
		}
		all.Conflicts += out.Conflicts
		all.Reloads += out.Reloads
		all.Failures = append(all.Failures, out.Failures...)
		for body, times := range out.Bodies {
			all.Bodies[body] += times
		}
	}
	return all
}
