package storetest_test

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/sessiontest"
	"github.com/sessiongen/sessiongen/runtime/storetest"
)

// A fault makes a correct store break one promise, and names the check that must notice.
type fault struct {
	name, check string
	breaks      func(m *mapStore, f *faulty)
}

// A faulty is a mapStore with some methods replaced.
type faulty struct {
	*mapStore
	load       func(ctx context.Context, key string) (runtime.Record, error)
	insert     func(ctx context.Context, key string, r runtime.Record) error
	replace    func(ctx context.Context, key string, version uint64, r runtime.Record) error
	remove     func(ctx context.Context, key string) error
	list       func(ctx context.Context, principal string) (map[string]runtime.Record, error)
	each       func(records map[string]runtime.Record, err error, yield func(string, runtime.Record) bool) error
	removeMany func(ctx context.Context, principal string) error
	removeAll  func(ctx context.Context) error
}

func (f *faulty) Load(ctx context.Context, key string) (runtime.Record, error) {
	return f.load(ctx, key)
}
func (f *faulty) Insert(ctx context.Context, key string, r runtime.Record) error {
	return f.insert(ctx, key, r)
}
func (f *faulty) Replace(ctx context.Context, key string, version uint64, r runtime.Record) error {
	return f.replace(ctx, key, version, r)
}
func (f *faulty) Delete(ctx context.Context, key string) error { return f.remove(ctx, key) }
func (f *faulty) List(ctx context.Context, principal string, yield func(string, runtime.Record) bool) error {
	all, err := f.list(ctx, principal)
	return f.each(all, err, yield)
}
func (f *faulty) DeleteByPrincipal(ctx context.Context, principal string) error {
	return f.removeMany(ctx, principal)
}
func (f *faulty) DeleteAll(ctx context.Context) error { return f.removeAll(ctx) }

// changed makes a store change the records that it is given.
func changed(change func(*runtime.Record)) func(*mapStore, *faulty) {
	return func(m *mapStore, f *faulty) {
		f.insert = func(ctx context.Context, key string, r runtime.Record) error {
			change(&r)
			return m.Insert(ctx, key, r)
		}
		f.replace = func(ctx context.Context, key string, version uint64, r runtime.Record) error {
			change(&r)
			return m.Replace(ctx, key, version, r)
		}
	}
}

// renamed makes a store use other keys.
func renamed(rename func(string) string) func(*mapStore, *faulty) {
	return func(m *mapStore, f *faulty) {
		f.load = func(ctx context.Context, key string) (runtime.Record, error) { return m.Load(ctx, rename(key)) }
		f.insert = func(ctx context.Context, key string, r runtime.Record) error { return m.Insert(ctx, rename(key), r) }
		f.replace = func(ctx context.Context, key string, version uint64, r runtime.Record) error {
			return m.Replace(ctx, rename(key), version, r)
		}
		f.remove = func(ctx context.Context, key string) error { return m.Delete(ctx, rename(key)) }
	}
}

// ofPrincipals makes a store compare principals in another way.
func ofPrincipals(same func(a, b string) bool) func(*mapStore, *faulty) {
	return func(m *mapStore, f *faulty) {
		f.list = func(ctx context.Context, principal string) (map[string]runtime.Record, error) {
			all := map[string]runtime.Record{}
			m.mu.Lock()
			defer m.mu.Unlock()
			for key := range m.records {
				if r, ok := m.get(key); ok && same(r.Principal, principal) {
					all[key] = r
				}
			}
			return all, nil
		}
	}
}

// misreport makes the methods of a store return other errors.
func misreport(other func(ctx context.Context, err error) error) func(*mapStore, *faulty) {
	return func(m *mapStore, f *faulty) {
		f.load = func(ctx context.Context, key string) (runtime.Record, error) {
			r, err := m.Load(ctx, key)
			return r, other(ctx, err)
		}
		f.replace = func(ctx context.Context, key string, version uint64, r runtime.Record) error {
			return other(ctx, m.Replace(ctx, key, version, r))
		}
		f.list = func(ctx context.Context, principal string) (map[string]runtime.Record, error) {
			list, err := m.list(ctx, principal)
			return list, other(ctx, err)
		}
	}
}

