package sqlstore

import (
	"context"
	"database/sql"
	"slices"
	"time"
)

// How many records one statement deletes. Sizes are doubled and halved, so that a driver
// which keeps statements keeps few. With fewer than the smallest nearly all the time is that
// of the commit.
const (
	smallestBatch = 64
	firstBatch    = 256 // of a sweep
	largestBatch  = 1024
)

// sweepTime is how long such a statement of a sweep should take. On SQLite every other write
// waits for it.
const sweepTime = 20 * time.Millisecond

// nextBatch is how many records to delete at once after so many took so long, if it
// should have taken another time.
func nextBatch(size int, took, should time.Duration) int {
	switch {
	case took > should:
		return max(size/2, smallestBatch)
	case took < should/2:
		return min(size*2, largestBatch)
	}
	return size
}

// sweep deletes the sessions that a query finds, and of which a condition holds, in batches.
// Both have the arguments given. It goes through the keys once, in their order, so that it comes
// to an end however many sessions others begin meanwhile.
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

// deleteKeys deletes those of the keys whose records meet a condition still, and returns how
// many, and how long that took once it was its turn.
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
