package storetest

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// A kit is the environment of one check.
type kit struct {
	*testing.T
	runtime.Store
	options
}

// name returns a new key or principal, in the form that a manager uses.
func name() string {
	var b [32]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// in returns the time d from now, in whole seconds.
func (k *kit) in(d time.Duration) time.Time { return k.now().Add(d).Truncate(time.Second) }

// record returns a record that lasts for an hour.
func (k *kit) record(version uint64, principal, data string) runtime.Record {
	return runtime.Record{Version: version, Principal: principal, Data: []byte(data), Expires: k.in(time.Hour)}
}

// want fails the test unless err is one of the errors in want. nil means no error.
func (k *kit) want(what string, err error, want ...error) {
	k.Helper()
	for _, w := range want {
		if is(err, w) {
			return
		}
	}
	if len(want) == 1 {
		k.Fatalf("%s: error %v, want %v", what, err, want[0])
	}
	k.Fatalf("%s: error %v, want one of %v", what, err, want)
}

// is reports whether err is the error want and no other answer of a store as well.
func is(err, want error) bool {
	switch want {
	case nil:
		return err == nil
	case runtime.ErrNoRecord:
		return errors.Is(err, want) && !errors.Is(err, runtime.ErrConflict)
	case runtime.ErrConflict:
		return errors.Is(err, want) && !errors.Is(err, runtime.ErrNoRecord)
	}
	return errors.Is(err, want)
}

// failed reports whether err means that the store has failed.
func failed(err error) bool {
	return err != nil && !errors.Is(err, runtime.ErrNoRecord) && !errors.Is(err, runtime.ErrConflict)
}

// put inserts a record.
func (k *kit) put(key string, r runtime.Record) {
	k.Helper()
	k.want("Insert", k.Insert(k.Context(), key, r), nil)
}

// swap replaces a record.
func (k *kit) swap(key string, version uint64, r runtime.Record) {
	k.Helper()
	k.want(fmt.Sprintf("Replace of version %d", version), k.Replace(k.Context(), key, version, r), nil)
}

// has fails the test unless the store has exactly this record.
func (k *kit) has(key string, want runtime.Record) {
	k.Helper()
	got, err := k.Load(k.Context(), key)
	k.want("Load", err, nil)
	if diff := differ(got, want); diff != "" {
		k.Fatalf("Load: %s", diff)
	}
}

// hasNot fails the test if a key has a record.
func (k *kit) hasNot(key string) {
	k.Helper()
	r, err := k.Load(k.Context(), key)
	if err == nil {
		k.Fatalf("Load: got a record of version %d that expires at %v, want ErrNoRecord", r.Version, r.Expires)
	}
	k.want("Load", err, runtime.ErrNoRecord)
}

// lists fails the test unless a principal has exactly these records.
func (k *kit) lists(principal string, want map[string]runtime.Record) {
	k.Helper()
	got, err := List(k.Context(), k.Store, principal)
	k.want("List", err, nil)
	for key, r := range got {
		w, ok := want[key]
		if !ok {
			k.Fatalf("List: got an unexpected record of version %d and principal %q", r.Version, r.Principal)
		}
		if diff := differ(r, w); diff != "" {
			k.Fatalf("List: %s", diff)
		}
	}
	if len(got) != len(want) {
		k.Fatalf("List: got %d records, want %d", len(got), len(want))
	}
}

// differ describes the difference between two records. Nil and empty data are equal.
func differ(got, want runtime.Record) string {
	switch {
	case got.Version != want.Version:
		return fmt.Sprintf("version %d, want %d", got.Version, want.Version)
	case got.Principal != want.Principal:
		return fmt.Sprintf("principal %q, want %q", got.Principal, want.Principal)
	case !got.Expires.Equal(want.Expires):
		return fmt.Sprintf("expires %v, want %v", got.Expires, want.Expires)
	case !bytes.Equal(got.Data, want.Data):
		return fmt.Sprintf("data %s, want %s", brief(got.Data), brief(want.Data))
	}
	return ""
}

func brief(b []byte) string {
	if len(b) > 40 {
		return fmt.Sprintf("%q... (%d bytes)", b[:40], len(b))
	}
	return fmt.Sprintf("%q", b)
}

// all calls f n times concurrently, and returns when all calls have returned.
func all(n int, f func(i int)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			f(i)
		})
	}
	close(start)
	wg.Wait()
}

// ended returns a context that has ended.
func (k *kit) ended() context.Context {
	ctx, cancel := context.WithCancel(k.Context())
	cancel()
	return ctx
}
