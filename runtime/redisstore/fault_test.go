package redisstore_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/sessiongen/sessiongen/internal/proxytest"
	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/redisstore"
	"github.com/sessiongen/sessiongen/runtime/storetest"
)

// calls are the methods of a store, with arguments.
func calls(s runtime.Store, key, principal string) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"Load":              func(ctx context.Context) error { _, err := s.Load(ctx, key); return err },
		"Insert":            func(ctx context.Context) error { return s.Insert(ctx, key, record(1, principal, nil)) },
		"Replace":           func(ctx context.Context) error { return s.Replace(ctx, key, 1, record(2, principal, nil)) },
		"Delete":            func(ctx context.Context) error { return s.Delete(ctx, key) },
		"List":              func(ctx context.Context) error { _, err := storetest.List(ctx, s, principal); return err },
		"DeleteByPrincipal": func(ctx context.Context) error { return s.DeleteByPrincipal(ctx, principal) },
		"DeleteAll":         func(ctx context.Context) error { return s.DeleteAll(ctx) },
	}
}

// failed reports whether err says that the store has failed.
func failed(err error) bool {
	return err != nil && !errors.Is(err, runtime.ErrNoRecord) && !errors.Is(err, runtime.ErrConflict)
}

func works(ctx context.Context, s runtime.Store) error {
	key, p := name(), name()
	if err := s.Insert(ctx, key, record(1, p, nil)); err != nil {
		return err
	}
	_, err := s.Load(ctx, key)
	return err
}

func TestServerDown(t *testing.T) {
	server := startServer(t)
	s := redisstore.New(server.client(t), redisstore.Options{})
	must(t, works(t.Context(), s))
	server.kill()
	for method, f := range calls(s, name(), name()) {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		if err := f(ctx); !failed(err) {
			t.Errorf("%s with the server down: %v", method, err)
		}
		cancel()
	}
	server.start()
	eventually(t, "the store recovers", func() error { return works(t.Context(), s) })
}

// A call ends with its context, whatever the client's own timeouts are.
func TestServerHangs(t *testing.T) {
	p := proxytest.Start(t, startServer(t).addr())
	for kind, respects := range map[string]bool{"default": false, "ContextTimeoutEnabled": true} {
		t.Run(kind, func(t *testing.T) {
			client := redis.NewClient(&redis.Options{
				Addr: p.Addr(), ContextTimeoutEnabled: respects, ReadTimeout: time.Hour, WriteTimeout: time.Hour, PoolSize: 20,
			})
			defer client.Close()
			s := redisstore.New(client, redisstore.Options{})
			must(t, works(t.Context(), s))
			p.Become(t, proxytest.Silent)
			ends := map[string]func() (context.Context, context.CancelFunc){
				"timeout": func() (context.Context, context.CancelFunc) {
					return context.WithTimeout(t.Context(), 50*time.Millisecond)
				},
				"cancel": func() (context.Context, context.CancelFunc) {
					ctx, cancel := context.WithCancel(t.Context())
					time.AfterFunc(50*time.Millisecond, cancel)
					return ctx, cancel
				},
			}
			for how, end := range ends {
				for method, f := range calls(s, name(), name()) {
					ctx, cancel := end()
					err := f(ctx)
					if !failed(err) || !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) && !strings.Contains(err.Error(), "timeout") {
						t.Errorf("%s, ended by %s: got error %v, want one that means that the store failed", method, how, err)
					}
					cancel()
				}
			}
			p.Become(t, proxytest.Fair)
			eventually(t, "the store recovers", func() error { return works(t.Context(), s) })
		})
	}
}

