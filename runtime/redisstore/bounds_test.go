package redisstore_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/redisstore"
	"github.com/sessiongen/sessiongen/runtime/storetest"
)

// For a realistic account: -run 'TestMany' -v -sessions 200000 -entries 300000.
var (
	sessions = flag.Int("sessions", 5000, "how many sessions of one account are ended at once")
	entries  = flag.Int("entries", 5000, "how many entries without a record are in the index of one account")
)

// entriesOf returns how many entries a principal's index has.
func entriesOf(t *testing.T, client redis.UniversalClient, principal string) int64 {
	t.Helper()
	n, err := client.ZCard(t.Context(), "sessiongen:p:"+principal).Result()
	must(t, err)
	return n
}

// The index has one entry for each session, however often sessions move, log out, or change hands.
func TestOneEntryForEachSession(t *testing.T) {
	eachKind(t, func(t *testing.T, client redis.UniversalClient) {
		s, p, q := redisstore.New(client, redisstore.Options{}), name(), name()
		other := name()
		must(t, s.Insert(t.Context(), other, record(1, p, nil)))
		key := name()
		must(t, s.Insert(t.Context(), key, record(1, p, nil)))
		is := func(what string, ofP, ofQ int64) {
			t.Helper()
			if gotP, gotQ := entriesOf(t, client, p), entriesOf(t, client, q); gotP != ofP || gotQ != ofQ {
				t.Errorf("%s: got %d and %d entries, want %d and %d", what, gotP, gotQ, ofP, ofQ)
			}
		}
		for range 20 {
			next := name()
			must(t, s.Insert(t.Context(), next, record(1, p, nil)))
			must(t, s.Replace(t.Context(), key, 1, record(2, "", nil)))
			key = next
		}
		is("moved", 2, 0)
		must(t, s.Replace(t.Context(), key, 1, record(2, "", nil)))
		is("nobody's", 1, 0)
		key = name()
		must(t, s.Insert(t.Context(), key, record(1, q, nil)))
		is("another's", 1, 1)
		must(t, s.Replace(t.Context(), key, 1, record(2, q, []byte{})))
		is("without data", 1, 0)
		must(t, s.Insert(t.Context(), name(), record(1, q, []byte{})))
		is("never with data", 1, 0)
		must(t, s.Delete(t.Context(), key))
		must(t, s.Delete(t.Context(), other))
		is("deleted", 0, 0)
		for range 3 {
			must(t, s.Insert(t.Context(), name(), record(1, p, nil)))
		}
		must(t, s.DeleteByPrincipal(t.Context(), p))
		is("revoked", 0, 0)
		for range 3 {
			must(t, s.Insert(t.Context(), name(), record(1, p, nil)))
		}
		must(t, s.DeleteAll(t.Context()))
		is("all revoked", 0, 0)
		if n := len(allKeys(t, client)); n != 1 { // the record that was never with data
			t.Errorf("%d keys are left, want 1", n)
		}
	})
}

// unit is the unit of the dates of a Cluster's entries, in seconds.
const unit = 1024

// entry returns an entry that was dated some units ago.
func entry(key string, units int64) redis.Z {
	now := time.Now()
	dated := (now.Unix()/unit - units) % 65536
	return redis.Z{Score: float64(now.Add(time.Hour).Unix()) + float64(dated)/65536, Member: key}
}

// An entry without a record is removed from a Cluster once the write that added it cannot still be in progress.
func TestOldEntriesGoInCluster(t *testing.T) {
	client, _ := startCluster(t)
	s, p := redisstore.New(client, redisstore.Options{}), name()
	for what, look := range map[string]func() error{
		"List":              func() error { _, err := storetest.List(t.Context(), s, p); return err },
		"DeleteByPrincipal": func() error { return s.DeleteByPrincipal(t.Context(), p) },
	} {
		for units, want := range map[int64]int64{-4: 1, 0: 1, 1: 1, 3: 1, 7: 0, 100: 0, 30000: 0} {
			index := "sessiongen:p:" + p
			must(t, client.Del(t.Context(), index).Err())
			must(t, client.ZAdd(t.Context(), index, entry(name(), units)).Err())
			must(t, look())
			if n := entriesOf(t, client, p); n != want {
				t.Errorf("%s: %d entries dated %d units ago are left, want %d", what, n, units, want)
			}
		}
	}
}

