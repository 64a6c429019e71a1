// Package scsstore makes a [runtime.Store] from a store of github.com/alexedwards/scs. There are
// about twenty such stores:
//
//	store, err := scsstore.New(postgresstore.New(db))
//
// These stores have no compare-and-swap. Within one process nothing is lost, because a [Store] makes
// one change at a time to each record. If two processes change a record at the same time, the last
// write wins: the other change is lost, and a deleted record may come back because the other process
// replaces it. With several processes, use a store with compare-and-swap, such as those of packages
// sqlstore and redisstore.
//
// These stores do not know principals either. If a store has All or AllCtx, then List,
// DeleteByPrincipal and DeleteAll read everything in it. Otherwise they return an error that is
// [errors.ErrUnsupported].
//
// Load and Delete take one call of the store each, and Insert and Replace take two.
package scsstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// A Store keeps records in a store of scs. Several goroutines may call its methods at once.
type Store struct {
	backend backend
	locks   locks
	now     func() time.Time
}

// New returns a Store that keeps its records in store, which must have the methods FindCtx,
// CommitCtx and DeleteCtx of scs, or else Find, Commit and Delete. With the latter, a call that
// hangs continues in the background when its context ends.
//
// Make only one Store for a store in a process, because two do not coordinate their changes. New
// logs a warning about what can be lost between processes.
func New(store any) (*Store, error) {
	b, err := newBackend(store)
	if err != nil {
		return nil, err
	}
	slog.Warn("scsstore: the store cannot compare and swap: when two processes change a session at once, the last one wins",
		"store", fmt.Sprintf("%T", store))
	return &Store{backend: b, now: time.Now}, nil
}

// Load implements [runtime.Store].
func (s *Store) Load(ctx context.Context, key string) (runtime.Record, error) {
	var r runtime.Record
	err := s.backend.run(ctx, func() (err error) {
		r, err = s.find(ctx, key)
		return err
	})
	if err != nil {
		return runtime.Record{}, err
	}
	return r, nil
}

// Insert implements [runtime.Store].
func (s *Store) Insert(ctx context.Context, key string, r runtime.Record) error {
	return s.change(ctx, key, func() error {
		_, err := s.find(ctx, key)
		if err == nil {
			return runtime.ErrConflict
		}
		if err != runtime.ErrNoRecord {
			return err
		}
		return s.commit(ctx, key, r)
	})
}

// Replace implements [runtime.Store].
func (s *Store) Replace(ctx context.Context, key string, version uint64, r runtime.Record) error {
	return s.change(ctx, key, func() error {
		old, err := s.find(ctx, key)
		if err != nil {
			return err
		}
		if old.Version != version {
			return runtime.ErrConflict
		}
		return s.commit(ctx, key, r)
	})
}

// Delete implements [runtime.Store].
func (s *Store) Delete(ctx context.Context, key string) error {
	return s.change(ctx, key, func() error { return s.backend.remove(ctx, key) })
}

// List implements [runtime.Store]. Stores of scs have no batches, so all sessions of all principals
// are in memory at once.
func (s *Store) List(ctx context.Context, principal string, yield func(key string, r runtime.Record) bool) error {
	records, err := s.ownedBy(ctx, principal)
	if err != nil {
		return err
	}
	for key, r := range records {
		if !yield(key, r) {
			break
		}
	}
	return nil
}

// ownedBy returns the sessions of a principal.
func (s *Store) ownedBy(ctx context.Context, principal string) (map[string]runtime.Record, error) {
	records, err := s.all(ctx)
	maps.DeleteFunc(records, func(_ string, r runtime.Record) bool {
		return principal == "" || r.Principal != principal || len(r.Data) == 0 || !r.Expires.After(s.now())
	})
	return records, err
}

// DeleteByPrincipal implements [runtime.Store].
func (s *Store) DeleteByPrincipal(ctx context.Context, principal string) error {
	records, err := s.ownedBy(ctx, principal)
	if err != nil {
		return err
	}
	return s.removeAll(ctx, records, func(r runtime.Record) bool { return r.Principal == principal })
}

// DeleteAll implements [runtime.Store]. It keeps the data that scs itself has in the same store.
func (s *Store) DeleteAll(ctx context.Context) error {
	records, err := s.all(ctx)
	if err != nil {
		return err
	}
	return s.removeAll(ctx, records, func(runtime.Record) bool { return true })
}

// removeAll deletes the records that have data and still match goes.
func (s *Store) removeAll(ctx context.Context, records map[string]runtime.Record, goes func(runtime.Record) bool) error {
	for key := range records {
		err := s.change(ctx, key, func() error {
			r, err := s.find(ctx, key)
			if err != nil || len(r.Data) == 0 || !goes(r) {
				return err
			}
			return s.backend.remove(ctx, key)
		})
		if err != nil && err != runtime.ErrNoRecord {
			return err
		}
	}
	return nil
}

// change calls f while nobody else changes the record with this key. The record stays locked until f
// returns, even if ctx ends earlier.
func (s *Store) change(ctx context.Context, key string, f func() error) error {
	unlock, err := s.locks.lock(ctx, key)
	if err != nil {
		return err
	}
	return s.backend.run(ctx, func() error {
		defer unlock()
		return f()
	})
}

// find returns the record with a key, or ErrNoRecord.
func (s *Store) find(ctx context.Context, key string) (runtime.Record, error) {
	b, found, err := s.backend.find(ctx, key)
	if err != nil {
		return runtime.Record{}, err
	}
	if !found {
		return runtime.Record{}, runtime.ErrNoRecord
	}
	r, err := decode(b)
	if err != nil {
		return runtime.Record{}, err
	}
	if !r.Expires.After(s.now()) {
		return runtime.Record{}, runtime.ErrNoRecord
	}
	return r, nil
}

// tolerance is how far ahead a store's clock may be without removing records that are still valid on
// a node's clock.
const tolerance = time.Hour

// commit writes the record with a key.
func (s *Store) commit(ctx context.Context, key string, r runtime.Record) error {
	if !r.Expires.After(s.now()) {
		return s.backend.remove(ctx, key)
	}
	// The expiry inside the record decides. Some stores keep a record forever if it expires while
	// they write it, some round the time, and some use a clock that is ahead. So the store gets a
	// later time.
	return s.backend.commit(ctx, key, encode(r), r.Expires.Add(tolerance))
}

// all returns all records, including expired ones.
func (s *Store) all(ctx context.Context) (map[string]runtime.Record, error) {
	if s.backend.all == nil {
		return nil, fmt.Errorf("scsstore: the store has neither All nor AllCtx: %w", errors.ErrUnsupported)
	}
	var blobs map[string][]byte
	err := s.backend.run(ctx, func() (err error) {
		blobs, err = s.backend.all(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	records := make(map[string]runtime.Record)
	for key, b := range blobs {
		// Anything else in the store is not this Store's.
		if r, err := decode(b); err == nil {
			records[key] = r
		}
	}
	return records, nil
}
