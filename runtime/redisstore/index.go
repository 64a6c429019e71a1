package redisstore

import (
	"context"
	"errors"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/sessiongen/sessiongen/runtime"
)

// batch is how many records one round trip reads or deletes.
const batch = 100

// List implements [runtime.Store]. A record that is gone may have moved to another key since
// the index was read, so it is read again until nothing more is gone.
func (s *Store) List(ctx context.Context, principal string) (map[string]runtime.Record, error) {
	return within(ctx, func() (map[string]runtime.Record, error) {
		var gone []string
		for {
			records, stale, err := s.list(ctx, principal)
			if err != nil || len(stale) == 0 || slices.Equal(stale, gone) {
				return records, err
			}
			if err := s.prune(ctx, principal, stale); err != nil {
				return nil, err
			}
			gone = stale
		}
	})
}

// list reads the index once. It also returns the keys that are in it, and have no record of
// the principal.
func (s *Store) list(ctx context.Context, principal string) (records map[string]runtime.Record, stale []string, err error) {
	keys, err := s.keys(ctx, principal)
	if err != nil {
		return nil, nil, err
	}
	slices.Sort(keys)
	records = make(map[string]runtime.Record)
	for some := range slices.Chunk(keys, batch) {
		found, err := s.load(ctx, some)
		if err != nil {
			return nil, nil, err
		}
		for _, key := range some {
			if r, ok := found[key]; ok && r.Principal == principal {
				records[key] = r
			} else {
				stale = append(stale, key)
			}
		}
	}
	return records, stale, nil
}

// keys returns the keys in a principal's index.
func (s *Store) keys(ctx context.Context, principal string) ([]string, error) {
	if principal == "" {
		return nil, nil
	}
	return s.client.ZRange(ctx, s.index(principal), 0, -1).Result()
}

// load returns those of the records that exist.
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

// prune removes entries of records that are no longer the principal's. In a Cluster, they
// stay until they expire: a record may be about to follow its entry.
func (s *Store) prune(ctx context.Context, principal string, keys []string) error {
	if !s.joint || len(keys) == 0 {
		return nil
	}
	return s.runAll(ctx, pruneScript, s.calls(principal, keys))
}

// DeleteByPrincipal implements [runtime.Store].
func (s *Store) DeleteByPrincipal(ctx context.Context, principal string) error {
	return s.within(ctx, func() error {
		keys, err := s.keys(ctx, principal)
		if err != nil {
			return err
		}
		for some := range slices.Chunk(keys, batch) {
			if err := s.runAll(ctx, removeScript, s.calls(principal, some)); err != nil {
				return err
			}
		}
		return nil
	})
}

// calls returns the arguments of a script that is about a principal's records.
func (s *Store) calls(principal string, keys []string) []call {
	calls := make([]call, len(keys))
	for i, key := range keys {
		calls[i] = call{keys: []string{s.record(key)}, args: []any{principal, key}}
		if s.joint {
			calls[i].keys = append(calls[i].keys, s.index(principal))
		}
	}
	return calls
}
