package scsstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sessiongen/sessiongen/internal/long"
	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/sessiontest"
	"github.com/sessiongen/sessiongen/runtime/storetest"
	"pgregory.net/rapid"
)

// A table has the data of the test stores. Like the memstore of scs, it returns its own slices.
type table struct {
	mu    sync.Mutex
	now   func() time.Time
	rows  map[string]row
	calls []string
}

type row struct {
	blob   []byte
	expiry time.Time
}

func newTable() *table { return &table{now: time.Now, rows: map[string]row{}} }

func (t *table) begin(call string) func() {
	t.mu.Lock()
	t.calls = append(t.calls, call)
	return t.mu.Unlock
}

func (t *table) find(token string) ([]byte, bool, error) {
	defer t.begin("find")()
	r, ok := t.rows[token]
	if !ok || !r.expiry.After(t.now()) {
		return nil, false, nil
	}
	return r.blob, true, nil
}

func (t *table) commit(token string, b []byte, expiry time.Time) error {
	defer t.begin("commit")()
	t.rows[token] = row{b, expiry}
	return nil
}

func (t *table) remove(token string) error {
	defer t.begin("delete")()
	delete(t.rows, token)
	return nil
}

func (t *table) all() (map[string][]byte, error) {
	defer t.begin("all")()
	all := map[string][]byte{}
	for token, r := range t.rows {
		if r.expiry.After(t.now()) {
			all[token] = r.blob
		}
	}
	return all, nil
}

// The kinds of stores.

type plain struct{ *table }

func (s plain) Find(token string) ([]byte, bool, error) { return s.find(token) }
func (s plain) Commit(token string, b []byte, expiry time.Time) error {
	return s.commit(token, b, expiry)
}
func (s plain) Delete(token string) error { return s.remove(token) }

type plainAll struct{ plain }

func (s plainAll) All() (map[string][]byte, error) { return s.all() }

type withCtx struct{ *table }

func (s withCtx) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	if err := ctx.Err(); err != nil {
		return nil, false, err
	}
	return s.find(token)
}

func (s withCtx) CommitCtx(ctx context.Context, token string, b []byte, expiry time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.commit(token, b, expiry)
}

func (s withCtx) DeleteCtx(ctx context.Context, token string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.remove(token)
}

func (withCtx) Find(string) ([]byte, bool, error)      { panic("missing context arg") }
func (withCtx) Commit(string, []byte, time.Time) error { panic("missing context arg") }
func (withCtx) Delete(string) error                    { panic("missing context arg") }

type withCtxAll struct{ withCtx }

func (s withCtxAll) AllCtx(ctx context.Context) (map[string][]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return s.all()
}

func quiet(t *testing.T) {
	before := slog.Default()
	slog.SetDefault(slog.New(slog.DiscardHandler))
	t.Cleanup(func() { slog.SetDefault(before) })
}

func open(t *testing.T, store any) *Store {
	t.Helper()
	s, err := New(store)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStore(t *testing.T) {
	quiet(t)
	for _, test := range []struct {
		name     string
		kind     func(*table) any
		unlisted bool
		more     bool // only with SESSIONGEN_LONG=1
	}{
		{"plain", func(t *table) any { return plain{t} }, true, false},
		{"plain with All", func(t *table) any { return plainAll{plain{t}} }, false, true},
		{"ctx", func(t *table) any { return withCtx{t} }, true, true},
		{"ctx with AllCtx", func(t *table) any { return withCtxAll{withCtx{t}} }, false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if test.more && long.Of(0, 1) == 0 {
				t.Skip("SESSIONGEN_LONG=1 runs it; the others have the same methods")
			}
			clock := sessiontest.NewClock(time.Now())
			opts := []storetest.Option{storetest.Clock(clock.Now, clock.Advance)}
			if test.unlisted {
				opts = append(opts, storetest.Unlisted())
			}
			storetest.Run(t, func(t *testing.T) runtime.Store {
				table := newTable()
				table.now = clock.Now
				s := open(t, test.kind(table))
				s.now = clock.Now
				return s
			}, opts...)
		})
	}
}

func TestNewRefuses(t *testing.T) {
	for _, store := range []any{nil, 1, newTable(), struct{ plainIterable }{}} {
		if _, err := New(store); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%T", store)) {
			t.Errorf("New(%T): %v", store, err)
		}
	}
}

