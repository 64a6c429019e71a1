package revoketest

import (
	"context"

	"github.com/sessiongen/sessiongen/runtime"
)

// A stepped store makes each calling operation wait until the plan continues it.
type stepped struct{ runtime.Store }

func (s stepped) Load(ctx context.Context, key string) (runtime.Record, error) {
	pause(ctx, "load")
	return s.Store.Load(ctx, key)
}

func (s stepped) Insert(ctx context.Context, key string, r runtime.Record) error {
	pause(ctx, "insert")
	return s.Store.Insert(ctx, key, r)
}

func (s stepped) Replace(ctx context.Context, key string, version uint64, r runtime.Record) error {
	pause(ctx, "replace")
	return s.Store.Replace(ctx, key, version, r)
}

func (s stepped) Delete(ctx context.Context, key string) error {
	pause(ctx, "delete")
	return s.Store.Delete(ctx, key)
}

func (s stepped) List(ctx context.Context, principal string, yield func(string, runtime.Record) bool) error {
	pause(ctx, "list")
	return s.Store.List(ctx, principal, yield)
}

func (s stepped) DeleteByPrincipal(ctx context.Context, principal string) error {
	pause(ctx, "delete by principal")
	return s.Store.DeleteByPrincipal(ctx, principal)
}

func (s stepped) DeleteAll(ctx context.Context) error {
	pause(ctx, "delete all")
	return s.Store.DeleteAll(ctx)
}
