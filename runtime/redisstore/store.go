package redisstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/sessiongen/sessiongen/runtime"
)

// Options are the settings of a [Store].
type Options struct {
	// Prefix is the beginning of the names of all keys in Redis. The default is "sessiongen:".
	// Stores that share a server need different prefixes.
	//
	// With a hash tag in the prefix, such as "{sessions}:", all keys are on one node of a Cluster. A
	// [redis.Client] behind a proxy of a Cluster needs that.
	Prefix string
}

// A Store is a [runtime.Store] in Redis.
type Store struct {
	client redis.UniversalClient
	prefix string

	// joint says that a record and its index are on one node.
	joint bool
}

var _ runtime.Store = (*Store)(nil)

// New returns a store that uses the client. The caller closes the client.
func New(client redis.UniversalClient, opts Options) *Store {
	prefix := opts.Prefix
	if prefix == "" {
		prefix = "sessiongen:"
	}
	_, joint := client.(*redis.Client)
	return &Store{client: client, prefix: prefix, joint: joint}
}

func (s *Store) record(key string) string      { return s.prefix + "r:" + key }
func (s *Store) index(principal string) string { return s.prefix + "p:" + principal }

// Load implements [runtime.Store].
func (s *Store) Load(ctx context.Context, key string) (runtime.Record, error) {
	return within(ctx, func() (runtime.Record, error) {
		return read(s.client.Get(ctx, s.record(key)))
	})
}

// read returns the record that a GET found.
func read(cmd *redis.StringCmd) (runtime.Record, error) {
	b, err := cmd.Bytes()
	if errors.Is(err, redis.Nil) {
		return runtime.Record{}, runtime.ErrNoRecord
	}
	if err != nil {
		return runtime.Record{}, err
	}
	return decode(b)
}

// Insert implements [runtime.Store].
func (s *Store) Insert(ctx context.Context, key string, r runtime.Record) error {
	return s.write(ctx, key, nil, r)
}

// Replace implements [runtime.Store].
func (s *Store) Replace(ctx context.Context, key string, version uint64, r runtime.Record) error {
	return s.write(ctx, key, appendVersion(nil, version), r)
}

// longestWrite is the longest time between the two halves of a write in a Cluster. An entry without
// a record is removed when it is much older.
const longestWrite = 10 * time.Minute

// write stores a record if the current one begins with begin, or if there is none and begin is nil.
func (s *Store) write(ctx context.Context, key string, begin []byte, r runtime.Record) error {
	value, err := encode(r)
	if err != nil {
		return err
	}
	w := writing{s, key, ownerOf(r), max(r.Expires.Unix(), 1)} // Redis accepts only positive times
	if s.joint || w.principal == "" {
		return s.within(ctx, func() error { return w.put(ctx, begin, value) })
	}
	ctx, cancel := context.WithTimeout(ctx, longestWrite)
	defer cancel()
	return s.within(ctx, func() error {
		if err := w.enter(ctx, false); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		return w.put(ctx, begin, value)
	})
}

// A writing is a write of a record and of its principal's index.
type writing struct {
	*Store
	key, principal string
	expires        int64
}

// put stores the record. On one node, it also updates the indexes; in a Cluster, the new entry is
// already there.
func (w writing) put(ctx context.Context, begin, value []byte) error {
	c := call{keys: []string{w.record(w.key)}, args: []any{begin, value, w.expires, w.key, ""}}
	if w.joint {
		c.args[4] = w.index("")
		if w.principal != "" {
			c.keys = append(c.keys, w.index(w.principal))
		}
	}
	result, err := w.runOnce(ctx, writeScript, c)
	if err != nil {
		return err
	}
	list, ok := result.([]any)
	if !ok || len(list) != 2 {
		return errDamaged
	}
	switch list[0] {
	case absent:
		return runtime.ErrNoRecord
	case conflict:
		return runtime.ErrConflict
	}
	if left, _ := list[1].(string); !w.joint && left != w.principal {
		return w.change(ctx, left, len(begin) > 0)
	}
	return nil
}

// enter adds the record's entry to the index in a Cluster.
func (w writing) enter(ctx context.Context, fenced bool) error {
	_, err := w.runAll(ctx, enterScript, call{keys: []string{w.index(w.principal)}, args: []any{w.expires, w.key, fenced}})
	return err
}

// change updates the indexes of a Cluster for a record whose principal has changed. If it replaced
// another record, the writer of that one may be about to remove the entry. So change adds the entry
// again, fenced against that writer. A manager never does this: it moves a session to a new id when
// its principal changes.
//
// A failure to remove the entry under the former principal is ignored: it has no record, and expires
// later.
func (w writing) change(ctx context.Context, left string, replaced bool) error {
	if replaced && w.principal != "" {
		if err := w.enter(ctx, true); err != nil {
			return err
		}
	}
	if left != "" {
		_, _ = w.runAll(ctx, leaveScript, w.leaving(left, 0, []string{w.key}))
	}
	return nil
}

func (s *Store) within(ctx context.Context, f func() error) error {
	_, err := within(ctx, func() (struct{}, error) { return struct{}{}, f() })
	return err
}

// grace is how long a call waits for its answer after its context has ended. If the server works,
// the answer is on its way and says what was done.
const grace = 20 * time.Millisecond

// within returns the result of f, but not much later than ctx ends. A client waits for its server as
// long as its own settings say, even after ctx has ended.
func within[T any](ctx context.Context, f func() (T, error)) (T, error) {
	var none T
	if err := ctx.Err(); err != nil {
		return none, named(err)
	}
	if ctx.Done() == nil {
		v, err := f()
		return v, named(err)
	}
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil { // could not be recovered elsewhere
				done <- result{err: fmt.Errorf("the client panicked: %v", p)}
			}
		}()
		v, err := f()
		done <- result{v, err}
	}()
	select {
	case r := <-done:
		return r.value, named(r.err)
	case <-ctx.Done():
	}
	select {
	case r := <-done:
		return r.value, named(r.err)
	case <-time.After(grace):
		return none, named(ctx.Err())
	}
}

// named returns an error that says where it comes from.
func named(err error) error {
	if err == nil || err == runtime.ErrNoRecord || err == runtime.ErrConflict {
		return err
	}
	return fmt.Errorf("session: Redis: %w", err)
}
