package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
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
				t.Errorf("got %v, want %v", err, want)
			}
		}
		r := record("one", "p", time.Hour)
		expect(s.Insert(ctx, "a", r), nil)
		copy(r.Data, "two")
		got, err := s.Load(ctx, "a")
		if err != nil || string(got.Data) != "one" {
			t.Errorf("%s, %v", got.Data, err)
		}
		copy(got.Data, "two")
		if got, _ := s.Load(ctx, "a"); string(got.Data) != "one" {
			t.Error("the caller's data is the store's")
		}
		expect(s.Insert(ctx, "a", r), runtime.ErrConflict)
		expect(s.Replace(ctx, "a", 2, r), runtime.ErrConflict)
		expect(s.Replace(ctx, "b", 1, r), runtime.ErrNoRecord)
		expect(s.Replace(ctx, "a", 1, record("two", "q", time.Hour)), nil)
		for principal, want := range map[string]int{"p": 0, "q": 1, "": 0} {
			if all, err := s.List(ctx, principal); len(all) != want || err != nil {
				t.Errorf("%s: %v, %v", principal, all, err)
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
			t.Error("a revocation made room")
		}
		time.Sleep(2 * time.Hour)
		if n := s.Len(); n != 2 {
			t.Errorf("%d records", n)
		}
		expect(s.Insert(ctx, "b", record("b", "q", time.Hour)), nil)
		expect(s.DeleteByPrincipal(ctx, "q"), nil)
		expect(s.DeleteByPrincipal(ctx, ""), nil)
		expect(s.Delete(ctx, "e"), nil)
		expect(s.Delete(ctx, "e"), nil)
		if n := s.Len(); n != 1 {
			t.Errorf("%d records", n)
		}
		expect(s.Insert(ctx, "h", record("h", "", time.Hour)), nil)
		expect(s.DeleteAll(ctx), nil) // but for f, which has no data
		if n := s.Len(); n != 1 {
			t.Errorf("%d records", n)
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
				t.Errorf("%d records", n)
			}
		}
	})
}