var faults = []fault{
	{"list holds its lock", "list and change", func(m *mapStore, f *faulty) {
		f.each = func(records map[string]runtime.Record, err error, yield func(string, runtime.Record) bool) error {
			m.mu.Lock()
			defer m.mu.Unlock()
			return each(records, err, yield)
		}
	}},
	{"list does not stop", "list in part", func(m *mapStore, f *faulty) {
		f.each = func(records map[string]runtime.Record, err error, yield func(string, runtime.Record) bool) error {
			for key, r := range records {
				yield(key, r)
			}
			return err
		}
	}},
	{"list repeats itself", "list", func(m *mapStore, f *faulty) {
		f.each = func(records map[string]runtime.Record, err error, yield func(string, runtime.Record) bool) error {
			if err = each(records, err, yield); err == nil {
				err = each(records, err, yield)
			}
			return err
		}
	}},
	{"load of nothing succeeds", "missing", func(m *mapStore, f *faulty) {
		f.load = func(ctx context.Context, key string) (runtime.Record, error) {
			r, _ := m.Load(ctx, key)
			return r, nil
		}
	}},
	{"load fails in its own words", "missing", func(m *mapStore, f *faulty) {
		f.load = func(ctx context.Context, key string) (runtime.Record, error) {
			r, err := m.Load(ctx, key)
			if err != nil {
				err = errors.New(err.Error())
			}
			return r, err
		}
	}},
	{"one error for all", "missing", misreport(func(_ context.Context, err error) error {
		if err != nil {
			err = errors.Join(runtime.ErrNoRecord, runtime.ErrConflict)
		}
		return err
	})},
	{"replace makes records", "missing", func(m *mapStore, f *faulty) {
		f.replace = func(ctx context.Context, key string, version uint64, r runtime.Record) error {
			err := m.Replace(ctx, key, version, r)
			if err == runtime.ErrNoRecord {
				err = m.Insert(ctx, key, r)
			}
			return err
		}
	}},
	{"replace makes records and fails", "missing", func(m *mapStore, f *faulty) {
		f.replace = func(ctx context.Context, key string, version uint64, r runtime.Record) error {
			err := m.Replace(ctx, key, version, r)
			if err == runtime.ErrNoRecord {
				m.Insert(ctx, key, r)
			}
			return err
		}
	}},
	{"replace takes a missing record for a conflict", "missing", func(m *mapStore, f *faulty) {
		f.replace = func(ctx context.Context, key string, version uint64, r runtime.Record) error {
			if m.Replace(ctx, key, version, r) != nil {
				return runtime.ErrConflict
			}
			return nil
		}
	}},
	{"delete of nothing fails", "missing", func(m *mapStore, f *faulty) {
		f.remove = func(ctx context.Context, key string) error {
			if _, err := m.Load(ctx, key); err != nil {
				return err
			}
			return m.Delete(ctx, key)
		}
	}},
	{"insert does nothing", "insert", func(m *mapStore, f *faulty) {
		f.insert = func(context.Context, string, runtime.Record) error { return nil }
	}},
	{"one record", "insert", renamed(func(string) string { return "" })},
	{"insert overwrites", "insert conflict", func(m *mapStore, f *faulty) {
		f.insert = func(ctx context.Context, key string, r runtime.Record) error {
			m.Delete(ctx, key)
			return m.Insert(ctx, key, r)
		}
	}},
	{"insert overwrites and fails", "insert conflict", func(m *mapStore, f *faulty) {
		f.insert = func(ctx context.Context, key string, r runtime.Record) error {
			err := m.Insert(ctx, key, r)
			if err != nil {
				m.Delete(ctx, key)
				m.Insert(ctx, key, r)
			}
			return err
		}
	}},
	{"insert ignores what is there", "insert conflict", func(m *mapStore, f *faulty) {
		f.insert = func(ctx context.Context, key string, r runtime.Record) error {
			m.Insert(ctx, key, r)
			return nil
		}
	}},
	{"replace does nothing", "replace", func(m *mapStore, f *faulty) {
		f.replace = func(context.Context, string, uint64, runtime.Record) error { return nil }
	}},
	{"replace of the same data does nothing", "replace", func(m *mapStore, f *faulty) {
		f.replace = func(ctx context.Context, key string, version uint64, r runtime.Record) error {
			if old, err := m.Load(ctx, key); err == nil && old.Version == version && bytes.Equal(old.Data, r.Data) {
				return nil
			}
			return m.Replace(ctx, key, version, r)
		}
	}},
	{"replace counts by itself", "versions", func(m *mapStore, f *faulty) {
		f.replace = func(ctx context.Context, key string, version uint64, r runtime.Record) error {
			r.Version = version + 1
			return m.Replace(ctx, key, version, r)
		}
	}},
	{"replace keeps the expiry", "replace", func(m *mapStore, f *faulty) {
		f.replace = func(ctx context.Context, key string, version uint64, r runtime.Record) error {
			if old, err := m.Load(ctx, key); err == nil {
				r.Expires = old.Expires
			}
			return m.Replace(ctx, key, version, r)
		}
	}},
	{"replace of any version", "replace conflict", func(m *mapStore, f *faulty) {
		f.replace = func(ctx context.Context, key string, version uint64, r runtime.Record) error {
			if old, err := m.Load(ctx, key); err == nil {
				version = old.Version
			}
			return m.Replace(ctx, key, version, r)
		}
	}},
	{"replace of an older version", "replace conflict", func(m *mapStore, f *faulty) {
		f.replace = func(ctx context.Context, key string, version uint64, r runtime.Record) error {
			if old, err := m.Load(ctx, key); err == nil && version >= old.Version {
				version = old.Version
			}
			return m.Replace(ctx, key, version, r)
		}
	}},
	{"replace takes a conflict for a missing record", "replace conflict", func(m *mapStore, f *faulty) {
		f.replace = func(ctx context.Context, key string, version uint64, r runtime.Record) error {
			if m.Replace(ctx, key, version, r) != nil {
				return runtime.ErrNoRecord
			}
			return nil
		}
	}},
	{"delete does nothing", "delete", func(m *mapStore, f *faulty) {
		f.remove = func(context.Context, string) error { return nil }
	}},
	{"delete removes all", "delete", func(m *mapStore, f *faulty) {
		f.remove = func(ctx context.Context, _ string) error { return m.DeleteAll(ctx) }
	}},
	{"deleted keys stay taken", "delete", func(m *mapStore, f *faulty) {
		deleted := map[string]bool{}
		f.remove = func(ctx context.Context, key string) error {
			m.mu.Lock()
			deleted[key] = true
			m.mu.Unlock()
			return m.Delete(ctx, key)
		}
		f.insert = func(ctx context.Context, key string, r runtime.Record) error {
			m.mu.Lock()
			taken := deleted[key]
			m.mu.Unlock()
			if taken {
				return runtime.ErrConflict
			}
			return m.Insert(ctx, key, r)
		}
	}},
	{"versions are floats", "versions", func(m *mapStore, f *faulty) {
		f.replace = func(ctx context.Context, key string, version uint64, r runtime.Record) error {
			if old, err := m.Load(ctx, key); err == nil && float64(old.Version) == float64(version) {
				version = old.Version
			}
			return m.Replace(ctx, key, version, r)
		}
	}},
	{"versions have 32 bits", "versions", changed(func(r *runtime.Record) { r.Version = uint64(uint32(r.Version)) })},
	{"data is a C string", "data", changed(func(r *runtime.Record) { r.Data, _, _ = bytes.Cut(r.Data, []byte{0}) })},
	{"data is text", "data", changed(func(r *runtime.Record) { r.Data = bytes.ToValidUTF8(r.Data, []byte("?")) })},
	{"data is trimmed", "data", changed(func(r *runtime.Record) { r.Data = bytes.TrimRight(r.Data, " ") })},
	{"data has 64 KiB", "data", changed(func(r *runtime.Record) { r.Data = r.Data[:min(len(r.Data), 1<<16)] })},
	{"data gets lines of Unix", "data", changed(func(r *runtime.Record) { r.Data = bytes.ReplaceAll(r.Data, []byte("\r\n"), []byte("\n")) })},
	{"short data stays long", "data", func(m *mapStore, f *faulty) {
		f.replace = func(ctx context.Context, key string, version uint64, r runtime.Record) error {
			if old, err := m.Load(ctx, key); err == nil && len(old.Data) > len(r.Data) {
				r.Data = append(bytes.Clone(r.Data), old.Data[len(r.Data):]...)
			}
			return m.Replace(ctx, key, version, r)
		}
	}},
	{"keys without case", "keys", renamed(strings.ToLower)},
	{"keys are cut", "keys", renamed(func(key string) string { return key[:min(len(key), 63)] })},
	{"keys are file names", "keys", renamed(func(key string) string { return strings.ReplaceAll(key, "-", "_") })},
	{"keys are numbers", "keys", renamed(func(key string) string { return strings.TrimLeft(key, "0") })},
	{"delete of a prefix", "keys", func(m *mapStore, f *faulty) {
		f.remove = func(_ context.Context, key string) error {
			m.mu.Lock()
			defer m.mu.Unlock()
			maps.DeleteFunc(m.records, func(k string, _ runtime.Record) bool { return strings.HasPrefix(k, key) })
			return nil
		}
	}},
	{"insert keeps the slice", "copies", func(m *mapStore, f *faulty) {
		f.insert = func(ctx context.Context, key string, r runtime.Record) error {
			err := m.Insert(ctx, key, r)
			if err == nil {
				m.mu.Lock()
				m.records[key] = r
				m.mu.Unlock()
			}
			return err
		}
	}},
	{"replace keeps the slice", "copies", func(m *mapStore, f *faulty) {
		f.replace = func(ctx context.Context, key string, version uint64, r runtime.Record) error {
			err := m.Replace(ctx, key, version, r)
			if err == nil {
				m.mu.Lock()
				m.records[key] = r
				m.mu.Unlock()
			}
			return err
		}
	}},
	{"load hands out its slice", "copies", func(m *mapStore, f *faulty) {
		f.load = func(_ context.Context, key string) (runtime.Record, error) {
			m.mu.Lock()
			defer m.mu.Unlock()
			if r, ok := m.get(key); ok {
				return r, nil
			}
			return runtime.Record{}, runtime.ErrNoRecord
		}
	}},
	{"list hands out its slices", "list copies", ofPrincipals(func(a, b string) bool { return a == b && b != "" })},
	{"time ends in 2038", "far expiry", changed(func(r *runtime.Record) { r.Expires = time.Unix(int64(int32(r.Expires.Unix())), 0) })},
	{"time without a zone", "far expiry", changed(func(r *runtime.Record) {
		r.Expires, _ = time.Parse(time.DateTime, r.Expires.Format(time.DateTime))
	})},
	{"time to live of at least a minute", "already expired", func(m *mapStore, f *faulty) {
		changed(func(r *runtime.Record) {
			if least := m.now().Add(time.Minute).Truncate(time.Second); r.Expires.Before(least) {
				r.Expires = least
			}
		})(m, f)
	}},
	{"records never expire", "expiry", func(m *mapStore, _ *faulty) {
		start := m.now()
		m.now = func() time.Time { return start }
	}},
	{"expired records are loaded", "already expired", func(m *mapStore, f *faulty) {
		f.load = func(_ context.Context, key string) (runtime.Record, error) {
			m.mu.Lock()
			defer m.mu.Unlock()
			if r, ok := m.records[key]; ok {
				r.Data = bytes.Clone(r.Data)
				return r, nil
			}
			return runtime.Record{}, runtime.ErrNoRecord
		}
	}},
	{"expired records take keys", "expiry", func(m *mapStore, f *faulty) {
		f.insert = func(ctx context.Context, key string, r runtime.Record) error {
			m.mu.Lock()
			_, ok := m.records[key]
			m.mu.Unlock()
			if ok {
				return runtime.ErrConflict
			}
			return m.Insert(ctx, key, r)
		}
	}},
	{"expired records are replaced", "expiry", func(m *mapStore, f *faulty) {
		f.replace = func(_ context.Context, key string, version uint64, r runtime.Record) error {
			m.mu.Lock()
			defer m.mu.Unlock()
			switch old, ok := m.records[key]; {
			case !ok:
				return runtime.ErrNoRecord
			case old.Version != version:
				return runtime.ErrConflict
			}
			m.put(key, r)
			return nil
		}
	}},
	{"expired records conflict", "expiry", func(m *mapStore, f *faulty) {
		f.replace = func(ctx context.Context, key string, version uint64, r runtime.Record) error {
			m.mu.Lock()
			old, ok := m.records[key]
			m.mu.Unlock()
			if ok && old.Version != version {
				return runtime.ErrConflict
			}
			return m.Replace(ctx, key, version, r)
		}
	}},
	{"a failed insert changes the expiry", "expiry", func(m *mapStore, f *faulty) {
		f.insert = func(ctx context.Context, key string, r runtime.Record) error {
			err := m.Insert(ctx, key, r)
			if err != nil {
				m.mu.Lock()
				old := m.records[key]
				old.Expires = r.Expires
				m.records[key] = old
				m.mu.Unlock()
			}
			return err
		}
	}},
	{"expired records are listed", "expiry and principals", func(m *mapStore, f *faulty) {
		f.list = func(_ context.Context, principal string) (map[string]runtime.Record, error) {
			m.mu.Lock()
			defer m.mu.Unlock()
			list := map[string]runtime.Record{}
			for key, r := range m.records {
				if principal != "" && r.Principal == principal {
					r.Data = bytes.Clone(r.Data)
					list[key] = r
				}
			}
			return list, nil
		}
	}},
	{"the index keeps whose an expired record was", "expiry and principals", stale(func(old, r runtime.Record) bool { return old.Version == r.Version })},
	{"the index keeps whose a record was", "move to a principal", stale(func(old, r runtime.Record) bool { return old.Version != r.Version })},
	{"list of nothing fails", "list", func(m *mapStore, f *faulty) {
		f.list = func(ctx context.Context, principal string) (map[string]runtime.Record, error) {
			list, _ := m.list(ctx, principal)
			if len(list) == 0 {
				return nil, runtime.ErrNoRecord
			}
			return list, nil
		}
	}},
	{"list of everybody", "list", ofPrincipals(func(_, b string) bool { return b != "" })},
	{"list without data", "list", func(m *mapStore, f *faulty) {
		f.list = func(ctx context.Context, principal string) (map[string]runtime.Record, error) {
			list, err := m.list(ctx, principal)
			for key, r := range list {
				r.Data = nil
				list[key] = r
			}
			return list, err
		}
	}},
	{"list without principals", "list", func(m *mapStore, f *faulty) {
		f.list = func(ctx context.Context, principal string) (map[string]runtime.Record, error) {
			list, err := m.list(ctx, principal)
			for key, r := range list {
				r.Principal = ""
				list[key] = r
			}
			return list, err
		}
	}},
	{"list of a page", "list many", func(m *mapStore, f *faulty) {
		f.list = func(ctx context.Context, principal string) (map[string]runtime.Record, error) {
			list, err := m.list(ctx, principal)
			for key := range list {
				if len(list) > 100 {
					delete(list, key)
				}
			}
			return list, err
		}
	}},
	{"delete by principal of a page", "list many", func(m *mapStore, f *faulty) {
		f.removeMany = func(ctx context.Context, principal string) error {
			list, err := m.list(ctx, principal)
			n := 0
			for key := range list {
				if n++; n <= 100 {
					m.Delete(ctx, key)
				}
			}
			return err
		}
	}},
	{"delete of a page", "list many", func(m *mapStore, f *faulty) {
		f.removeAll = func(context.Context) error {
			m.mu.Lock()
			defer m.mu.Unlock()
			n := 0
			maps.DeleteFunc(m.records, func(string, runtime.Record) bool { n++; return n <= 100 })
			return nil
		}
	}},
	{"nobody is somebody", "no principal", ofPrincipals(func(a, b string) bool { return a == b })},
	{"delete by no principal", "no principal", func(m *mapStore, f *faulty) {
		f.removeMany = func(_ context.Context, principal string) error {
			m.mu.Lock()
			defer m.mu.Unlock()
			maps.DeleteFunc(m.records, func(_ string, r runtime.Record) bool { return r.Principal == principal })
			return nil
		}
	}},
	{"records stay with their principal", "move to a principal", func(m *mapStore, f *faulty) {
		f.replace = func(ctx context.Context, key string, version uint64, r runtime.Record) error {
			if old, err := m.Load(ctx, key); err == nil && old.Principal != "" {
				r.Principal = old.Principal
			}
			return m.Replace(ctx, key, version, r)
		}
	}},
	{"delete by principal does nothing", "delete by principal", func(m *mapStore, f *faulty) {
		f.removeMany = func(context.Context, string) error { return nil }
	}},
	{"delete by principal removes all", "delete by principal", func(m *mapStore, f *faulty) {
		f.removeMany = func(ctx context.Context, _ string) error { return m.DeleteAll(ctx) }
	}},
	{"delete by principal of nothing fails", "delete by principal", func(m *mapStore, f *faulty) {
		f.removeMany = func(ctx context.Context, principal string) error {
			if list, _ := m.list(ctx, principal); len(list) == 0 {
				return runtime.ErrNoRecord
			}
			return m.DeleteByPrincipal(ctx, principal)
		}
	}},
	{"principals without case", "principals", ofPrincipals(func(a, b string) bool { return b != "" && strings.EqualFold(a, b) })},
	{"delete by principals without case", "principals", func(m *mapStore, f *faulty) {
		f.removeMany = func(_ context.Context, principal string) error {
			m.mu.Lock()
			defer m.mu.Unlock()
			maps.DeleteFunc(m.records, func(_ string, r runtime.Record) bool {
				return principal != "" && strings.EqualFold(r.Principal, principal)
			})
			return nil
		}
	}},
	{"keys are principals too", "principals", func(m *mapStore, f *faulty) {
		f.removeMany = func(ctx context.Context, principal string) error {
			if principal != "" {
				m.Delete(ctx, principal)
			}
			return m.DeleteByPrincipal(ctx, principal)
		}
	}},
	{"delete all does nothing", "delete all", func(m *mapStore, f *faulty) {
		f.removeAll = func(context.Context) error { return nil }
	}},
	{"delete all leaves nobody's records", "delete all", func(m *mapStore, f *faulty) {
		f.removeAll = func(context.Context) error {
			m.mu.Lock()
			defer m.mu.Unlock()
			maps.DeleteFunc(m.records, func(_ string, r runtime.Record) bool { return r.Principal != "" })
			return nil
		}
	}},
	{"delete all deletes what says what was revoked", "no data", func(m *mapStore, f *faulty) {
		f.removeAll = func(context.Context) error {
			m.mu.Lock()
			defer m.mu.Unlock()
			clear(m.records)
			return nil
		}
	}},
	{"delete by principal deletes what says what was revoked", "no data", func(m *mapStore, f *faulty) {
		f.removeMany = func(_ context.Context, principal string) error {
			m.mu.Lock()
			defer m.mu.Unlock()
			maps.DeleteFunc(m.records, func(_ string, r runtime.Record) bool { return principal != "" && r.Principal == principal })
			return nil
		}
	}},
	{"what says what was revoked is listed", "no data", ofPrincipals(func(a, b string) bool { return b != "" && a == b })},
	{"delete by principal fails while others begin sessions", "sweeps", func(m *mapStore, f *faulty) {
		f.removeMany = func(ctx context.Context, principal string) error {
			for range 2 {
				if err := m.DeleteByPrincipal(ctx, principal); err != nil {
					return err
				}
				pause()
				if left, _ := m.list(ctx, principal); len(left) == 0 {
					return nil
				}
			}
			return errors.New("sessions are left")
		}
	}},
	{"a context that ended is a missing record", "ended context", misreport(func(ctx context.Context, err error) error {
		if ctx.Err() != nil {
			return runtime.ErrNoRecord
		}
		return err
	})},
	{"a context that ended is a success", "ended context", func(m *mapStore, f *faulty) {
		f.remove = func(ctx context.Context, key string) error {
			if ctx.Err() != nil {
				return nil
			}
			return m.Delete(ctx, key)
		}
	}},
	{"a context that ended breaks the store", "ended context", func(m *mapStore, f *faulty) {
		var broken error
		f.insert = func(ctx context.Context, key string, r runtime.Record) error {
			m.mu.Lock()
			if broken == nil {
				broken = ctx.Err()
			}
			err := broken
			m.mu.Unlock()
			if err != nil {
				return err
			}
			return m.Insert(ctx, key, r)
		}
	}},
	{"a context that ended lists nothing", "ended context and principals", func(m *mapStore, f *faulty) {
		f.list = func(ctx context.Context, principal string) (map[string]runtime.Record, error) {
			if ctx.Err() != nil {
				return nil, nil
			}
			return m.list(ctx, principal)
		}
	}},
	{"a context that ended deletes nothing", "ended context and principals", func(m *mapStore, f *faulty) {
		f.removeMany = func(ctx context.Context, principal string) error {
			if ctx.Err() != nil {
				return nil
			}
			return m.DeleteByPrincipal(ctx, principal)
		}
	}},
	{"a context that ended deletes not all", "ended context and principals", func(m *mapStore, f *faulty) {
		f.removeAll = func(ctx context.Context) error {
			if ctx.Err() != nil {
				return nil
			}
			return m.DeleteAll(ctx)
		}
	}},
	{"a context that ends is a conflict", "context that ends", func(m *mapStore, f *faulty) {
		f.replace = func(ctx context.Context, key string, version uint64, r runtime.Record) error {
			before := ctx.Err()
			time.Sleep(10 * time.Microsecond)
			if before == nil && ctx.Err() != nil {
				return runtime.ErrConflict
			}
			return m.Replace(ctx, key, version, r)
		}
	}},
	{"a context that ends leaves half a record", "context that ends", func(m *mapStore, f *faulty) {
		f.replace = func(ctx context.Context, key string, version uint64, r runtime.Record) error {
			before := ctx.Err()
			time.Sleep(10 * time.Microsecond)
			if err := ctx.Err(); before == nil && err != nil {
				r.Data = r.Data[:len(r.Data)/2]
				m.Replace(ctx, key, version, r)
				return err
			}
			return m.Replace(ctx, key, version, r)
		}
	}},
	{"replace in two steps", "concurrent counter", func(m *mapStore, f *faulty) {
		f.replace = func(ctx context.Context, key string, version uint64, r runtime.Record) error {
			switch old, err := m.Load(ctx, key); {
			case err != nil:
				return err
			case old.Version != version:
				return runtime.ErrConflict
			}
			pause()
			m.mu.Lock()
			defer m.mu.Unlock()
			if _, ok := m.get(key); ok {
				m.put(key, r)
				return nil
			}
			return runtime.ErrNoRecord
		}
	}},
	{"a lock is a conflict", "concurrent counter", func(m *mapStore, f *faulty) {
		var lock sync.Mutex
		f.replace = func(ctx context.Context, key string, version uint64, r runtime.Record) error {
			if !lock.TryLock() {
				return runtime.ErrConflict
			}
			defer lock.Unlock()
			pause()
			return m.Replace(ctx, key, version, r)
		}
	}},
	{"a lock is an error", "concurrent counter", func(m *mapStore, f *faulty) {
		var lock sync.Mutex
		f.replace = func(ctx context.Context, key string, version uint64, r runtime.Record) error {
			if !lock.TryLock() {
				return errors.New("locked")
			}
			defer lock.Unlock()
			pause()
			return m.Replace(ctx, key, version, r)
		}
	}},
	{"insert in two steps", "concurrent insert", func(m *mapStore, f *faulty) {
		f.insert = func(ctx context.Context, key string, r runtime.Record) error {
			if _, err := m.Load(ctx, key); err == nil {
				return runtime.ErrConflict
			}
			pause()
			m.mu.Lock()
			defer m.mu.Unlock()
			m.put(key, r)
			return nil
		}
	}},
	{"insert over expired in two steps", "concurrent insert over expired", func(m *mapStore, f *faulty) {
		f.insert = func(ctx context.Context, key string, r runtime.Record) error {
			m.mu.Lock()
			_, there := m.records[key]
			_, alive := m.get(key)
			m.mu.Unlock()
			if there && !alive {
				pause()
				m.Delete(ctx, key)
			}
			return m.Insert(ctx, key, r)
		}
	}},
	{"replace revives", "concurrent delete", revives},
	{"replace revives the principal's", "concurrent delete by principal", revives},
	{"replace revives all", "concurrent delete all", revives},
	{"the index is not moved at once", "concurrent moves", func(m *mapStore, f *faulty) {
		index := map[string]string{}
		f.insert = func(ctx context.Context, key string, r runtime.Record) error {
			err := m.Insert(ctx, key, r)
			if err == nil {
				m.mu.Lock()
				index[key] = r.Principal
				m.mu.Unlock()
			}
			return err
		}
		f.replace = func(ctx context.Context, key string, version uint64, r runtime.Record) error {
			err := m.Replace(ctx, key, version, r)
			if err == nil {
				pause()
				m.mu.Lock()
				index[key] = r.Principal
				m.mu.Unlock()
			}
			return err
		}
		f.list = func(_ context.Context, principal string) (map[string]runtime.Record, error) {
			m.mu.Lock()
			defer m.mu.Unlock()
			list := map[string]runtime.Record{}
			for key, p := range index {
				if r, ok := m.get(key); ok && p == principal && p != "" {
					list[key] = r
				}
			}
			return list, nil
		}
	}},
	{"list unsupported, but no error", "unlisted", func(m *mapStore, f *faulty) {
		unsupported(f)
		f.list = func(context.Context, string) (map[string]runtime.Record, error) { return nil, nil }
	}},
	{"delete by principal unsupported, but no error", "unlisted", func(m *mapStore, f *faulty) {
		unsupported(f)
		f.removeMany = func(context.Context, string) error { return nil }
	}},
	{"delete all unsupported, but half done", "unlisted", func(m *mapStore, f *faulty) {
		unsupported(f)
		f.removeAll = func(ctx context.Context) error {
			m.DeleteAll(ctx)
			return errors.ErrUnsupported
		}
	}},
	{"one buffer for all", "parallel keys", func(m *mapStore, f *faulty) {
		buffer := make([]byte, 1<<20)
		f.load = func(ctx context.Context, key string) (runtime.Record, error) {
			r, err := m.Load(ctx, key)
			m.mu.Lock()
			n := copy(buffer, r.Data)
			m.mu.Unlock()
			pause()
			m.mu.Lock()
			r.Data = bytes.Clone(buffer[:n])
			m.mu.Unlock()
			return r, err
		}
	}},
}

