package storetest

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// If its context ends, a method may succeed or fail, but its answer must not be wrong: a manager
// takes ErrNoRecord to mean that the session is gone.

func endedContext(k *kit) {
	for range 20 {
		key, none := name(), name()
		r := k.record(1, name(), "1")
		k.put(key, r)

		got, err := k.Load(k.ended(), key)
		if k.notOf("Load", err); err == nil && differ(got, r) != "" {
			k.Fatalf("Load with an ended context: %s", differ(got, r))
		}
		if _, err = k.Load(k.ended(), none); !failed(err) && !is(err, runtime.ErrNoRecord) {
			k.Fatalf("Load of no record with an ended context: error %v", err)
		}
		if err = k.Insert(k.ended(), key, k.record(1, "", "2")); !failed(err) && !is(err, runtime.ErrConflict) {
			k.Fatalf("Insert with an ended context for a key that has a record: error %v", err)
		}
		k.has(key, r)

		next := k.record(2, "", "2")
		err = k.Replace(k.ended(), key, 1, next)
		k.notOf("Replace", err)
		k.eitherOr("Replace", key, err, r, next)

		err = k.Insert(k.ended(), none, r)
		if k.notOf("Insert", err); err == nil {
			k.has(none, r)
		}
		err = k.Delete(k.ended(), key)
		if k.notOf("Delete", err); err == nil {
			k.hasNot(key)
		}
	}
	// The store works again afterwards.
	key := name()
	r := k.record(1, "", "1")
	k.put(key, r)
	k.has(key, r)
}

func endedContextPrincipals(k *kit) {
	key, p := name(), name()
	r := k.record(1, p, "1")
	k.put(key, r)
	for range 5 {
		got, err := List(k.ended(), k.Store, p)
		if k.notOf("List", err); err == nil && len(got) != 1 {
			k.Fatalf("List with an ended context: %d records, want 1 or an error", len(got))
		}
	}
	err := k.DeleteByPrincipal(k.ended(), p)
	if k.notOf("DeleteByPrincipal", err); err == nil {
		k.hasNot(key)
	}
	key = name()
	k.put(key, r)
	err = k.DeleteAll(k.ended())
	if k.notOf("DeleteAll", err); err == nil {
		k.hasNot(key)
	}
}

func endingContext(k *kit) {
	for range 100 {
		// A call of an earlier round may still take effect, so each round has its own key.
		key := name()
		r := k.record(1, "", "1")
		k.put(key, r)
		ctx, cancel := context.WithCancel(k.Context())
		timer := time.AfterFunc(time.Duration(rand.IntN(1000))*time.Microsecond, cancel)
		for ctx.Err() == nil {
			got, err := k.Load(ctx, key)
			if k.notOf("Load", err); err == nil && differ(got, r) != "" {
				k.Fatalf("Load while the context ends: %s", differ(got, r))
			}
			next := k.record(r.Version+1, "", name())
			if err = k.Replace(ctx, key, r.Version, next); err != nil {
				k.notOf("Replace", err)
				k.eitherOr("Replace", key, err, r, next)
				break
			}
			k.has(key, next)
			r = next
		}
		timer.Stop()
		cancel()
	}
}

// notOf fails the test if err does not mean that the store failed.
func (k *kit) notOf(what string, err error) {
	k.Helper()
	if err != nil && !failed(err) {
		k.Fatalf("%s with a context that ends: got %v, which is a wrong answer", what, err)
	}
}

// eitherOr fails the test unless the key has the record next, or err is not nil and the key has the
// record before.
func (k *kit) eitherOr(what, key string, err error, before, next runtime.Record) {
	k.Helper()
	got, loadErr := k.Load(k.Context(), key)
	k.want("Load", loadErr, nil)
	if differ(got, next) != "" && (err == nil || differ(got, before) != "") {
		k.Fatalf("%s with a context that ends returned %v: %s", what, err, differ(got, next))
	}
}
