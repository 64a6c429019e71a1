package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sessiongen/sessiongen/internal/long"
	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/storetest"
)

func TestMemoryStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		s := runtime.NewMemoryStore(3)
		record := func(data, principal string, ttl time.Duration) runtime.Record {
			return runtime.Record{Version: 1, Principal: principal, Data: []byte(data), Expires: time.Now().Add(ttl)}
		}
		expect := func(err, want error) {
			t.Helper()
			if !errors.Is(err, want) {
				t.Errorf("got error %v, want %v", err, want)
			}
		}
		r := record("one", "p", time.Hour)
		expect(s.Insert(ctx, "a", r), nil)
		copy(r.Data, "two")
		got, err := s.Load(ctx, "a")
		if err != nil || string(got.Data) != "one" {
			t.Errorf("Load returns %s, %v, want one", got.Data, err)
		}
		copy(got.Data, "two")
		if got, _ := s.Load(ctx, "a"); string(got.Data) != "one" {
			t.Error("a change of the caller's data changes the store")
		}
		expect(s.Insert(ctx, "a", r), runtime.ErrConflict)
		expect(s.Replace(ctx, "a", 2, r), runtime.ErrConflict)
		expect(s.Replace(ctx, "b", 1, r), runtime.ErrNoRecord)
		r = record("two", "q", time.Hour)
		expect(s.Replace(ctx, "a", 1, r), nil)
		copy(r.Data, "six")
		if got, _ := s.Load(ctx, "a"); string(got.Data) != "two" {
			t.Error("a change of the caller's data after Replace changes the store")
		}
		for principal, want := range map[string]int{"p": 0, "q": 1, "": 0} {
			if all, err := storetest.List(ctx, s, principal); len(all) != want || err != nil {
				t.Errorf("%s: got the list %v, %v, want %d", principal, all, err, want)
			}
		}
		expect(s.Insert(ctx, "b", record("", "", 2*time.Hour)), nil)
		expect(s.Insert(ctx, "c", record("c", "q", 3*time.Hour)), nil)
		expect(s.Insert(ctx, "d", record("d", "q", 4*time.Hour)), nil) // in place of a
		_, err = s.Load(ctx, "a")
		expect(err, runtime.ErrNoRecord)
		expect(s.Insert(ctx, "e", record("", "", 4*time.Hour)), nil) // in place of c, as b has no data
		expect(s.Insert(ctx, "f", record("", "", 4*time.Hour)), nil) // in place of d
		if s.Insert(ctx, "g", record("g", "", 9*time.Hour)) == nil {
			t.Error("Insert evicts a revocation")
		}
		time.Sleep(2 * time.Hour)
		if n := s.Len(); n != 2 {
			t.Errorf("got %d records, want 2", n)
		}
		expect(s.Insert(ctx, "b", record("b", "q", time.Hour)), nil)
		expect(s.DeleteByPrincipal(ctx, "q"), nil)
		expect(s.DeleteByPrincipal(ctx, ""), nil)
		expect(s.Delete(ctx, "e"), nil)
		expect(s.Delete(ctx, "e"), nil)
		if n := s.Len(); n != 1 {
			t.Errorf("got %d records, want 1", n)
		}
		expect(s.Insert(ctx, "h", record("h", "", time.Hour)), nil)
		expect(s.DeleteAll(ctx), nil) // but for f, which has no data
		if n := s.Len(); n != 1 {
			t.Errorf("got %d records, want 1", n)
		}
		ended, cancel := context.WithCancel(ctx)
		cancel()
		_, err = s.Load(ended, "a")
		expect(err, context.Canceled)
	})
}

// Many sessions come and go: there are never more than the store is for.
func TestMemoryStoreIsBounded(t *testing.T) {
	s := runtime.NewMemoryStore(100)
	together(8, func(i int) {
		for j := range 1000 {
			key := fmt.Sprint(i, ".", j)
			r := runtime.Record{Version: 1, Principal: fmt.Sprint(j % 7), Data: []byte("x"), Expires: time.Now().Add(time.Duration(1+j%60) * time.Minute)}
			if err := s.Insert(t.Context(), key, r); err != nil {
				t.Error(err)
			}
			s.Load(t.Context(), key)
			if j%3 == 0 {
				s.Delete(t.Context(), key)
			}
			if j%100 == 0 {
				s.DeleteByPrincipal(t.Context(), "3")
			}
			if n := s.Len(); n > 100 {
				t.Errorf("got %d records, want at most 100", n)
			}
		}
	})
}

