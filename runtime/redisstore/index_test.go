package redisstore_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/redisstore"
	"github.com/sessiongen/sessiongen/runtime/storetest"
)

// slack is the shortest time that an entry stays after its record.
const slack = 10 * time.Minute

// The set of a principal's records expires with the last of them, and does not keep entries of expired ones.
func TestIndexEnds(t *testing.T) {
	eachKind(t, func(t *testing.T, client redis.UniversalClient) {
		s, p := redisstore.New(client, redisstore.Options{}), name()
		index := "sessiongen:p:" + p
		now := time.Now().Truncate(time.Second)
		expiring := func(version uint64, d time.Duration) runtime.Record {
			r := record(version, p, nil)
			r.Expires = now.Add(d)
			return r
		}
		is := func(when string, size int64, last time.Duration) {
			t.Helper()
			n, err := client.ZCard(t.Context(), index).Result()
			must(t, err)
			ttl, err := client.ExpireTime(t.Context(), index).Result()
			must(t, err)
			want := now.Add(last + slack + (last+slack)/8)
			got := time.Unix(int64(ttl.Seconds()), 0)
			if n != size || got.Sub(want).Abs() > time.Minute {
				t.Errorf("%s: %d entries, want %d; expires %v after the last, want %v", when, n, size, got.Sub(now.Add(last)), want.Sub(now.Add(last)))
			}
		}
		key := name()
		must(t, s.Insert(t.Context(), key, expiring(1, time.Hour)))
		is("one", 1, time.Hour)
		must(t, s.Insert(t.Context(), name(), expiring(1, 2*time.Hour)))
		is("a later one", 2, 2*time.Hour)
		must(t, s.Insert(t.Context(), name(), expiring(1, time.Minute)))
		is("an earlier one", 3, 2*time.Hour)
		must(t, s.Replace(t.Context(), key, 1, expiring(2, 3*time.Hour)))
		is("prolonged", 3, 3*time.Hour)
		for _, d := range []time.Duration{-time.Hour, -time.Minute, time.Minute} {
			must(t, client.ZAdd(t.Context(), index, redis.Z{Score: float64(now.Add(d).Unix()), Member: name()}).Err())
		}
		must(t, s.Replace(t.Context(), key, 2, expiring(3, 3*time.Hour)))
		is("a change that does not change the set", 6, 3*time.Hour)
		must(t, s.Replace(t.Context(), key, 3, expiring(4, 5*time.Hour)))
		is("expired long ago", 4, 5*time.Hour)

		past := expiring(1, -slack-time.Hour)
		past.Principal = name()
		must(t, s.Insert(t.Context(), name(), past))
		must(t, s.Insert(t.Context(), name(), past))
		if n := client.Exists(t.Context(), "sessiongen:p:"+past.Principal).Val(); n != 0 {
			t.Error("expired records have left a set")
		}
	})
}

// On one node, List removes entries of deleted records.
func TestListPrunes(t *testing.T) {
	client := startServer(t).client(t)
	s := redisstore.New(client, redisstore.Options{})
	for _, look := range map[string]func(string) error{
		"List":              func(p string) error { _, err := storetest.List(t.Context(), s, p); return err },
		"DeleteByPrincipal": func(p string) error { return s.DeleteByPrincipal(t.Context(), p) },
	} {
		p, moved := name(), name()
		for range 250 {
			key := name()
			must(t, s.Insert(t.Context(), key, record(1, p, nil)))
			must(t, s.Delete(t.Context(), key))
		}
		must(t, s.Insert(t.Context(), moved, record(1, p, nil)))
		must(t, s.Replace(t.Context(), moved, 1, record(2, name(), nil)))
		must(t, look(p))
		if n := client.ZCard(t.Context(), "sessiongen:p:"+p).Val(); n != 0 {
			t.Errorf("List left %d entries", n)
		}
		if _, err := s.Load(t.Context(), moved); err != nil {
			t.Errorf("another principal's record: %v", err)
		}
	}
}

// before calls a function once, before a script with a record runs.
type before struct {
	redis.Hook
	f atomic.Pointer[func()]
}

func (b *before) DialHook(next redis.DialHook) redis.DialHook { return next }
func (b *before) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}
func (b *before) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if args := cmd.Args(); strings.HasPrefix(cmd.Name(), "eval") && strings.HasPrefix(args[3].(string), "sessiongen:r:") {
			if f := b.f.Swap(nil); f != nil {
				(*f)()
			}
		}
		return next(ctx, cmd)
	}
}

