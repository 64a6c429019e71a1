package storetest

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

func list(k *kit) {
	p, q, nobody := name(), name(), name()
	a, b, c := name(), name(), name()
	ra, rb, rc := k.record(1, p, "a"), k.record(7, p, "b\x00\xff"), k.record(1, q, "c")
	k.lists(p, nil)
	k.put(a, ra)
	k.put(b, rb)
	k.put(c, rc)
	k.put(name(), k.record(1, "", "nobody's"))
	k.lists(p, map[string]runtime.Record{a: ra, b: rb})
	k.lists(q, map[string]runtime.Record{c: rc})
	k.lists(nobody, nil)

	rb = k.record(8, p, "b again")
	k.swap(b, 7, rb)
	k.want("Insert for a key that has a record", k.Insert(k.Context(), a, k.record(1, q, "another's")), runtime.ErrConflict)
	k.want("Replace of another version", k.Replace(k.Context(), a, 5, k.record(6, q, "another's")), runtime.ErrConflict)
	k.want("Replace of no record", k.Replace(k.Context(), name(), 1, k.record(2, q, "another's")), runtime.ErrNoRecord)
	k.lists(p, map[string]runtime.Record{a: ra, b: rb})
	k.lists(q, map[string]runtime.Record{c: rc})

	k.want("Delete", k.Delete(k.Context(), a), nil)
	k.lists(p, map[string]runtime.Record{b: rb})
	k.want("Delete", k.Delete(k.Context(), b), nil)
	k.lists(p, nil)
	k.lists(q, map[string]runtime.Record{c: rc})
}

func listMany(k *kit) {
	p, q := name(), name()
	want := map[string]runtime.Record{}
	for i := range 250 {
		key := name()
		want[key] = k.record(1, p, fmt.Sprint("data ", i))
		k.put(key, want[key])
		k.put(name(), k.record(1, q, "another's"))
	}
	k.lists(p, want)
	k.want("DeleteByPrincipal", k.DeleteByPrincipal(k.Context(), q), nil)
	k.lists(q, nil)
	k.lists(p, want)
	k.want("DeleteAll", k.DeleteAll(k.Context()), nil)
	k.lists(p, nil)
	for key := range want {
		k.hasNot(key)
	}
}

func listCopies(k *kit) {
	key, p := name(), name()
	want := k.record(1, p, "data")
	r := want
	r.Data = bytes.Clone(want.Data)
	k.put(key, r)
	got, err := List(k.Context(), k.Store, p)
	k.want("List", err, nil)
	clear(got[key].Data)
	k.lists(p, map[string]runtime.Record{key: want})
	clear(got)
	k.lists(p, map[string]runtime.Record{key: want})
	k.has(key, want)
}

// listAndChange changes each record while it is being listed. This must not block.
func listAndChange(k *kit) {
	p := name()
	want := map[string]runtime.Record{}
	for range 250 {
		key := name()
		want[key] = k.record(2, p, "changed")
		k.put(key, k.record(1, p, "data"))
	}
	done := make(chan error, 1)
	go func() {
		var failed error
		err := k.List(k.Context(), p, func(key string, r runtime.Record) bool {
			failed = k.Replace(k.Context(), key, r.Version, want[key])
			return failed == nil
		})
		done <- cmp.Or(failed, err)
	}()
	select {
	case err := <-done:
		k.want("Replace of what List has found", err, nil)
	case <-time.After(k.patience):
		k.Fatal("List holds something that Replace waits for")
	}
	k.lists(p, want)
}

func listInPart(k *kit) {
	p := name()
	for range 5 {
		k.put(name(), k.record(1, p, "data"))
	}
	calls := 0
	err := k.List(k.Context(), p, func(string, runtime.Record) bool { calls++; return calls < 3 })
	k.want("List", err, nil)
	if calls != 3 {
		k.Fatalf("List called yield %d times, want 3: that was the last to return true", calls)
	}
}

