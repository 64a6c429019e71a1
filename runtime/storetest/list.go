package storetest

import (
	"context"

	"github.com/sessiongen/sessiongen/runtime"
)

// List returns all records that a store lists for a principal, by key. A key that is listed twice
// becomes a record of version 0, which is invalid.
func List(ctx context.Context, s runtime.Store, principal string) (map[string]runtime.Record, error) {
	records := make(map[string]runtime.Record)
	err := s.List(ctx, principal, func(key string, r runtime.Record) bool {
		if _, twice := records[key]; twice {
			r = runtime.Record{}
		}
		records[key] = r
		return true
	})
	return records, err
}