// An old entry stays while its session exists, and gets a new date with the session's next change.
func TestUsedEntriesStay(t *testing.T) {
	client, _ := startCluster(t)
	hook := new(before)
	client.AddHook(hook)
	s, p, key := redisstore.New(client, redisstore.Options{}), name(), name()
	must(t, s.Insert(t.Context(), key, record(1, p, nil)))
	must(t, client.ZAdd(t.Context(), "sessiongen:p:"+p, entry(key, 100)).Err())
	listed := func(what string) {
		t.Helper()
		if got, err := storetest.List(t.Context(), s, p); err != nil || len(got) != 1 {
			t.Errorf("%s: List returns %d records, %v, want 1", what, len(got), err)
		}
	}
	listed("an old entry of a session")
	// The same if the record leaves the principal, and comes back.
	must(t, s.Replace(t.Context(), key, 1, record(2, "", nil)))
	must(t, client.ZAdd(t.Context(), "sessiongen:p:"+p, entry(key, 100)).Err())
	between := func() {
		if _, err := storetest.List(t.Context(), s, p); err != nil {
			t.Error(err)
		}
	}
	hook.f.Store(&between)
	must(t, s.Replace(t.Context(), key, 2, record(3, p, nil)))
	listed("dated anew")
}

// afterwards calls a function once, before the entry of a record that left its principal is removed in a Cluster.
type afterwards struct {
	redis.Hook
	f atomic.Pointer[func()]
}

func (b *afterwards) DialHook(next redis.DialHook) redis.DialHook          { return next }
func (b *afterwards) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }
func (b *afterwards) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		args := cmds[0].Args()
		if strings.HasPrefix(cmds[0].Name(), "eval") && len(args) > 4 && fmt.Sprint(args[4]) == "0" {
			if f := b.f.Swap(nil); f != nil {
				(*f)()
			}
		}
		return next(ctx, cmds)
	}
}

// A record that comes back to a principal is found, even if the writer that took it away removes its entry late.
func TestLateRemovalOfEntry(t *testing.T) {
	client, nodes := startCluster(t)
	hook := new(afterwards)
	slow := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{nodes[0].addr()}})
	defer slow.Close()
	slow.AddHook(hook)
	s, late := redisstore.New(client, redisstore.Options{}), redisstore.New(slow, redisstore.Options{})
	p, q, key := name(), name(), name()
	must(t, s.Insert(t.Context(), key, record(1, p, nil)))
	back := func() { must(t, s.Replace(t.Context(), key, 2, record(3, p, nil))) }
	hook.f.Store(&back)
	must(t, late.Replace(t.Context(), key, 1, record(2, q, nil)))
	if hook.f.Load() != nil {
		t.Fatal("the hook did not run")
	}
	if got, err := storetest.List(t.Context(), s, p); err != nil || got[key].Version != 3 {
		t.Errorf("List: got %v, %v, want version 3 of the record", got, err)
	}
}

// fill writes many records of a principal, or entries without records.
func fill(t *testing.T, client redis.UniversalClient, p string, sessions, entries int) {
	t.Helper()
	s, key := redisstore.New(client, redisstore.Options{}), name()
	must(t, s.Insert(t.Context(), key, record(1, p, make([]byte, 300))))
	value, err := client.Get(t.Context(), "sessiongen:r:"+key).Result()
	must(t, err)
	const step = 5000
	for i := 0; i < max(sessions, entries); i += step {
		_, err := client.Pipelined(t.Context(), func(pipe redis.Pipeliner) error {
			for j := i; j < i+step; j++ {
				key := fmt.Sprintf("%040d", j)
				if j < sessions {
					pipe.Set(t.Context(), "sessiongen:r:"+key, value, time.Hour)
				}
				if j < sessions || j < entries {
					pipe.ZAdd(t.Context(), "sessiongen:p:"+p, entry(key, 10))
				}
			}
			return nil
		})
		must(t, err)
	}
}

// All of an account's very many sessions are deleted, and so are entries without a session, while other
// sessions of the account keep moving.
func TestManyOfOneAccount(t *testing.T) {
	for what, n := range map[string][2]int{"sessions": {*sessions, 0}, "entries": {0, *entries}} {
		t.Run(what, func(t *testing.T) {
			eachKind(t, func(t *testing.T, client redis.UniversalClient) {
				s, p := redisstore.New(client, redisstore.Options{}), name()
				fill(t, client, p, n[0], n[1])
				must(t, s.Insert(t.Context(), "denial", record(1, p, []byte{})))
				stop := startMoving(t, s, p)
				start := time.Now()
				must(t, s.DeleteByPrincipal(t.Context(), p))
				took := time.Since(start)
				moves := stop()
				left, err := storetest.List(t.Context(), s, p)
				must(t, err)
				if len(left) > movers || entriesOf(t, client, p) > 2*movers {
					t.Errorf("DeleteByPrincipal left %d sessions and %d entries", len(left), entriesOf(t, client, p))
				}
				if _, err := s.Load(t.Context(), "denial"); err != nil {
					t.Errorf("DeleteByPrincipal deleted a record without data: %v", err)
				}
				t.Logf("DeleteByPrincipal of %d sessions and %d entries without a session took %v, while others moved %d times", n[0], n[1], took.Round(time.Millisecond), moves)
			})
		})
	}
}