func noPrincipal(k *kit) {
	key, moved := name(), name()
	r := k.record(1, "", "nobody's")
	k.put(key, r)
	k.put(moved, k.record(1, name(), "somebody's"))
	left := k.record(2, "", "nobody's")
	k.swap(moved, 1, left)
	k.lists("", nil)
	k.want("DeleteByPrincipal", k.DeleteByPrincipal(k.Context(), ""), nil)
	k.has(key, r)
	k.has(moved, left)
}

func move(k *kit) {
	p, q, key := name(), name(), name()
	r := k.record(1, "", "1")
	k.put(key, r)
	for _, to := range []string{p, q, "", q, p} {
		next := k.record(r.Version+1, to, "of "+to)
		k.swap(key, r.Version, next)
		r = next
		for _, of := range []string{p, q, ""} {
			if of != "" && of == to {
				k.lists(of, map[string]runtime.Record{key: r})
				continue
			}
			k.lists(of, nil)
			k.want("DeleteByPrincipal", k.DeleteByPrincipal(k.Context(), of), nil)
			k.has(key, r)
		}
	}
	k.want("DeleteByPrincipal", k.DeleteByPrincipal(k.Context(), p), nil)
	k.hasNot(key)
}

func deleteByPrincipal(k *kit) {
	p, q := name(), name()
	a, b, c, d := name(), name(), name(), name()
	k.put(a, k.record(1, p, "a"))
	k.put(b, k.record(4, p, "b"))
	rc, rd := k.record(1, q, "c"), k.record(1, "", "d")
	k.put(c, rc)
	k.put(d, rd)
	for range 2 {
		k.want("DeleteByPrincipal", k.DeleteByPrincipal(k.Context(), p), nil)
		k.hasNot(a)
		k.hasNot(b)
		k.lists(p, nil)
	}
	k.want("Replace of a deleted record", k.Replace(k.Context(), b, 4, k.record(5, p, "b")), runtime.ErrNoRecord)
	k.lists(p, nil)
	k.has(c, rc)
	k.has(d, rd)
	k.lists(q, map[string]runtime.Record{c: rc})

	again := k.record(1, p, "again")
	k.put(a, again)
	k.lists(p, map[string]runtime.Record{a: again})
}

func principals(k *kit) {
	want := map[string]map[string]runtime.Record{}
	for i, p := range names {
		k.lists(p, nil)
		// This key is also the principal of another record.
		key := names[(i+1)%len(names)]
		r := k.record(uint64(i+1), p, "of "+p)
		k.put(key, r)
		want[p] = map[string]runtime.Record{key: r}
	}
	for i, p := range names {
		k.lists(p, want[p])
		if i%2 == 0 {
			k.want("DeleteByPrincipal", k.DeleteByPrincipal(k.Context(), p), nil)
			want[p] = nil
		}
	}
	for _, p := range names {
		k.lists(p, want[p])
	}
}

func deleteAll(k *kit) {
	p := name()
	a, b, c := name(), name(), name()
	k.want("DeleteAll of no records", k.DeleteAll(k.Context()), nil)
	k.put(a, k.record(1, p, "a"))
	k.put(b, k.record(4, "", "b"))
	past := k.record(1, p, "c")
	past.Expires = k.in(-time.Minute)
	k.put(c, past)
	for range 2 {
		k.want("DeleteAll", k.DeleteAll(k.Context()), nil)
		for _, key := range []string{a, b, c} {
			k.hasNot(key)
		}
		k.lists(p, nil)
	}
	k.want("Replace of a deleted record", k.Replace(k.Context(), b, 4, k.record(5, "", "b")), runtime.ErrNoRecord)
	again := k.record(1, p, "again")
	k.put(a, again)
	k.has(a, again)
	k.lists(p, map[string]runtime.Record{a: again})
}