// A store that is full gives up no revocation, of a session that moved neither.
func TestFullStoreKeepsMoves(t *testing.T) {
	r := newRig(t, runtime.Config{Revocations: runtime.NewMemoryStore(1)})
	one, two := r.login(), r.login()
	old := one.clone()
	one.visit(func(s *visitor) { s.Renew() })
	if w := two.send(func(s *visitor) { s.Renew() }); w.Code != 503 {
		t.Errorf("got status %d, want 503", w.Code)
	}
	if old.isLoggedIn() {
		t.Error("the old id is still logged in")
	}
}

// memoryRecord returns a record that expires so many seconds from now.
func memoryRecord(principal, data string, seconds int) runtime.Record {
	return runtime.Record{
		Version: 1, Principal: principal, Data: []byte(data),
		Expires: time.Now().Add(time.Duration(seconds) * time.Second),
	}
}

// filling returns a store with room for so many records, what inserts one, and what checks which there are.
func filling(t *testing.T, room int) (s *runtime.MemoryStore, insert func(string, runtime.Record), has func(...string)) {
	s = runtime.NewMemoryStore(room)
	insert = func(key string, r runtime.Record) {
		t.Helper()
		if err := s.Insert(t.Context(), key, r); err != nil {
			t.Fatal(err)
		}
	}
	has = func(keys ...string) {
		t.Helper()
		for _, key := range keys {
			if _, err := s.Load(t.Context(), key); err != nil {
				t.Errorf("%s: Load returns %v", key, err)
			}
		}
		if n := s.Len(); n != len(keys) {
			t.Errorf("got %d records, want %q", n, keys)
		}
	}
	return s, insert, has
}

// A full store evicts anonymous sessions first, whatever expires when, then sessions of a
// principal, and never a record without data.
func TestMemoryStoreEvicts(t *testing.T) {
	s, insert, has := filling(t, 6)
	insert("mark", memoryRecord("", "", 60))
	insert("denial", memoryRecord("next", "", 60))
	insert("user 2", memoryRecord("2", "x", 200))
	insert("user 1", memoryRecord("1", "x", 100))
	insert("visitor 2", memoryRecord("", "x", 2000))
	insert("visitor 1", memoryRecord("", "x", 1000))
	insert("user 3", memoryRecord("3", "x", 300))
	has("mark", "denial", "user 1", "user 2", "user 3", "visitor 2")
	// A record that changes hands changes its class.
	if err := s.Replace(t.Context(), "user 3", 1, memoryRecord("", "x", 3000)); err != nil {
		t.Fatal(err)
	}
	if err := s.Replace(t.Context(), "visitor 2", 1, memoryRecord("4", "x", 50)); err != nil {
		t.Fatal(err)
	}
	insert("user 5", memoryRecord("5", "x", 500))
	has("mark", "denial", "user 1", "user 2", "visitor 2", "user 5")
	insert("user 6", memoryRecord("6", "x", 600))
	has("mark", "denial", "user 1", "user 2", "user 5", "user 6")
	// A session that becomes a record without data stays.
	if err := s.Replace(t.Context(), "user 1", 1, memoryRecord("1", "", 10)); err != nil {
		t.Fatal(err)
	}
	insert("mark 2", memoryRecord("", "", 60))
	insert("mark 3", memoryRecord("", "", 60))
	insert("mark 4", memoryRecord("", "", 60))
	has("mark", "denial", "user 1", "mark 2", "mark 3", "mark 4")
	if s.Insert(t.Context(), "user 7", memoryRecord("7", "x", 60)) == nil {
		t.Error("Insert evicts a record without data")
	}
	// And one that gets data counts as a session again.
	if err := s.Replace(t.Context(), "user 1", 1, memoryRecord("1", "x", 10)); err != nil {
		t.Fatal(err)
	}
	insert("user 7", memoryRecord("7", "x", 60))
	has("mark", "denial", "user 7", "mark 2", "mark 3", "mark 4")
}

