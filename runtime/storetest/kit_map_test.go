package storetest_test

import (
	"bytes"
	"context"
	"maps"
	"sync"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// A mapStore is the simplest store that is correct.
type mapStore struct {
	mu      sync.Mutex
	now     func() time.Time
	records map[string]runtime.Record
}

func newMapStore(now func() time.Time) *mapStore {
	return &mapStore{now: now, records: map[string]runtime.Record{}}
}

func (m *mapStore) get(key string) (runtime.Record, bool) {
	r, ok := m.records[key]
	return r, ok && r.Expires.After(m.now())
}

func (m *mapStore) put(key string, r runtime.Record) {
	r.Data = bytes.Clone(r.Data)
	m.records[key] = r
}

func (m *mapStore) Load(ctx context.Context, key string) (runtime.Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.get(key)
	if !ok {
		return runtime.Record{}, runtime.ErrNoRecord
	}
	r.Data = bytes.Clone(r.Data)
	return r, nil
}

func (m *mapStore) Insert(ctx context.Context, key string, r runtime.Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.get(key); ok {
		return runtime.ErrConflict
	}
	m.put(key, r)
	return nil
}

func (m *mapStore) Replace(ctx context.Context, key string, version uint64, r runtime.Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch old, ok := m.get(key); {
	case !ok:
		return runtime.ErrNoRecord
	case old.Version != version:
		return runtime.ErrConflict
	}
	m.put(key, r)
	return nil
}

func (m *mapStore) Delete(ctx context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.records, key)
	return nil
}

func (m *mapStore) List(ctx context.Context, principal string, yield func(string, runtime.Record) bool) error {
	all, err := m.list(ctx, principal)
	return each(all, err, yield)
}

// each calls yield with records, unless there was an error.
func each(records map[string]runtime.Record, err error, yield func(string, runtime.Record) bool) error {
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

func (m *mapStore) list(ctx context.Context, principal string) (map[string]runtime.Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := map[string]runtime.Record{}
	for key := range m.records {
		if r, ok := m.get(key); ok && principal != "" && r.Principal == principal && len(r.Data) > 0 {
			r.Data = bytes.Clone(r.Data)
			list[key] = r
		}
	}
	return list, nil
}

func (m *mapStore) DeleteByPrincipal(ctx context.Context, principal string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for key, r := range m.records {
		if principal != "" && r.Principal == principal && len(r.Data) > 0 {
			delete(m.records, key)
		}
	}
	return nil
}

func (m *mapStore) DeleteAll(ctx context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	maps.DeleteFunc(m.records, func(_ string, r runtime.Record) bool { return len(r.Data) > 0 })
	return nil
}