func TestWarnsOnce(t *testing.T) {
	var log bytes.Buffer
	quiet(t)
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	s := open(t, plain{newTable()})
	for range 3 {
		s.Insert(t.Context(), "key", runtime.Record{Version: 1, Expires: time.Now().Add(time.Hour)})
	}
	if got := log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "level=WARN") || !strings.Contains(got, "store=scsstore.plain") {
		t.Errorf("got this log, want one warning with the store's type:\n%s", got)
	}
}

func TestCalls(t *testing.T) {
	quiet(t)
	ctx := t.Context()
	r := runtime.Record{Version: 1, Principal: "p", Data: []byte("data"), Expires: time.Now().Add(time.Hour)}
	table := newTable()
	s := open(t, plainAll{plain{table}})
	for _, test := range []struct {
		name, want string
		call       func() error
	}{
		{"Insert", "find commit", func() error { return s.Insert(ctx, "key", r) }},
		{"Load", "find", func() error { _, err := s.Load(ctx, "key"); return err }},
		{"Replace", "find commit", func() error { return s.Replace(ctx, "key", 1, r) }},
		{"List", "all", func() error { _, err := storetest.List(ctx, s, "p"); return err }},
		{"Delete", "delete", func() error { return s.Delete(ctx, "key") }},
	} {
		table.calls = nil
		if err := test.call(); err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		if got := strings.Join(table.calls, " "); got != test.want {
			t.Errorf("%s calls %s, want %s", test.name, got, test.want)
		}
	}
}

// Rows that scs itself keeps in the same table are not records, and stay.
func TestForeign(t *testing.T) {
	quiet(t)
	ctx := t.Context()
	hour := time.Now().Add(time.Hour)
	table := newTable()
	s := open(t, plainAll{plain{table}})
	foreign := []byte("not ours")
	table.commit("foreign", foreign, hour)
	if err := s.Insert(ctx, "ours", runtime.Record{Version: 1, Principal: "p", Data: []byte("data"), Expires: hour}); err != nil {
		t.Fatal(err)
	}

	_, err := s.Load(ctx, "foreign")
	for what, err := range map[string]error{
		"Load":    err,
		"Insert":  s.Insert(ctx, "foreign", runtime.Record{Version: 1, Expires: hour}),
		"Replace": s.Replace(ctx, "foreign", 1, runtime.Record{Version: 2, Expires: hour}),
	} {
		if err == nil || errors.Is(err, runtime.ErrNoRecord) || errors.Is(err, runtime.ErrConflict) {
			t.Errorf("%s: got error %v, want one that means that the store failed", what, err)
		}
	}
	if list, err := storetest.List(ctx, s, "p"); err != nil || len(list) != 1 {
		t.Errorf("List returns %d records, %v, want 1", len(list), err)
	}
	if err := s.DeleteAll(ctx); err != nil {
		t.Error(err)
	}
	if len(table.rows) != 1 || !bytes.Equal(table.rows["foreign"].blob, foreign) {
		t.Errorf("after DeleteAll, the table has %v, want only the foreign row", table.rows)
	}
}

