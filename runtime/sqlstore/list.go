package sqlstore

import (
	"context"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// page is how many records List keeps in memory.
const page = 100

// A row is a record and its key.
type row struct {
	key string
	runtime.Record
}

// List implements [runtime.Store]. It reads one page after the other, in the order of the keys.
func (s *Store) List(ctx context.Context, principal string, yield func(key string, r runtime.Record) bool) error {
	if principal == "" {
		return nil
	}
	after := ""
	for {
		rows, err := s.page(ctx, principal, after)
		if err != nil {
			return failed("listing", err)
		}
		for _, r := range rows {
			if !yield(r.key, r.Record) {
				return nil
			}
		}
		if len(rows) < page {
			return nil
		}
		after = rows[page-1].key
	}
}

// page reads a principal's records with the first keys after the key after.
func (s *Store) page(ctx context.Context, principal, after string) ([]row, error) {
	found, err := s.query(ctx, s.queries.list, principal, after, s.now(), page)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	var rows []row
	for found.Next() {
		r := row{Record: runtime.Record{Principal: principal}}
		var expires int64
		if err := found.Scan(&r.key, &r.Version, &r.Data, &expires); err != nil {
			return nil, err
		}
		r.Expires = time.Unix(expires, 0)
		rows = append(rows, r)
	}
	return rows, found.Err()
}
