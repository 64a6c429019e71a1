package accounttest

import (
	"context"
	"errors"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/sessiongen/sessiongen/internal/web"
	"github.com/sessiongen/sessiongen/runtime"
)

// recordSize is the approximate size of a session, in bytes.
const recordSize = 4 << 10

// testList lists the sessions of an account: each once, and with only a part of them in memory at any time.
func testList(t *testing.T, store runtime.Store) {
	s := newSite(t, store)
	s.logIn(t, *listed, recordSize)
	memory := newMemoryWatch()
	seen := make([]bool, *listed)
	n := 0
	for e, err := range s.ListByUserID(t.Context(), account) {
		if err != nil {
			t.Fatal(err)
		}
		i := e.GetVisits()
		if seen[i] || e.GetUserID() != account || len(e.GetRoles()) != 1 {
			t.Fatalf("session %d, of account %d: was listed before: %v", i, e.GetUserID(), seen[i])
		}
		seen[i] = true
		if n++; n%(*listed/10) == 0 {
			memory.look()
		}
	}
	if n != *listed {
		t.Errorf("got %d of %d sessions listed", n, *listed)
	}
	// The list remembers each session's id and a key, but not the session.
	if most := uint64(*listed) * recordSize / 2; memory.more > most {
		t.Errorf("a list of %d sessions of %d bytes takes up to %d bytes of memory, want at most %d", *listed, recordSize, memory.more, most)
	}
	testDeadline(t, s)
}

// testDeadline gives a list, and an update, too little time.
func testDeadline(t *testing.T, s site) {
	n := 0
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var failure error
	for _, err := range s.ListByUserID(ctx, account) {
		if failure = err; err == nil {
			n++
		}
		if n == 10 {
			cancel()
		}
	}
	if n >= *listed || !errors.Is(failure, context.Canceled) {
		t.Errorf("a list that was cut off after 10 of %d sessions returns %d, %v", *listed, n, failure)
	}
	ctx, cancel = context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	runs := 0
	n, err := s.UpdateByUserID(ctx, account, func(v *web.Session) {
		v.UpdateVisits(func(n int) int { return n + 1 })
		if runs++; runs == 10 {
			<-ctx.Done()
		}
	})
	if n > 10 || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("an update that was cut off at the tenth session changed %d, %v", n, err)
	}
}

// A memoryWatch measures the memory used in addition to that at its start.
type memoryWatch struct{ before, more uint64 }

func newMemoryWatch() *memoryWatch { return &memoryWatch{before: used()} }

func (w *memoryWatch) look() {
	if now := used(); now > w.before {
		w.more = max(w.more, now-w.before)
	}
}

// used is the number of bytes in use.
func used() uint64 {
	debug.FreeOSMemory() // collects garbage
	debug.FreeOSMemory() // twice, for the contents of pools
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