// A store does not get a record that it would keep forever.
func TestExpires(t *testing.T) {
	quiet(t)
	table := newTable()
	s := open(t, plain{table})
	soon := time.Now().Add(time.Second).Truncate(time.Second)
	if err := s.Insert(t.Context(), "key", runtime.Record{Version: 1, Expires: soon.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	if after := table.rows["key"].expiry.Sub(soon.Add(time.Hour)); after < time.Second || after > time.Hour {
		t.Errorf("the store keeps the record %v beyond its expiry, want between a second and an hour", after)
	}
	if err := s.Replace(t.Context(), "key", 1, runtime.Record{Version: 2, Expires: soon.Add(-time.Hour)}); err != nil {
		t.Fatal(err)
	}
	if len(table.rows) > 0 {
		t.Error("the store has a record that had already expired when it was written")
	}
}

// A record that changes its principal after All is not deleted with those of its former principal.
func TestMovedMeanwhile(t *testing.T) {
	quiet(t)
	ctx := t.Context()
	r := runtime.Record{Version: 1, Principal: "p", Data: []byte("data"), Expires: time.Now().Add(time.Hour)}
	s := open(t, plainAll{plain{newTable()}})
	for _, key := range []string{"moved", "gone", "stays"} {
		if err := s.Insert(ctx, key, r); err != nil {
			t.Fatal(err)
		}
	}
	all := s.backend.all
	s.backend.all = func(ctx context.Context) (map[string][]byte, error) {
		blobs, err := all(ctx)
		next := r
		next.Version, next.Principal = 2, "q"
		return blobs, errors.Join(err, s.Replace(ctx, "moved", 1, next), s.Delete(ctx, "gone"))
	}
	if err := s.DeleteByPrincipal(ctx, "p"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Load(ctx, "moved"); err != nil {
		t.Errorf("the record that has another principal now: %v", err)
	}
	if _, err := s.Load(ctx, "stays"); err != runtime.ErrNoRecord {
		t.Errorf("the record that still has the principal: got %v, want ErrNoRecord", err)
	}
}

// A hanging is a store whose calls block until it is released.
type hanging struct {
	plainAll
	proceed chan struct{}
}

func (s hanging) Find(token string) ([]byte, bool, error) {
	<-s.proceed
	return s.plainAll.Find(token)
}

func (s hanging) Commit(token string, b []byte, expiry time.Time) error {
	<-s.proceed
	return s.plainAll.Commit(token, b, expiry)
}

func (s hanging) Delete(token string) error {
	<-s.proceed
	return s.plainAll.Delete(token)
}

func (s hanging) All() (map[string][]byte, error) {
	<-s.proceed
	return s.plainAll.All()
}

// Methods return when their context ends, even if the store hangs.
func TestHanging(t *testing.T) {
	quiet(t)
	synctest.Test(t, func(t *testing.T) {
		store := hanging{plainAll{plain{newTable()}}, make(chan struct{})}
		s := open(t, store)
		r := runtime.Record{Version: 1, Expires: time.Now().Add(time.Hour)}
		for what, call := range map[string]func(ctx context.Context) error{
			"Load":              func(ctx context.Context) error { _, err := s.Load(ctx, "key"); return err },
			"Insert":            func(ctx context.Context) error { return s.Insert(ctx, "key", r) },
			"Replace":           func(ctx context.Context) error { return s.Replace(ctx, "key", 1, r) },
			"Delete":            func(ctx context.Context) error { return s.Delete(ctx, "other") },
			"List":              func(ctx context.Context) error { _, err := storetest.List(ctx, s, "p"); return err },
			"DeleteByPrincipal": func(ctx context.Context) error { return s.DeleteByPrincipal(ctx, "p") },
			"DeleteAll":         s.DeleteAll,
		} {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			start := time.Now()
			if err := call(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
				t.Errorf("%s: got error %v after %v, want DeadlineExceeded after 1s", what, err, time.Since(start))
			}
			cancel()
		}
		close(store.proceed)
		synctest.Wait()
		if len(s.locks.keys) > 0 {
			t.Errorf("%d locks are left, want none", len(s.locks.keys))
		}
	})
}

// A slowToCommit is a store whose Commit blocks until it is released.
type slowToCommit struct {
	plain
	proceed chan struct{}
}

func (s slowToCommit) Commit(token string, b []byte, expiry time.Time) error {
	<-s.proceed
	return s.plain.Commit(token, b, expiry)
}

// A call that finishes after its context has ended must not undo later changes.
func TestLateCommit(t *testing.T) {
	quiet(t)
	synctest.Test(t, func(t *testing.T) {
		store := slowToCommit{plain{newTable()}, make(chan struct{})}
		s := open(t, store)
		r := runtime.Record{Version: 1, Expires: time.Now().Add(time.Hour)}
		store.commit("key", encode(r), r.Expires)

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		next := r
		next.Version = 2
		if err := s.Replace(ctx, "key", 1, next); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		deleted := make(chan error)
		go func() { deleted <- s.Delete(t.Context(), "key") }()
		synctest.Wait()
		close(store.proceed)
		if err := <-deleted; err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if len(store.rows) > 0 {
			t.Error("a late Commit revived a record")
		}
	})
}

// A Replace whose context ends between its two calls does not begin the second.
func TestNoCommitAfterEnd(t *testing.T) {
	quiet(t)
	synctest.Test(t, func(t *testing.T) {
		store := hanging{plainAll{plain{newTable()}}, make(chan struct{})}
		s := open(t, store)
		r := runtime.Record{Version: 1, Expires: time.Now().Add(time.Hour)}
		store.commit("key", encode(r), r.Expires)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := s.Replace(ctx, "key", 1, runtime.Record{Version: 2, Expires: r.Expires}); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		close(store.proceed)
		synctest.Wait()
		if got, err := s.Load(t.Context(), "key"); err != nil || got.Version != 1 {
			t.Errorf("Load returns version %d, %v, want 1", got.Version, err)
		}
	})
}

type panicking struct{ plain }

func (panicking) Find(string) ([]byte, bool, error) { panic("broken") }

func TestPanic(t *testing.T) {
	quiet(t)
	s := open(t, panicking{plain{newTable()}})
	for range 2 {
		err := s.Replace(t.Context(), "key", 1, runtime.Record{Version: 2})
		if err == nil || !strings.Contains(err.Error(), "broken") {
			t.Errorf("got error %v, want one with the panic's text", err)
		}
	}
}

func TestErrors(t *testing.T) {
	quiet(t)
	down := errors.New("down")
	s := &Store{now: time.Now, backend: backend{
		find:   func(context.Context, string) ([]byte, bool, error) { return nil, false, down },
		commit: func(context.Context, string, []byte, time.Time) error { return down },
		remove: func(context.Context, string) error { return down },
		all:    func(context.Context) (map[string][]byte, error) { return nil, down },
	}}
	ctx, r := t.Context(), runtime.Record{Version: 1, Expires: time.Now().Add(time.Hour)}
	_, load := s.Load(ctx, "key")
	_, list := storetest.List(ctx, s, "p")
	for what, err := range map[string]error{
		"Load": load, "List": list,
		"Insert":            s.Insert(ctx, "key", r),
		"Replace":           s.Replace(ctx, "key", 1, r),
		"Delete":            s.Delete(ctx, "key"),
		"DeleteByPrincipal": s.DeleteByPrincipal(ctx, "p"),
		"DeleteAll":         s.DeleteAll(ctx),
	} {
		if !errors.Is(err, down) {
			t.Errorf("%s: got error %v, want %v", what, err, down)
		}
	}
	s.backend.find = func(context.Context, string) ([]byte, bool, error) { return nil, false, nil }
	if err := s.Insert(ctx, "key", r); !errors.Is(err, down) {
		t.Errorf("Insert: got error %v, want Commit's", err)
	}
}

func TestEncoding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := runtime.Record{
			Version:   rapid.Uint64Range(1, 1<<63-1).Draw(t, "version"),
			Principal: rapid.StringMatching("[A-Za-z0-9_-]{0,64}").Draw(t, "principal"),
			Data:      rapid.SliceOf(rapid.Byte()).Draw(t, "data"),
			Expires:   time.Unix(rapid.Int64Range(0, 1<<40).Draw(t, "expires"), 0),
		}
		b := encode(want)
		got, err := decode(b)
		if err != nil || got.Version != want.Version || got.Principal != want.Principal || !bytes.Equal(got.Data, want.Data) || !got.Expires.Equal(want.Expires) {
			t.Fatalf("decode returns %+v, %v, want %+v", got, err, want)
		}
		if _, err := decode(b[:rapid.IntRange(0, len(b)-1).Draw(t, "cut")]); err == nil {
			t.Fatal("decode accepts a truncated record")
		}
		if _, err := decode(append(b, 0)); err == nil {
			t.Fatal("decode accepts a record with trailing bytes")
		}
	})
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(nil))
	f.Add(encode(runtime.Record{Version: 1, Principal: "p", Data: []byte("data"), Expires: time.Unix(1<<31, 0)}))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := decode(b)
		if err != nil {
			return
		}
		again, err := decode(encode(r))
		if err != nil || again.Version != r.Version || again.Principal != r.Principal || !bytes.Equal(again.Data, r.Data) || !again.Expires.Equal(r.Expires) {
			t.Errorf("decode of the encoded record returns %+v, %v, want %+v", again, err, r)
		}
	})
}

// A nil store is an error at once, not a panic later.
func TestNewOfNothing(t *testing.T) {
	for _, store := range []any{nil, (*plain)(nil)} {
		if _, err := New(store); err == nil || !strings.HasPrefix(err.Error(), "scsstore: no store: it is a nil ") {
			t.Errorf("New(%T): got error %v", store, err)
		}
	}
}