// noData checks that records without data are no sessions. They are revocations, and must stay.
func noData(k *kit) {
	p := name()
	session, mark, denial, ended, begun := name(), name(), name(), name(), name()
	r := k.record(1, p, "data")
	k.put(session, r)
	kept := map[string]runtime.Record{mark: k.record(1<<62, "", ""), denial: k.record(1, p, "")}
	for key, r := range kept {
		k.put(key, r)
	}
	k.put(ended, k.record(1, p, "data"))
	kept[ended] = k.record(2, p, "")
	k.swap(ended, 1, kept[ended])
	next := k.record(2, p, "data")
	k.put(begun, k.record(1, p, ""))
	k.swap(begun, 1, next)
	stay := func(after string) {
		k.Helper()
		for key, r := range kept {
			if _, err := k.Load(k.Context(), key); err != nil {
				k.Fatalf("%s: Load of a record without data: error %v", after, err)
			}
			k.has(key, r)
		}
		k.lists(p, nil)
	}
	k.lists(p, map[string]runtime.Record{session: r, begun: next})
	k.want("DeleteByPrincipal", k.DeleteByPrincipal(k.Context(), p), nil)
	stay("after DeleteByPrincipal")
	k.hasNot(session)
	k.hasNot(begun)
	k.put(session, r)
	k.put(begun, k.record(1, "", "nobody's"))
	k.want("DeleteAll", k.DeleteAll(k.Context()), nil)
	stay("after DeleteAll")
	k.hasNot(session)
	k.hasNot(begun)
	k.want("Delete", k.Delete(k.Context(), mark), nil)
	k.hasNot(mark)
}

// sweeps checks that sweeps and lists end while others keep beginning sessions, and that a sweep
// removes all earlier records.
func sweeps(k *kit) {
	for what, sweep := range map[string]func(p string) error{
		"List":              func(p string) error { _, err := List(k.Context(), k.Store, p); return err },
		"DeleteByPrincipal": func(p string) error { return k.DeleteByPrincipal(k.Context(), p) },
		"DeleteAll":         func(string) error { return k.DeleteAll(k.Context()) },
	} {
		for range rounds() {
			p, before := name(), name()
			k.put(before, k.record(1, p, "before"))
			k.sweepBesideOthers(what, p, sweep)
			if what != "List" {
				k.hasNot(before)
			}
		}
	}
}

// sweepBesideOthers calls sweep while other sessions move from key to key.
func (k *kit) sweepBesideOthers(what, p string, sweep func(p string) error) {
	k.Helper()
	m := movers{kit: k, principal: p, limit: time.Now().Add(30 * time.Second)}
	var errs [workers]error
	all(workers, func(i int) {
		if i > 0 {
			errs[i] = m.move()
			return
		}
		for m.moves.Load() < workers && time.Now().Before(m.limit) {
			time.Sleep(10 * time.Microsecond)
		}
		errs[i] = sweep(p)
		m.ended.Store(true)
	})
	for _, err := range errs {
		k.want(what+" while others begin sessions", err, nil)
	}
}

// movers move sessions of one principal from key to key until the call that they disturb has
// returned.
type movers struct {
	*kit
	principal string
	limit     time.Time
	moves     atomic.Int64
	ended     atomic.Bool
}

func (m *movers) move() error {
	for key := ""; !m.ended.Load(); m.moves.Add(1) {
		if time.Now().After(m.limit) {
			return errors.New("others kept it from coming to an end")
		}
		next := name()
		if err := m.Insert(m.Context(), next, m.record(1, m.principal, "moving")); err != nil {
			return err
		}
		if key != "" {
			if err := m.Delete(m.Context(), key); err != nil {
				return err
			}
		}
		key = next
	}
	return nil
}

// unlisted checks that a store that cannot list returns an error and has changed nothing.
func unlisted(k *kit) {
	key, p := name(), name()
	r := k.record(1, p, "1")
	k.put(key, r)
	_, err := List(k.Context(), k.Store, p)
	k.want("List", err, errors.ErrUnsupported)
	k.want("DeleteByPrincipal", k.DeleteByPrincipal(k.Context(), p), errors.ErrUnsupported)
	k.want("DeleteAll", k.DeleteAll(k.Context()), errors.ErrUnsupported)
	k.has(key, r)
}