// A record that exists is found, whatever another caller does between the two halves of a change.
func TestRecordsAreFound(t *testing.T) {
	eachKind(t, func(t *testing.T, client redis.UniversalClient) {
		hook := new(before)
		client.AddHook(hook)
		s := redisstore.New(client, redisstore.Options{})
		p := name()
		for what, f := range map[string]func() error{
			"List":              func() error { _, err := storetest.List(t.Context(), s, p); return err },
			"DeleteByPrincipal": func() error { return s.DeleteByPrincipal(t.Context(), p) },
			"an earlier expiry": func() error {
				r := record(1, p, nil)
				r.Expires = time.Now().Add(-time.Hour)
				return s.Insert(t.Context(), name(), r)
			},
		} {
			key := name()
			between := func() {
				if err := f(); err != nil {
					t.Errorf("%s: %v", what, err)
				}
			}
			hook.f.Store(&between)
			must(t, s.Insert(t.Context(), key, record(1, p, nil)))
			if hook.f.Load() != nil {
				t.Fatal("the hook did not run")
			}
			if got, err := storetest.List(t.Context(), s, p); err != nil || got[key].Version != 1 {
				t.Errorf("%s before Insert: List does not find the record, %v", what, err)
			}
			must(t, s.Replace(t.Context(), key, 1, record(2, "", nil)))
			hook.f.Store(&between)
			must(t, s.Replace(t.Context(), key, 2, record(3, p, nil)))
			if got, err := storetest.List(t.Context(), s, p); err != nil || got[key].Version != 3 {
				t.Errorf("%s before Replace: List does not find the record, %v", what, err)
			}
		}
	})
}

// A change that comes too late does not shorten the life of a record's entry.
func TestLateChangeKeepsEntry(t *testing.T) {
	eachKind(t, func(t *testing.T, client redis.UniversalClient) {
		s, key, p := redisstore.New(client, redisstore.Options{}), name(), name()
		must(t, s.Insert(t.Context(), key, record(2, p, nil)))
		late := record(2, p, nil)
		late.Expires = time.Now().Add(-time.Hour)
		if err := s.Replace(t.Context(), key, 1, late); err != runtime.ErrConflict {
			t.Fatal(err)
		}
		must(t, s.Insert(t.Context(), name(), record(1, p, nil)))
		if got, err := storetest.List(t.Context(), s, p); err != nil || got[key].Version != 2 {
			t.Errorf("List does not find the record: %v", err)
		}
	})
}

// A record whose entry could not be added is not stored.
func TestNoRecordWithoutEntry(t *testing.T) {
	eachKind(t, func(t *testing.T, client redis.UniversalClient) {
		s, key, other, p := redisstore.New(client, redisstore.Options{}), name(), name(), name()
		must(t, client.Set(t.Context(), "sessiongen:p:"+p, "not a set", 0).Err())
		if err := s.Insert(t.Context(), key, record(1, p, nil)); !failed(err) {
			t.Errorf("Insert: got error %v, want a failure", err)
		}
		if _, err := s.Load(t.Context(), key); err != runtime.ErrNoRecord {
			t.Errorf("Load: got error %v, want ErrNoRecord", err)
		}
		must(t, s.Insert(t.Context(), other, record(1, "", nil)))
		if err := s.Replace(t.Context(), other, 1, record(2, p, nil)); !failed(err) {
			t.Errorf("Replace: got error %v, want a failure", err)
		}
		if r, err := s.Load(t.Context(), other); err != nil || r.Version != 1 {
			t.Errorf("Load: got version %d, error %v, want version 1", r.Version, err)
		}
	})
}

// hook runs a function around each command of a client.
type hook struct {
	around func(cmd redis.Cmder, run func() error) error
}

func (h hook) DialHook(next redis.DialHook) redis.DialHook { return next }

func (h hook) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		return h.around(cmd, func() error { return next(ctx, cmd) })
	}
}

func (h hook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// List finds a session that moves to another key meanwhile.
func TestListOfMoving(t *testing.T) {
	eachKind(t, func(t *testing.T, client redis.UniversalClient) {
		other := redisstore.New(client, redisstore.Options{})
		s := redisstore.New(client, redisstore.Options{})
		p, key, moves := name(), name(), 0
		must(t, s.Insert(t.Context(), key, record(1, p, nil)))
		moving := false
		client.AddHook(hook{func(cmd redis.Cmder, run func() error) error {
			err := run()
			if cmd.Name() == "zrange" && !moving && moves < 5 {
				moving = true
				moves++
				next := name()
				must(t, other.Insert(t.Context(), next, record(1, p, nil)))
				must(t, other.Replace(t.Context(), key, 1, record(2, "", nil)))
				key, moving = next, false
			}
			return err
		}})
		records, err := storetest.List(t.Context(), s, p)
		must(t, err)
		if _, ok := records[key]; !ok || moves != 5 {
			t.Errorf("after %[2]d moves, List does not find the record among %[1]d", len(records), moves)
		}
	})
}

// A panic of the client counts as a failure. In a goroutine of the store it would otherwise end the program.
func TestClientPanics(t *testing.T) {
	client := startServer(t).client(t)
	client.AddHook(hook{func(redis.Cmder, func() error) error { panic("client") }})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err := redisstore.New(client, redisstore.Options{}).Load(ctx, name())
	if err == nil || err.Error() != "session: Redis: the client panicked: client" {
		t.Errorf("got error %v, want the panic as a failure", err)
	}
}
