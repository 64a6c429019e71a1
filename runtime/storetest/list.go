package storetest

import (
	"context"

	"github.com/sessiongen/sessiongen/runtime"
)

// List returns all that a store lists of a principal, by key. Listing the same key twice counts
// as a record of version 0, which no store may have.
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
