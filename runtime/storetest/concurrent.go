package storetest

import (
	"encoding/binary"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

const workers = 8 // goroutines in a check

// rounds returns how often a check tries for an unlucky order.
func rounds() int {
	if testing.Short() {
		return 5
	}
	return 25
}

// No change is lost. A conflict means that another change came first.
func counter(k *kit) {
	const each = 40
	key := name()
	r := k.record(1, "", "")
	r.Data = binary.BigEndian.AppendUint64(nil, 0)
	k.put(key, r)
	all(workers, func(int) {
		for range each {
			if !k.increment(key) {
				return
			}
		}
	})
	got, err := k.Load(k.Context(), key)
	k.want("Load", err, nil)
	if n := binary.BigEndian.Uint64(got.Data); n != workers*each || got.Version != n+1 {
		k.Fatalf("after %d increments the counter is %d, its version %d", workers*each, n, got.Version)
	}
}

// increment adds one to a counter. It returns false if the test has failed.
func (k *kit) increment(key string) bool {
	for last := uint64(0); ; {
		r, err := k.Load(k.Context(), key)
		if err != nil || len(r.Data) != 8 {
			k.Errorf("Load: error %v, %d bytes of data", err, len(r.Data))
			return false
		}
		if r.Version == last {
			k.Errorf("Replace of version %d: got ErrConflict, but the record has that version", last)
			return false
		}
		n := binary.BigEndian.Uint64(r.Data)
		if r.Version != n+1 {
			k.Errorf("version %d with the data of version %d", r.Version, n+1)
			return false
		}
		next := r
		next.Version++
		next.Data = binary.BigEndian.AppendUint64(nil, n+1)
		if err = k.Replace(k.Context(), key, r.Version, next); err == nil {
			return true
		}
		if !is(err, runtime.ErrConflict) {
			k.Errorf("Replace: error %v, want nil or ErrConflict", err)
			return false
		}
		last = r.Version
	}
}

func concurrentInsert(k *kit) {
	for range rounds() {
		key := name()
		k.oneInsert(key)
	}
}

func concurrentInsertExpired(k *kit) {
	for range rounds() {
		key := name()
		past := k.record(1, "", "past")
		past.Expires = k.in(-time.Minute)
		k.put(key, past)
		k.oneInsert(key)
	}
}

// oneInsert fails the test unless exactly one of several Inserts succeeds.
func (k *kit) oneInsert(key string) {
	k.Helper()
	var errs [workers]error
	records := make([]runtime.Record, workers)
	all(workers, func(i int) {
		records[i] = k.record(1, "", fmt.Sprint("of worker ", i))
		errs[i] = k.Insert(k.Context(), key, records[i])
	})
	winner := -1
	for i, err := range errs {
		if k.want("concurrent Insert", err, nil, runtime.ErrConflict); err != nil {
			continue
		}
		if winner >= 0 {
			k.Fatal("two concurrent Inserts of a key succeeded")
		}
		winner = i
	}
	if winner < 0 {
		k.Fatal("none of the concurrent Inserts of a key succeeded")
	}
	k.has(key, records[winner])
}

func concurrentDelete(k *kit) {
	k.neverRevived(func(key, _ string) error { return k.Delete(k.Context(), key) })
}

func concurrentDeleteByPrincipal(k *kit) {
	k.neverRevived(func(_, p string) error { return k.DeleteByPrincipal(k.Context(), p) })
}

func concurrentDeleteAll(k *kit) {
	k.neverRevived(func(_, _ string) error { return k.DeleteAll(k.Context()) })
}

// neverRevived fails the test if a record exists after it was deleted while others replaced it again
// and again.
func (k *kit) neverRevived(del func(key, principal string) error) {
	for round := range 2 * rounds() {
		key, p := name(), name()
		k.put(key, k.record(1, p, "1"))
		var replaced atomic.Int64
		var deleted atomic.Bool
		var errs [workers]error
		all(workers, func(i int) {
			if i > 0 {
				errs[i] = k.touchUntil(&deleted, key, &replaced)
				return
			}
			// In most rounds, wait until the others are replacing.
			for replaced.Load() < int64(round%5) {
				time.Sleep(10 * time.Microsecond)
			}
			errs[i] = del(key, p)
			deleted.Store(true)
		})
		k.want("concurrent delete", errs[0], nil)
		for _, err := range errs[1:] {
			k.want("Load or Replace of a record that is deleted", err, runtime.ErrNoRecord)
		}
		k.hasNot(key)
		if !k.unlisted {
			k.lists(p, nil)
		}
	}
}

// touchUntil touches a record until it is deleted, and returns the result of the last attempt. It
// counts the successful ones.
func (k *kit) touchUntil(deleted *atomic.Bool, key string, replaced *atomic.Int64) error {
	for {
		last := deleted.Load()
		err := k.touch(key)
		if err == nil {
			replaced.Add(1)
		}
		if last || err != nil && !is(err, runtime.ErrConflict) {
			// Whatever err is, the deleting goroutine must not wait.
			replaced.Add(int64(rounds()))
			return err
		}
	}
}

// touch replaces a record by one with the next version.
func (k *kit) touch(key string) error {
	r, err := k.Load(k.Context(), key)
	if err != nil {
		return err
	}
	version := r.Version
	r.Version++
	return k.Replace(k.Context(), key, version, r)
}

// A principal's list agrees with the records after they have moved between principals.
func concurrentMoves(k *kit) {
	for range rounds() {
		key := name()
		of := []string{name(), name(), ""}
		k.put(key, k.record(1, of[0], "1"))
		var errs [workers]error
		all(workers, func(i int) { errs[i] = k.moveAbout(key, of, i) })
		for _, err := range errs {
			k.want("Load or Replace", err, nil)
		}
		r, err := k.Load(k.Context(), key)
		k.want("Load", err, nil)
		if r.Version != 4*workers+1 {
			k.Fatalf("after %d changes the version is %d", 4*workers, r.Version)
		}
		for _, p := range of {
			if p != "" && p == r.Principal {
				k.lists(p, map[string]runtime.Record{key: r})
			} else {
				k.lists(p, nil)
			}
		}
	}
}

// moveAbout gives a record to one principal after the other, four times.
func (k *kit) moveAbout(key string, of []string, first int) error {
	for done := 0; done < 4; {
		r, err := k.Load(k.Context(), key)
		if err == nil {
			version := r.Version
			r.Version++
			r.Principal = of[(first+done)%len(of)]
			err = k.Replace(k.Context(), key, version, r)
		}
		switch {
		case err == nil:
			done++
		case !is(err, runtime.ErrConflict):
			return err
		}
	}
	return nil
}

func parallelKeys(k *kit) {
	var errs [workers]error
	all(workers, func(i int) {
		for range rounds() {
			if errs[i] = k.alone(i); errs[i] != nil {
				return
			}
		}
	})
	for _, err := range errs {
		k.want("on a key of its own", err, nil)
	}
}

// alone uses a key that no other goroutine uses.
func (k *kit) alone(worker int) error {
	ctx, key := k.Context(), name()
	r := k.record(1, "", fmt.Sprint("inserted by ", worker))
	if err := k.Insert(ctx, key, r); err != nil {
		return fmt.Errorf("of Insert: %w", err)
	}
	for range 3 {
		got, err := k.Load(ctx, key)
		if err != nil {
			return fmt.Errorf("of Load: %w", err)
		}
		if diff := differ(got, r); diff != "" {
			return fmt.Errorf("of Load: %s", diff)
		}
		version := r.Version
		r.Version++
		r.Data = fmt.Append(nil, "replaced by ", worker)
		if err := k.Replace(ctx, key, version, r); err != nil {
			return fmt.Errorf("of Replace: %w", err)
		}
	}
	if err := k.Delete(ctx, key); err != nil {
		return fmt.Errorf("of Delete: %w", err)
	}
	if _, err := k.Load(ctx, key); !is(err, runtime.ErrNoRecord) {
		return fmt.Errorf("of Load after Delete: %v", err)
	}
	return nil
}
