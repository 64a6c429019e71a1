package runtime

import (
	"context"
	"errors"
	"slices"
	"time"
)

// aloneTime is how many seconds the record stays if its owner never removes it. It is longer than f
// takes.
const aloneTime = 60

// aloneWait limits the wait for others, in this process and on other nodes together.
const aloneWait = 500 * time.Millisecond

// alone runs f while no other request ends the other sessions of the same principal, on any node
// that shares a key: if two devices do so at once, one of them must stay logged in. It holds a
// record for each key of the ring meanwhile. The records have the same order everywhere, so there is
// no deadlock. The wait is short, because a holder may have crashed. If two requests then run f
// together, both may lose their sessions.
func (m *marks) alone(ctx context.Context, raw []byte, r *rings, f func() error) error {
	end := time.Now().Add(aloneWait)
	// The requests of this process take turns, so that only one at a time polls the store.
	done := m.turns.wait("ending others "+string(raw), aloneWait)
	if done == nil {
		return f()
	}
	defer done(true)
	var keys []string
	for _, k := range r.principals {
		keys = append(keys, m.server.storeKey("ending others", k.Hash(raw)))
	}
	slices.Sort(keys)
	for _, key := range keys {
		switch acquired, err := m.acquire(ctx, key, end); {
		case err != nil:
			return err
		case acquired:
			defer m.release(ctx, key)
		}
	}
	return f()
}

// acquire tries to insert a record until end, while another request's is there.
func (m *marks) acquire(ctx context.Context, key string, end time.Time) (acquired bool, err error) {
	for attempt := 0; ; attempt++ {
		rec := Record{Version: 1, Expires: storeTime(aloneTime)}
		err := m.server.call(ctx, func(ctx context.Context) error { return m.store.Insert(ctx, key, rec) }, ErrConflict)
		if !errors.Is(err, ErrConflict) {
			return err == nil, err
		}
		if !time.Now().Before(end) {
			return false, nil
		}
		pause(attempt)
	}
}

// release ignores failures. Others then wait until the record expires.
func (m *marks) release(ctx context.Context, key string) {
	_ = m.server.call(ctx, func(ctx context.Context) error { return m.store.Delete(ctx, key) })
}
