package sqlstore

import (
	"context"
	"log/slog"
	"math"
	"time"
)

// tolerance is how far ahead the clock of a purging node may be without removing records that are
// still valid on another node.
const tolerance = time.Hour

// purgeTime is how long a purging statement should take. On SQLite all other writes wait for it,
// elsewhere none does.
func (d Dialect) purgeTime() time.Duration {
	if d == SQLite {
		return 4 * time.Millisecond
	}
	return 20 * time.Millisecond
}

// Purge removes the records that expired more than an hour ago, and returns how many. It keeps the
// younger ones because the clocks of nodes may differ by that much. It works in small batches, and
// pauses after each for as long as the batch took.
func (s *Store) Purge(ctx context.Context) (int64, error) {
	var (
		until  = s.now() - int64(tolerance/time.Second)
		from   = int64(math.MinInt64)
		size   = smallestBatch
		purged int64
	)
	for {
		start := time.Now()
		keys, last, err := s.expired(ctx, from, until, size)
		if err != nil || len(keys) == 0 {
			return purged, failed("purging", err)
		}
		n, took, err := s.deleteKeys(ctx, ifExpired, []any{until}, keys)
		purged += n
		if err != nil || len(keys) < size {
			return purged, failed("purging", err)
		}
		from, size = last, nextBatch(size, took, s.dialect.purgeTime())
		rest := time.After(time.Since(start))
		s.checkpoint(ctx)
		select {
		case <-rest:
		case <-ctx.Done():
			return purged, failed("purging", ctx.Err())
		}
	}
}

// checkpoint moves SQLite's log into the database file. Other processes may write meanwhile. Without
// it, a writer would have to move a log that has become too long. If checkpoint fails, that happens.
func (s *Store) checkpoint(ctx context.Context) {
	if s.dialect == SQLite {
		s.db.ExecContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)")
	}
}

// expired returns the keys of a batch of records that expired between from and to, and when the last
// of them expired. The next call starts there, so that the database does not pass again over deleted
// records that are still in its index.
func (s *Store) expired(ctx context.Context, from, to int64, n int) (keys []any, last int64, err error) {
	rows, err := s.query(ctx, s.queries.expired, from, to, n)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var key string
		if err := rows.Scan(&key, &last); err != nil {
			return nil, 0, err
		}
		keys = append(keys, key)
	}
	return keys, last, rows.Err()
}

// PurgeEvery calls Purge now and at every interval, until ctx ends. It logs failures, and tries
// again at the next interval. Several processes may purge the same table.
func (s *Store) PurgeEvery(ctx context.Context, interval time.Duration) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		if _, err := s.Purge(ctx); err != nil && ctx.Err() == nil {
			slog.WarnContext(ctx, "session: expired records could not be purged", "error", err)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}