// A change whose answer is lost fails. If it were sent again, it would conflict with itself, and the caller would
// merge the change a second time.
func TestLostAnswer(t *testing.T) {
	server := startServer(t)
	direct := redisstore.New(server.client(t), redisstore.Options{})
	p := proxytest.Start(t, server.addr())
	s := redisstore.New(newClient(t, p.Addr()), redisstore.Options{})
	must(t, works(t.Context(), s))
	key := name()
	for version, change := range []func() error{
		func() error { return s.Insert(t.Context(), key, record(1, "", nil)) },
		func() error { return s.Replace(t.Context(), key, 1, record(2, "", nil)) },
	} {
		p.Become(t, proxytest.Mute)
		done := make(chan error)
		go func() { done <- change() }()
		eventually(t, "the change is done", func() error {
			r, err := direct.Load(t.Context(), key)
			if err == nil && r.Version != uint64(version+1) {
				err = errors.New("old version")
			}
			return err
		})
		p.Cut()
		p.Become(t, proxytest.Fair)
		if err := <-done; !failed(err) || !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) && !strings.Contains(err.Error(), "reset") {
			t.Errorf("change %d: got error %v, want a broken connection", version+1, err)
		}
		eventually(t, "the store recovers", func() error { return works(t.Context(), s) })
	}
}

func TestServerRefusesChanges(t *testing.T) {
	server := startServer(t)
	client := server.client(t)
	s := redisstore.New(client, redisstore.Options{})
	key, p := name(), name()
	for kind, test := range map[string]struct{ begin, end []any }{
		"full":      {[]any{"config", "set", "maxmemory", "1"}, []any{"config", "set", "maxmemory", "0"}},
		"read-only": {[]any{"replicaof", "127.0.0.1", server.port}, []any{"replicaof", "no", "one"}},
	} {
		t.Run(kind, func(t *testing.T) {
			must(t, s.Delete(t.Context(), key))
			must(t, s.Insert(t.Context(), key, record(1, p, []byte("before"))))
			must(t, client.Do(t.Context(), test.begin...).Err())
			for method, err := range map[string]error{
				"Insert":                   s.Insert(t.Context(), name(), record(1, "", nil)),
				"Insert with a principal":  s.Insert(t.Context(), name(), record(1, p, nil)),
				"Insert with another":      s.Insert(t.Context(), name(), record(1, name(), nil)),
				"Replace":                  s.Replace(t.Context(), key, 1, record(2, "", nil)),
				"Replace with a principal": s.Replace(t.Context(), key, 1, record(2, p, nil)),
				"Replace with another":     s.Replace(t.Context(), key, 1, record(2, name(), nil)),
			} {
				if !failed(err) {
					t.Errorf("%s: got error %v, want one that means that the store failed", method, err)
				}
			}
			if kind == "full" {
				if r, err := s.Load(t.Context(), key); err != nil || string(r.Data) != "before" {
					t.Errorf("Load: got %q, %v, want the data from before", r.Data, err)
				}
			}
			must(t, client.Do(t.Context(), test.end...).Err())
			eventually(t, "the store recovers", func() error { return works(t.Context(), s) })
		})
	}
}

func TestGarbage(t *testing.T) {
	client := startServer(t).client(t)
	s := redisstore.New(client, redisstore.Options{})
	good, p := name(), name()
	must(t, s.Insert(t.Context(), good, record(1, p, nil)))
	value, err := client.Get(t.Context(), "sessiongen:r:"+good).Result()
	must(t, err)
	for _, text := range []string{
		"x", "garbage that is longer than a record's head", "\x02" + value[1:], value[:len(value)-len("data")-1], value[:17], value[:8],
		value[:17] + "\xff" + value[18:] + strings.Repeat("x", 300),
	} {
		key := name()
		must(t, client.Set(t.Context(), "sessiongen:r:"+key, text, 0).Err())
		if r, err := s.Load(t.Context(), key); !failed(err) {
			t.Errorf("Load of %q: got %+v, %v, want a failure", text, r, err)
		}
		must(t, client.ZAdd(t.Context(), "sessiongen:p:"+p, redis.Z{Score: 1e12, Member: key}).Err())
		if _, err := storetest.List(t.Context(), s, p); !failed(err) {
			t.Errorf("List of %q: got error %v, want a failure", text, err)
		}
		must(t, s.Delete(t.Context(), key))
	}
	if got, err := storetest.List(t.Context(), s, p); err != nil || len(got) != 1 {
		t.Errorf("List: got %d records, %v, want 1", len(got), err)
	}
}