// A full store evicts anonymous sessions first, whatever expires when, then sessions of a
// principal, and never a record without data.
func TestMemoryStoreEvictsFlows(t *testing.T) {
	s, insert, has := filling(t, 4)
	insert("mark", memoryRecord("", "", 10))
	insert("visitor", memoryRecord("", "x", 20))
	insert("flow 2", memoryRecord("flow", "", 200))
	insert("flow 1", memoryRecord("flow", "", 100))
	insert("flow 3", memoryRecord("flow", "", 300))
	has("mark", "visitor", "flow 2", "flow 3")
	insert("user", memoryRecord("1", "x", 20))
	has("mark", "visitor", "flow 3", "user")
	if err := s.DeleteByPrincipal(t.Context(), "flow"); err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	has("mark", "flow 3")
	insert("mark 2", memoryRecord("", "", 10))
	insert("mark 3", memoryRecord("", "", 10))
	insert("mark 4", memoryRecord("", "", 10))
	has("mark", "mark 2", "mark 3", "mark 4")
	if s.Insert(t.Context(), "flow 4", memoryRecord("flow", "", 60)) == nil {
		t.Error("Insert of a flow evicts a revocation")
	}
}

// An eviction does not look at all records: not at those without data, of which there may be
// as many as the store is for, nor at the sessions that stay.
func TestMemoryStoreEvictsWithoutScanning(t *testing.T) {
	const evictions = 5000
	evict := func(others int, principal, data string) time.Duration {
		s := runtime.NewMemoryStore(others + 1)
		for i := range others {
			if err := s.Insert(t.Context(), fmt.Sprint("other ", i), memoryRecord(principal, data, 3600)); err != nil {
				t.Fatal(err)
			}
		}
		records := make([]string, evictions)
		for i := range records {
			records[i] = fmt.Sprint("visitor ", i)
		}
		r := memoryRecord("", "x", 7200)
		start := time.Now()
		for _, key := range records {
			if err := s.Insert(t.Context(), key, r); err != nil {
				t.Fatal(err)
			}
		}
		took := time.Since(start)
		if n := s.Len(); n != others+1 {
			t.Fatalf("got %d records, want %d", n, others+1)
		}
		return took
	}
	for what, class := range map[string][2]string{"without data": {"", ""}, "of a principal": {"p", "x"}} {
		few, many := evict(100, class[0], class[1]), evict(100_000, class[0], class[1])
		t.Logf("%d evictions beside records %s: %v beside 100, %v beside 100,000", evictions, what, few, many)
		// Looking at a thousand times as many took some hundred times as long.
		if many > 30*few+50*time.Millisecond {
			t.Errorf("%d evictions among 100,000 records %s took %v, and %v among 100", evictions, what, many, few)
		}
	}
}

// DeleteAll, DeleteByPrincipal and List are about sessions, and come to an end whatever others do.
func TestMemoryStoreSweeps(t *testing.T) {
	sessions := long.Times(5_000, 50_000, 200_000)
	s := runtime.NewMemoryStore(2 * sessions)
	fill := func() {
		for i := range sessions {
			if err := s.Insert(t.Context(), fmt.Sprint(i), memoryRecord("p", "x", 3600)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for what, sweep := range map[string]func(context.Context) error{
		"DeleteByPrincipal": func(ctx context.Context) error { return s.DeleteByPrincipal(ctx, "p") },
		"DeleteAll":         s.DeleteAll,
	} {
		fill()
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		added := 0
		go func() {
			defer close(done)
			for ; ctx.Err() == nil; added++ {
				s.Insert(ctx, fmt.Sprint("new ", added), memoryRecord("p", "x", 3600))
			}
		}()
		start := time.Now()
		if err := sweep(t.Context()); err != nil {
			t.Errorf("%s: got error %v", what, err)
		}
		took := time.Since(start)
		stop()
		<-done
		t.Logf("%s of %d sessions took %v, while %d were added", what, sessions, took, added)
		for i := range sessions {
			if _, err := s.Load(t.Context(), fmt.Sprint(i)); err != runtime.ErrNoRecord {
				t.Fatalf("%s left a session: %v", what, err)
			}
		}
		if took > 20*time.Second {
			t.Errorf("%s took %v", what, took)
		}
	}
}
