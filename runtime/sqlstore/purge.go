package sqlstore

import (
	"context"
	"database/sql"
	"log/slog"
	"math"
	"time"
)

// purgeBatch is how many records one statement of Purge deletes: few, because on SQLite
// every other write waits for it.
const purgeBatch = 200

// Purge removes the records that are past their expiry, and returns how many. It does so
// in small batches, and after each leaves the database alone for as long as it took.
func (s *Store) Purge(ctx context.Context) (int64, error) {
	var (
		now    = s.now()
		from   = int64(math.MinInt64)
		purged int64
	)
	for {
		start := time.Now()
		keys, last, err := s.expired(ctx, from, now)
		if err != nil || len(keys) == 0 {
			return purged, failed("purging", err)
		}
		result, err := s.write(ctx, func() (sql.Result, error) {
			return s.db.ExecContext(ctx, s.dialect.deleteExpired(s.table, len(keys)), append([]any{now}, keys...)...)
		})
		if err != nil {
			return purged, failed("purging", err)
		}
		n, err := result.RowsAffected()
		if err != nil {
			return purged, failed("purging", err)
		}
		purged += n
		if len(keys) < purgeBatch {
			return purged, nil
		}
		from = last
		select {
		case <-time.After(time.Since(start)):
		case <-ctx.Done():
			return purged, failed("purging", ctx.Err())
		}
	}
}

// expired returns the keys of a batch of records that expired in a span of time, and
// when the last of them did. To begin there the next time keeps the database from going
// through all that was deleted before and is still in its index.
func (s *Store) expired(ctx context.Context, from, to int64) (keys []any, last int64, err error) {
	rows, err := s.query(ctx, s.queries.expired, from, to, purgeBatch)
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
