package redisstore_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
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

func name() string {
	var b [32]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// record returns the record of a session, which has data.
func record(version uint64, principal string, data []byte) runtime.Record {
	if data == nil {
		data = []byte("data")
	}
	return runtime.Record{Version: version, Principal: principal, Data: data, Expires: time.Now().Add(time.Hour).Truncate(time.Second)}
}

// eachKind runs a test with one node and with a Cluster.
func eachKind(t *testing.T, f func(t *testing.T, client redis.UniversalClient)) {
	t.Run("one node", func(t *testing.T) { f(t, startServer(t).client(t)) })
	t.Run("cluster", func(t *testing.T) {
		client, _ := startCluster(t)
		f(t, client)
	})
}

// increment adds one to a counter. Others may change it meanwhile.
func increment(ctx context.Context, s runtime.Store, key string) error {
	for {
		r, err := s.Load(ctx, key)
		if err != nil {
			return err
		}
		version := r.Version
		r.Version++
		r.Data = binary.BigEndian.AppendUint64(nil, binary.BigEndian.Uint64(r.Data)+1)
		if err := s.Replace(ctx, key, version, r); !errors.Is(err, runtime.ErrConflict) {
			return err
		}
	}
}

func TestCounter(t *testing.T) {
	const workers, each = 50, 20
	eachKind(t, func(t *testing.T, client redis.UniversalClient) {
		s, key, p := redisstore.New(client, redisstore.Options{}), name(), name()
		must(t, s.Insert(t.Context(), key, record(1, p, make([]byte, 8))))
		var wg sync.WaitGroup
		for range workers {
			wg.Go(func() {
				for range each {
					if err := increment(t.Context(), s, key); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		r, err := s.Load(t.Context(), key)
		must(t, err)
		if n := binary.BigEndian.Uint64(r.Data); n != workers*each || r.Version != n+1 {
			t.Errorf("got counter %d, version %d after %d increments", n, r.Version, workers*each)
		}
	})
}

func TestLargeData(t *testing.T) {
	data := make([]byte, 1<<20)
	for i := range data {
		data[i] = byte(i)
	}
	eachKind(t, func(t *testing.T, client redis.UniversalClient) {
		s, key, p := redisstore.New(client, redisstore.Options{}), name(), name()
		must(t, s.Insert(t.Context(), key, record(1<<63-2, p, data)))
		slices.Reverse(data)
		must(t, s.Replace(t.Context(), key, 1<<63-2, record(1<<63-1, p, data)))
		r, err := s.Load(t.Context(), key)
		must(t, err)
		listed, err := storetest.List(t.Context(), s, p)
		must(t, err)
		for _, r := range []runtime.Record{r, listed[key]} {
			if r.Version != 1<<63-1 || !bytes.Equal(r.Data, data) {
				t.Errorf("got version %d, want %d with the same data", r.Version, uint64(1<<63-1))
			}
		}
	})
}

// A script does not confuse versions that are equal as float64.
func TestVersionsAreExact(t *testing.T) {
	s, key := redisstore.New(startServer(t).client(t), redisstore.Options{}), name()
	must(t, s.Insert(t.Context(), key, record(1<<62, "", nil)))
	if err := s.Replace(t.Context(), key, 1<<62+1, record(1, "", nil)); err != runtime.ErrConflict {
		t.Errorf("Replace: got error %v, want ErrConflict", err)
	}
}

func TestThousandsOfRecords(t *testing.T) {
	const n = 3000
	eachKind(t, func(t *testing.T, client redis.UniversalClient) {
		s, p := redisstore.New(client, redisstore.Options{}), name()
		want := map[string]bool{}
		var keys []string
		for range n {
			key := name()
			want[key] = true
			keys = append(keys, key)
		}
		var wg sync.WaitGroup
		for some := range slices.Chunk(keys, n/20) {
			wg.Go(func() {
				for _, key := range some {
					if err := s.Insert(t.Context(), key, record(1, p, []byte(key))); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		other := name()
		must(t, s.Insert(t.Context(), other, record(1, name(), nil)))
		// The server has not seen the scripts when a call first works on many records.
		scriptFlush(t, client)
		for _, key := range keys[:n/2] {
			must(t, s.Delete(t.Context(), key))
			delete(want, key)
		}
		got, err := storetest.List(t.Context(), s, p)
		must(t, err)
		for key, r := range got {
			if string(r.Data) != key {
				t.Fatal("List returns a record under another record's key")
			}
		}
		if len(got) != len(want) || !slices.Equal(slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want))) {
			t.Errorf("List returns %d records, want %d", len(got), len(want))
		}
		scriptFlush(t, client)
		must(t, s.DeleteByPrincipal(t.Context(), p))
		for _, key := range keys {
			if _, err := s.Load(t.Context(), key); err != runtime.ErrNoRecord {
				t.Fatalf("after DeleteByPrincipal, Load returns %v, want ErrNoRecord", err)
			}
		}
		if _, err := s.Load(t.Context(), other); err != nil {
			t.Errorf("another principal's record: %v", err)
		}
	})
}

func scriptFlush(t *testing.T, client redis.UniversalClient) {
	t.Helper()
	flush := func(ctx context.Context, c *redis.Client) error { return c.ScriptFlush(ctx).Err() }
	if c, ok := client.(*redis.ClusterClient); ok {
		must(t, c.ForEachMaster(t.Context(), flush))
	} else {
		must(t, flush(t.Context(), client.(*redis.Client)))
	}
}

// DeleteAll deletes only the store's own keys, whatever the names of its keys and of others.
func TestDeleteAllLeavesOthersAlone(t *testing.T) {
	prefixes := []string{"", "a:", "ab:", "[ab]:", "*", "?:", `\*`, "a", "^a:", "é:"}
	eachKind(t, func(t *testing.T, client redis.UniversalClient) {
		for _, prefix := range prefixes {
			key, p := name(), name()
			stores := map[string]*redisstore.Store{}
			for _, other := range prefixes {
				stores[other] = redisstore.New(client, redisstore.Options{Prefix: other})
				must(t, stores[other].Insert(t.Context(), key, record(1, p, nil)))
			}
			must(t, client.Set(t.Context(), "r:another program's", "1", 0).Err())
			must(t, stores[prefix].DeleteAll(t.Context()))
			for other, s := range stores {
				_, err := s.Load(t.Context(), key)
				if gone := err == runtime.ErrNoRecord; gone != (other == prefix) {
					t.Errorf("DeleteAll with prefix %q: Load with prefix %q returns %v", prefix, other, err)
				}
			}
			must(t, client.Get(t.Context(), "r:another program's").Err())
			for _, s := range stores {
				must(t, s.DeleteAll(t.Context()))
			}
		}
		if keys := allKeys(t, client); len(keys) != 1 {
			t.Errorf("DeleteAll left the keys %q, want the other program's alone", keys)
		}
	})
}

func allKeys(t *testing.T, client redis.UniversalClient) []string {
	t.Helper()
	var mu sync.Mutex
	var all []string
	list := func(ctx context.Context, c *redis.Client) error {
		keys, err := c.Keys(ctx, "*").Result()
		mu.Lock()
		defer mu.Unlock()
		all = append(all, keys...)
		return err
	}
	if c, ok := client.(*redis.ClusterClient); ok {
		must(t, c.ForEachMaster(t.Context(), list))
	} else {
		must(t, list(t.Context(), client.(*redis.Client)))
	}
	return all
}

func TestDeleteAllOfMany(t *testing.T) {
	eachKind(t, func(t *testing.T, client redis.UniversalClient) {
		s := redisstore.New(client, redisstore.Options{})
		_, err := client.Pipelined(t.Context(), func(pipe redis.Pipeliner) error {
			for i := range 5000 {
				pipe.Set(t.Context(), fmt.Sprint("sessiongen:r:", i), "1", 0)
			}
			return nil
		})
		must(t, err)
		must(t, s.DeleteAll(t.Context()))
		if n := len(allKeys(t, client)); n != 0 {
			t.Errorf("DeleteAll left %d keys", n)
		}
	})
}

// A countingConn counts writes. The client writes once for each command or pipeline.
type countingConn struct {
	net.Conn
	n *atomic.Int64
}

func (c countingConn) Write(b []byte) (int, error) {
	c.n.Add(1)
	return c.Conn.Write(b)
}

func TestRoundTrips(t *testing.T) {
	var n atomic.Int64
	dial := func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		return countingConn{conn, &n}, err
	}
	one := redis.NewClient(&redis.Options{Addr: startServer(t).addr(), Dialer: dial, PoolSize: 1})
	defer one.Close()
	_, nodes := startCluster(t)
	cluster := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{nodes[0].addr()}, Dialer: dial, PoolSize: 1})
	defer cluster.Close()

	type trips struct{ load, insert, insertWith, replace, replaceWith, conflict, del, list, bury int64 }
	for kind, test := range map[string]struct {
		client redis.UniversalClient
		want   trips
	}{
		"one node": {one, trips{1, 1, 1, 1, 1, 1, 1, 2, 1}},
		"cluster":  {cluster, trips{1, 1, 2, 1, 2, 1, 1, 2, 2}},
	} {
		t.Run(kind, func(t *testing.T) {
			s := redisstore.New(test.client, redisstore.Options{})
			count := func(f func() error) int64 {
				t.Helper()
				before := n.Load()
				must(t, f())
				return n.Load() - before
			}
			var got trips
			for range 30 { // until all connections exist and all scripts are known
				key, with, p := name(), name(), name()
				got = trips{
					insert:      count(func() error { return s.Insert(t.Context(), key, record(1, "", nil)) }),
					insertWith:  count(func() error { return s.Insert(t.Context(), with, record(1, p, nil)) }),
					load:        count(func() error { _, err := s.Load(t.Context(), key); return err }),
					replace:     count(func() error { return s.Replace(t.Context(), key, 1, record(2, "", nil)) }),
					replaceWith: count(func() error { return s.Replace(t.Context(), with, 1, record(2, p, nil)) }),
					conflict: count(func() error {
						if err := s.Replace(t.Context(), key, 1, record(2, "", nil)); err != runtime.ErrConflict {
							return fmt.Errorf("got error %v, want ErrConflict", err)
						}
						return nil
					}),
					list: count(func() error { _, err := storetest.List(t.Context(), s, p); return err }),
					bury: count(func() error { return s.Replace(t.Context(), with, 2, record(3, "", nil)) }),
					del:  count(func() error { return s.Delete(t.Context(), key) }),
				}
			}
			if got != test.want {
				t.Errorf("got round trips %+v, want %+v", got, test.want)
			}
		})
	}
}

// Errors do not contain keys or contents of records.
func TestErrorsTellNothing(t *testing.T) {
	client := startServer(t).client(t)
	s, key, p := redisstore.New(client, redisstore.Options{}), name(), name()
	must(t, client.LPush(t.Context(), "sessiongen:r:"+key, "x").Err())
	must(t, client.LPush(t.Context(), "sessiongen:p:"+p, "x").Err())
	_, load := s.Load(t.Context(), key)
	_, list := storetest.List(t.Context(), s, p)
	for _, err := range []error{load, list,
		s.Replace(t.Context(), key, 1, record(2, p, []byte("data"))),
		s.Insert(t.Context(), name(), record(2, p, []byte("data"))),
	} {
		if err == nil || errors.Is(err, runtime.ErrNoRecord) || errors.Is(err, runtime.ErrConflict) {
			t.Errorf("got error %v, want a failure", err)
		} else if text := err.Error(); strings.Contains(text, key) || strings.Contains(text, p) || strings.Contains(text, "data") {
			t.Error(text)
		} else if !strings.HasPrefix(text, "session: Redis: ") {
			t.Error(text)
		}
	}
}