// unsupported makes a store unable to list.
func unsupported(f *faulty) {
	f.list = func(context.Context, string) (map[string]runtime.Record, error) { return nil, errors.ErrUnsupported }
	f.removeMany = func(context.Context, string) error { return errors.ErrUnsupported }
	f.removeAll = func(context.Context) error { return errors.ErrUnsupported }
}

// stale makes a store still find a replaced record by its former principal, if keeps says so.
func stale(keeps func(old, r runtime.Record) bool) func(*mapStore, *faulty) {
	return func(m *mapStore, f *faulty) {
		former := map[string]string{}
		note := func(key string, r runtime.Record) {
			m.mu.Lock()
			defer m.mu.Unlock()
			if old, ok := m.records[key]; ok && keeps(old, r) && old.Principal != r.Principal {
				former[key] = old.Principal
			}
		}
		f.insert = func(ctx context.Context, key string, r runtime.Record) error {
			note(key, r)
			return m.Insert(ctx, key, r)
		}
		f.replace = func(ctx context.Context, key string, version uint64, r runtime.Record) error {
			note(key, r)
			return m.Replace(ctx, key, version, r)
		}
		f.removeMany = func(ctx context.Context, principal string) error {
			m.mu.Lock()
			for key, p := range former {
				if p == principal && p != "" {
					delete(m.records, key)
				}
			}
			m.mu.Unlock()
			return m.DeleteByPrincipal(ctx, principal)
		}
	}
}

