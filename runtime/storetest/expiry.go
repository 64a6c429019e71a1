package storetest

import (
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// soon returns an expiry for a record that wait waits for.
func (k *kit) soon() time.Time { return k.in(3 * time.Second) }

// wait waits until a record with this expiry has expired, also in stores that count whole seconds.
func (k *kit) wait(expires time.Time) {
	k.advance(expires.Sub(k.now()) + 1200*time.Millisecond)
}

func farExpiry(k *kit) {
	for _, expires := range []time.Time{
		k.in(400 * 24 * time.Hour),
		time.Date(2038, 1, 19, 3, 14, 8, 0, time.UTC),
		time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC),
		k.in(time.Hour).In(time.FixedZone("", 5*60*60+45*60)),
	} {
		if !expires.After(k.now()) {
			continue
		}
		key := name()
		r := k.record(1, name(), "1")
		r.Expires = expires
		k.put(key, r)
		k.has(key, r)
		r.Version = 2
		k.swap(key, 1, r)
		k.has(key, r)
	}
}

// absent fails the test unless all methods treat the record as absent.
func (k *kit) absent(key string) {
	k.Helper()
	k.hasNot(key)
	for _, version := range []uint64{1, 2} {
		k.want("Replace of an expired record", k.Replace(k.Context(), key, version, k.record(3, "", "new")), runtime.ErrNoRecord)
	}
	k.hasNot(key)
	k.want("Delete of an expired record", k.Delete(k.Context(), key), nil)
	k.hasNot(key)
}

func alreadyExpired(k *kit) {
	for _, ago := range []time.Duration{5 * time.Second, time.Hour, 10 * 365 * 24 * time.Hour} {
		past := k.record(1, name(), "past")
		past.Expires = k.in(-ago)

		key := name()
		k.put(key, past)
		k.absent(key)

		key = name()
		k.put(key, past)
		r := k.record(1, "", "new")
		k.put(key, r)
		k.has(key, r)

		past.Version = 2
		k.swap(key, 1, past)
		k.absent(key)
	}
}

func expiry(k *kit) {
	soon := k.soon()
	short := func(version uint64) runtime.Record {
		r := k.record(version, "", "short")
		r.Expires = soon
		return r
	}
	inserted, shortened, overwritten, prolonged, stays := name(), name(), name(), name(), name()
	k.put(inserted, short(1))
	k.put(overwritten, short(1))

	k.put(shortened, k.record(1, "", "long"))
	k.swap(shortened, 1, short(2))
	k.has(shortened, short(2))

	k.put(prolonged, short(1))
	long := k.record(2, "", "long")
	k.swap(prolonged, 1, long)

	k.put(stays, long)
	k.want("Insert for a key that has a record", k.Insert(k.Context(), stays, short(1)), runtime.ErrConflict)
	k.want("Replace of another version", k.Replace(k.Context(), stays, 1, short(2)), runtime.ErrConflict)

	k.wait(soon)
	k.absent(inserted)
	k.absent(shortened)
	again := k.record(1, "", "again")
	k.put(overwritten, again)
	k.has(overwritten, again)
	k.has(prolonged, long)
	k.has(stays, long)
}

func expiryPrincipals(k *kit) {
	soon := k.soon()
	p, q := name(), name()
	short := k.record(1, p, "short")
	short.Expires = soon
	long := k.record(1, p, "long")
	gone, stays, taken, prolonged := name(), name(), name(), name()
	k.put(gone, short)
	k.put(stays, long)
	k.put(taken, short)
	k.put(prolonged, short)
	next := k.record(2, p, "next")
	k.swap(prolonged, 1, next)
	past := k.record(1, p, "past")
	past.Expires = k.in(-time.Hour)
	k.put(name(), past)

	k.wait(soon)
	k.lists(p, map[string]runtime.Record{stays: long, prolonged: next})
	others := k.record(1, q, "another's")
	k.put(taken, others)
	k.lists(p, map[string]runtime.Record{stays: long, prolonged: next})
	k.lists(q, map[string]runtime.Record{taken: others})
	k.want("DeleteByPrincipal", k.DeleteByPrincipal(k.Context(), p), nil)
	k.hasNot(gone)
	k.hasNot(stays)
	k.hasNot(prolonged)
	k.has(taken, others)
}