// A call that is cut off has made progress.
func TestCutOff(t *testing.T) {
	for what, n := range map[string][2]int{"sessions": {5000, 0}, "entries": {0, 5000}} {
		t.Run(what, func(t *testing.T) {
			eachKind(t, func(t *testing.T, client redis.UniversalClient) {
				s, p := redisstore.New(client, redisstore.Options{}), name()
				fill(t, client, p, n[0], n[1])
				ctx, cancel := context.WithCancel(t.Context())
				pipelines := new(pipelineHook)
				pipelines.f = func(n int) {
					if n == 5 {
						cancel()
					}
				}
				client.AddHook(pipelines)
				if err := s.DeleteByPrincipal(ctx, p); !errors.Is(err, context.Canceled) {
					t.Errorf("DeleteByPrincipal: got error %v, want context.Canceled", err)
				}
				if left := entriesOf(t, client, p); left == 0 || left > 5001-1000 {
					t.Errorf("a call that was cut off left %d entries, want some, and at least 1000 deleted", left)
				}
				must(t, s.DeleteByPrincipal(t.Context(), p))
				if left := entriesOf(t, client, p); left != 0 {
					t.Errorf("%d entries are left, want none", left)
				}
			})
		})
	}
}

// A pipelineHook calls f with the number of each pipeline before the client runs it.
type pipelineHook struct {
	redis.Hook
	f func(n int)
	n atomic.Int64
}

func (p *pipelineHook) DialHook(next redis.DialHook) redis.DialHook          { return next }
func (p *pipelineHook) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }
func (p *pipelineHook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		p.f(int(p.n.Add(1)))
		return next(ctx, cmds)
	}
}

const movers = 16

// startMoving moves sessions of a principal from key to key until stop is called.
func startMoving(t *testing.T, s *redisstore.Store, p string) (stop func() (moves int64)) {
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	var moves atomic.Int64
	for range movers {
		wg.Go(func() {
			key := ""
			for ctx.Err() == nil {
				next := name()
				if err := s.Insert(t.Context(), next, record(1, p, nil)); err != nil {
					t.Error(err)
					return
				}
				err := s.Replace(t.Context(), key, 1, record(2, "", nil))
				if err != nil && !errors.Is(err, runtime.ErrNoRecord) {
					t.Error(err)
					return
				}
				key = next
				moves.Add(1)
			}
		})
	}
	return func() int64 {
		cancel()
		wg.Wait()
		return moves.Load()
	}
}

// List and DeleteByPrincipal return even while sessions keep moving.
func TestMovingWithoutRest(t *testing.T) {
	eachKind(t, func(t *testing.T, client redis.UniversalClient) {
		s, p := redisstore.New(client, redisstore.Options{}), name()
		stop := startMoving(t, s, p)
		for range 50 {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			if _, err := storetest.List(ctx, s, p); err != nil {
				t.Errorf("List: %v", err)
			}
			if err := s.DeleteByPrincipal(ctx, p); err != nil {
				t.Errorf("DeleteByPrincipal: %v", err)
			}
			cancel()
		}
		moves := stop()
		if n := entriesOf(t, client, p); n > 2*movers {
			t.Errorf("got %d entries of %d sessions after %d moves", n, movers, moves)
		}
	})
}

// The store works if Go allows only FIPS 140-3.
func TestOnlyFIPS140(t *testing.T) {
	server := startServer(t)
	self, err := os.Executable()
	must(t, err)
	cmd := exec.Command(self, "-test.run=^TestConformance$/^server$", "-test.v")
	cmd.Env = append(os.Environ(), "GODEBUG=fips140=only", serverEnv+"="+server.addr())
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: TestConformance/server/insert ") {
		t.Errorf("%v\n%s", err, out)
	}
}

// serverEnv is the variable with the address of TestOnlyFIPS140's server.
const serverEnv = "SESSIONGEN_FIPS_SERVER"
