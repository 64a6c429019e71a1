package redisstore

import (
	"context"
	"errors"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/sessiongen/sessiongen/runtime"
)

const (
	// batch is how many records List reads in one round trip.
	batch = 100

	// sweepBatch is how many records one round trip deletes or examines.
	sweepBatch = 1000

	// maxPasses is the most times that List reads the index.
	maxPasses = 8

	// stale is the age, in units of 1024 seconds, from which an entry without a record is removed in
	// a Cluster. Its date is at most two units older than the last write, so that write has three
	// units to store its record: much longer than longestWrite.
	stale = 5
)

// List implements [runtime.Store]. A record that is gone may have moved to another key since the
// index was read. So List reads the index again until no record is gone, for new keys alone, and at
// most maxPasses times because sessions may keep moving.
func (s *Store) List(ctx context.Context, principal string, yield func(key string, r runtime.Record) bool) error {
	seen := make(map[string]bool)
	for range maxPasses {
		again, err := s.listNew(ctx, principal, seen, yield)
		if err != nil || !again {
			return err
		}
	}
	return nil
}

// listNew reads the index and lists the sessions whose keys are not in seen. again reports whether
// some were gone, so that the index must be read again.
func (s *Store) listNew(ctx context.Context, principal string, seen map[string]bool, yield func(key string, r runtime.Record) bool) (again bool, err error) {
	keys, err := within(ctx, func() ([]string, error) { return s.keys(ctx, principal) })
	if err != nil {
		return false, err
	}
	keys = slices.DeleteFunc(keys, func(key string) bool { return seen[key] })
	var gone []string
	for some := range slices.Chunk(keys, batch) {
		found, err := within(ctx, func() (map[string]runtime.Record, error) { return s.load(ctx, some) })
		if err != nil {
			return false, err
		}
		for _, key := range some {
			if r, ok := found[key]; !ok || ownerOf(r) != principal {
				gone = append(gone, key)
			} else if !yield(key, r) {
				return false, nil
			}
		}
	}
	if len(gone) == 0 {
		return false, nil
	}
	for _, key := range keys {
		seen[key] = true
	}
	return true, s.within(ctx, func() error { return s.prune(ctx, principal, gone) })
}

// keys returns the keys in a principal's index.
func (s *Store) keys(ctx context.Context, principal string) ([]string, error) {
	if principal == "" {
		return nil, nil
	}
	return s.client.ZRange(ctx, s.index(principal), 0, -1).Result()
}

// load returns the records with these keys that exist.
func (s *Store) load(ctx context.Context, keys []string) (map[string]runtime.Record, error) {
	cmds := make([]*redis.StringCmd, len(keys))
	_, err := s.client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for i, key := range keys {
			cmds[i] = pipe.Get(ctx, s.record(key))
		}
		return nil
	})
	if err != nil && !errors.Is(err, redis.Nil) {
		return nil, err
	}
	records := make(map[string]runtime.Record, len(keys))
	for i, key := range keys {
		r, err := read(cmds[i])
		if errors.Is(err, runtime.ErrNoRecord) {
			continue
		}
		if err != nil {
			return nil, err
		}
		records[key] = r
	}
	return records, nil
}

// DeleteByPrincipal implements [runtime.Store]. It reads the index once. Whoever stores a record
// meanwhile must know of the call.
func (s *Store) DeleteByPrincipal(ctx context.Context, principal string) error {
	return s.within(ctx, func() error {
		keys, err := s.keys(ctx, principal)
		if err != nil {
			return err
		}
		for some := range slices.Chunk(keys, sweepBatch) {
			if err := ctx.Err(); err != nil {
				return err
			}
			gone, err := s.remove(ctx, principal, some)
			if err == nil && !s.joint {
				err = s.prune(ctx, principal, gone)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// prune removes index entries whose records are not the principal's. In a Cluster, a record may be
// about to follow its entry, so recent entries stay.
func (s *Store) prune(ctx context.Context, principal string, keys []string) error {
	for some := range slices.Chunk(keys, sweepBatch) {
		script, c := leaveScript, s.leaving(principal, stale, some)
		if s.joint {
			script, c.args[0] = pruneScript, principal
			for _, key := range some {
				c.keys = append(c.keys, s.record(key))
			}
		}
		if _, err := s.runAll(ctx, script, c); err != nil {
			return err
		}
	}
	return nil
}

// leaving returns a call of leaveScript.
func (s *Store) leaving(principal string, units int, keys []string) call {
	c := call{keys: []string{s.index(principal)}, args: []any{units}}
	for _, key := range keys {
		c.args = append(c.args, key)
	}
	return c
}
