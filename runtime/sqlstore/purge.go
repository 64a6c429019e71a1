package sqlstore

import (
	"context"
	"log/slog"
	"math"
	"time"
)

// tolerance is how far the clock of a node that purges may be ahead of another's, without
// removing what still lives there.
const tolerance = time.Hour

// purgeTime is how long such a statement should take. On SQLite every other write waits
// for it, elsewhere none does.
func (d Dialect) purgeTime() time.Duration {
	if d == SQLite {
		return 4 * time.Millisecond
	}
	return 20 * time.Millisecond
}

// Purge removes the records that expired more than an hour ago, and returns how many. A node
// whose clock is ahead of the others' by less than that removes nothing that lives there. It
// does so in small batches, and after each leaves the database alone for as long as it took.
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

// checkpoint has SQLite move its log into the file. Others may write meanwhile. Otherwise
// one of them would find the log too long and move it, in its turn to write. If it fails,
// so it will be.
func (s *Store) checkpoint(ctx context.Context) {
	if s.dialect == SQLite {
		s.db.ExecContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)")
	}
}

// expired returns the keys of a batch of records that expired in a span of time, and
// when the last of them did. To begin there the next time keeps the database from going
// through all that was deleted before and is still in its index.
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

// PurgeEvery purges, now and at every interval, until ctx ends. It logs when that fails,
// and tries again at the next interval. Several processes may purge the same table.
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
