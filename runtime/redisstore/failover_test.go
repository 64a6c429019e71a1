package redisstore_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/redisstore"
	"github.com/sessiongen/sessiongen/runtime/storetest"
)

// startSentinel starts a Sentinel, which makes the server's replica the master when the server is gone.
func startSentinel(t *testing.T, master *server) *server {
	t.Helper()
	s := &server{t: t, dir: t.TempDir(), port: freePort(t)}
	t.Cleanup(s.kill)
	config := filepath.Join(s.dir, "sentinel.conf")
	must(t, os.WriteFile(config, []byte(strings.Join([]string{
		"bind 127.0.0.1",
		"port " + s.port,
		"dir " + s.dir,
		"sentinel monitor sessions 127.0.0.1 " + master.port + " 1",
		"sentinel down-after-milliseconds sessions 1000",
		"sentinel failover-timeout sessions 5000",
	}, "\n")), 0o600))
	s.run(program(t, "redis-server", "redis-server"), config, "--sentinel")
	return s
}

func TestFailover(t *testing.T) {
	master := startServer(t)
	replica := startServer(t, "--replicaof", "127.0.0.1 "+master.port)
	sentinel := startSentinel(t, master)
	watch := redis.NewSentinelClient(&redis.Options{Addr: sentinel.addr()})
	defer watch.Close()
	eventually(t, "the sentinel knows the replica", func() error {
		replicas, err := watch.Replicas(t.Context(), "sessions").Result()
		if err == nil && (len(replicas) != 1 || replicas[0]["master-link-status"] != "ok") {
			err = fmt.Errorf("%v", replicas)
		}
		return err
	})

	client := redis.NewFailoverClient(&redis.FailoverOptions{
		MasterName: "sessions", SentinelAddrs: []string{sentinel.addr()}, ContextTimeoutEnabled: true,
	})
	defer client.Close()
	s := redisstore.New(client, redisstore.Options{})
	key, p := name(), name()
	must(t, s.Insert(t.Context(), key, record(1, p, make([]byte, 8))))
	for range 20 {
		must(t, increment(t.Context(), s, key))
	}
	if n, err := client.Wait(t.Context(), 1, 20*time.Second).Result(); err != nil || n != 1 {
		t.Fatalf("the record was replicated %d times, %v", n, err)
	}
	master.kill()
	eventually(t, "the replica takes over", func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		err := increment(ctx, s, key)
		if errors.Is(err, runtime.ErrNoRecord) {
			t.Fatal("the record disappeared during the failover")
		}
		return err
	})
	r, err := s.Load(t.Context(), key)
	must(t, err)
	if n := binary.BigEndian.Uint64(r.Data); n != 21 && n != 22 { // one answer may have been lost
		t.Errorf("got counter %d after 21 increments", n)
	}
	if listed, err := storetest.List(t.Context(), s, p); err != nil || listed[key].Version != r.Version {
		t.Errorf("List does not find the record: %v", err)
	}
	if role, err := replica.client(t).Do(t.Context(), "role").Slice(); err != nil || role[0] != "master" {
		t.Errorf("the replica has the role %v, %v", role, err)
	}
}

// Records are changed while their slots move from one node of a Cluster to another.
func TestSlotsMove(t *testing.T) {
	const workers = 8
	client, nodes := startCluster(t)
	s := redisstore.New(client, redisstore.Options{})
	p := name()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var wg sync.WaitGroup
	counts := map[string]*uint64{}
	for range workers {
		key := name()
		count := new(uint64)
		counts[key] = count
		must(t, s.Insert(t.Context(), key, record(1, p, make([]byte, 8))))
		wg.Go(func() {
			for ctx.Err() == nil {
				if err := increment(t.Context(), s, key); err != nil {
					t.Error(err)
					return
				}
				*count++
			}
		})
	}
	from := strings.TrimSpace(redisCLI(t, "-p", nodes[0].port, "cluster", "myid"))
	to := strings.TrimSpace(redisCLI(t, "-p", nodes[1].port, "cluster", "myid"))
	redisCLI(t, "--cluster", "reshard", nodes[0].addr(), "--cluster-from", from, "--cluster-to", to,
		"--cluster-slots", "5461", "--cluster-yes")
	cancel()
	wg.Wait()

	listed, err := storetest.List(t.Context(), s, p)
	must(t, err)
	for key, count := range counts {
		r := listed[key]
		if len(r.Data) != 8 || binary.BigEndian.Uint64(r.Data) != *count || r.Version != *count+1 {
			t.Errorf("got version %d after %d increments", r.Version, *count)
		}
	}
	must(t, s.DeleteAll(t.Context()))
	if keys := allKeys(t, client); len(keys) != 0 {
		t.Errorf("DeleteAll left the keys %q", keys)
	}
}
