package redisstore

import (
	"context"
	"strings"
	"sync/atomic"

	"github.com/redis/go-redis/v9"
)

const (
	// scanCount is how many keys one step of a scan examines on a server.
	scanCount = 1000

	// maxScans is how often DeleteAll scans for keys that the previous scan missed.
	maxScans = 3
)

// DeleteAll implements [runtime.Store]. It examines the name of every key in the database. A scan
// misses keys if a failover or a move of slots happens meanwhile, so it is repeated until one finds
// nothing, up to maxScans times. Index entries without a record stay, because their record may be
// about to follow.
func (s *Store) DeleteAll(ctx context.Context) error {
	return s.within(ctx, func() error {
		for range maxScans {
			found, err := s.deleteFound(ctx)
			if err != nil || !found {
				return err
			}
		}
		return nil
	})
}

// deleteFound scans every server once, and reports whether it found anything to delete.
func (s *Store) deleteFound(ctx context.Context) (bool, error) {
	var found atomic.Bool
	err := s.eachServer(ctx, func(ctx context.Context, node redis.Cmdable) error {
		var cursor uint64
		for {
			names, next, err := node.Scan(ctx, cursor, s.pattern(), scanCount).Result()
			if err != nil {
				return err
			}
			some, err := s.deleteNamed(ctx, names)
			if err != nil {
				return err
			}
			if some {
				found.Store(true)
			}
			if cursor = next; cursor == 0 {
				return nil
			}
		}
	})
	return found.Load(), err
}

// deleteNamed deletes those of the named records that are sessions, and reports whether there were
// any.
func (s *Store) deleteNamed(ctx context.Context, names []string) (bool, error) {
	if len(names) == 0 {
		return false, nil
	}
	keys := make([]string, len(names))
	for i, name := range names {
		keys[i] = strings.TrimPrefix(name, s.record(""))
	}
	others, err := s.remove(ctx, sessions, keys)
	return len(others) < len(keys), err
}

func (s *Store) eachServer(ctx context.Context, f func(context.Context, redis.Cmdable) error) error {
	visit := func(ctx context.Context, node *redis.Client) error { return f(ctx, node) }
	switch client := s.client.(type) {
	case interface {
		ForEachMaster(context.Context, func(context.Context, *redis.Client) error) error
	}:
		return client.ForEachMaster(ctx, visit)
	case interface {
		ForEachShard(context.Context, func(context.Context, *redis.Client) error) error
	}:
		return client.ForEachShard(ctx, visit)
	}
	return f(ctx, s.client)
}

// literal escapes the special characters of a pattern.
var literal = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`, `^`, `\^`, `-`, `\-`)

func (s *Store) pattern() string {
	return literal.Replace(s.prefix) + "r:*"
}