// revives makes Replace check first and write later, which is not atomic.
func revives(m *mapStore, f *faulty) {
	f.replace = func(ctx context.Context, key string, version uint64, r runtime.Record) error {
		old, err := m.Load(ctx, key)
		if err != nil {
			return err
		}
		if old.Version != version {
			return runtime.ErrConflict
		}
		pause()
		m.mu.Lock()
		defer m.mu.Unlock()
		m.put(key, r)
		return nil
	}
}

// pause lets others run.
func pause() { time.Sleep(50 * time.Microsecond) }

const faultsEnv = "STORETEST_FAULTS"

// TestFaults runs TestFaulty in another process, because its tests must fail.
func TestFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("this test runs every check on every wrong store")
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestFaulty$", "-test.v", "-test.timeout=5m")
	cmd.Env = append(os.Environ(), faultsEnv+"=1")
	out, _ := cmd.CombinedOutput()
	if strings.Contains(string(out), "panic:") || strings.Contains(string(out), "DATA RACE") {
		t.Fatalf("the stores failed for another reason:\n%s", out)
	}
	seen := map[string]bool{}
	for _, fault := range faults {
		seen[fault.check] = true
		failed := "--- FAIL: TestFaulty/" + strings.ReplaceAll(fault.name+"/"+fault.check, " ", "_") + " "
		if !strings.Contains(string(out), failed) {
			t.Errorf("%s: the check %q does not notice", fault.name, fault.check)
		}
	}
	// A check that no fault fails may be unable to fail.
	for _, check := range storetest.Checks() {
		if !seen[check] {
			t.Errorf("no fault fails the check %q", check)
		}
	}
	if t.Failed() {
		t.Logf("%s", out)
	}
}

// TestFaulty runs in the process of TestFaults.
func TestFaulty(t *testing.T) {
	if os.Getenv(faultsEnv) == "" {
		return
	}
	for _, fault := range faults {
		clock := sessiontest.NewClock(time.Now())
		t.Run(fault.name, func(t *testing.T) {
			storetest.RunCheck(t, fault.check, func(*testing.T) runtime.Store {
				m := newMapStore(clock.Now)
				f := &faulty{m, m.Load, m.Insert, m.Replace, m.Delete, m.list, each, m.DeleteByPrincipal, m.DeleteAll}
				fault.breaks(m, f)
				return f
			}, storetest.Clock(clock.Now, clock.Advance), storetest.Impatient())
		})
	}
}
