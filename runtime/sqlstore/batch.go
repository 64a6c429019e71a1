package sqlstore

import (
	"context"
	"database/sql"
	"slices"
	"time"
)

// How many records one statement deletes. Sizes are doubled and halved, so that a driver that caches
// statements caches few. With fewer records than the smallest size, the commit takes nearly all of
// the time.
const (
	smallestBatch = 64
	firstBatch    = 256 // for a sweep
	largestBatch  = 1024
)

// sweepTime is how long a statement of a sweep should take. On SQLite, all other writes wait for it.
const sweepTime = 20 * time.Millisecond

// nextBatch returns how many records to delete next, given how long the last batch took and should
// have taken.
func nextBatch(size int, took, should time.Duration) int {
	switch {
	case took > should:
		return max(size/2, smallestBatch)
	case took < should/2:
		return min(size*2, largestBatch)
	}
	return size
}

// sweep deletes the sessions that a query finds and that meet a condition, in batches. Both take the
// arguments args. It goes through the keys once, in order, so it ends however many sessions begin
// meanwhile.
func (s *Store) sweep(ctx context.Context, query, condition string, args ...any) error {
	after, size := "", firstBatch
	for {
		keys, err := s.keys(ctx, query, append(slices.Clone(args), after, size)...)
		if err != nil || len(keys) == 0 {
			return err
		}
		_, took, err := s.deleteKeys(ctx, condition, args, keys)
		if err != nil || len(keys) < size {
			return err
		}
		after, size = keys[len(keys)-1].(string), nextBatch(size, took, sweepTime)
		s.checkpoint(ctx)
	}
}

// keys returns the keys that a query finds.
func (s *Store) keys(ctx context.Context, query string, args ...any) (keys []any, err error) {
	rows, err := s.query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var key string
		if err := rows.Scan(&key); err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, rows.Err()
}

// deleteKeys deletes those of the keys whose records still meet a condition. It returns how many it
// deleted, and how long that took without the wait for its turn.
func (s *Store) deleteKeys(ctx context.Context, condition string, args, keys []any) (n int64, took time.Duration, err error) {
	text, all := s.dialect.deleteKeys(s.table, condition, len(keys)), slices.Concat(args, keys)
	result, err := s.write(ctx, func() (sql.Result, error) {
		start := time.Now()
		defer func() { took = time.Since(start) }()
		return s.db.ExecContext(ctx, text, all...)
	})
	if err != nil {
		return 0, 0, err
	}
	n, err = result.RowsAffected()
	return n, took, err
}
