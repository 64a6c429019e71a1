package runtime

import (
	"context"
	"errors"
	"slices"
	"time"
)

// aloneTime is for how many seconds the record stays of one who does not come to an end: longer than that takes.
const aloneTime = 60

// aloneWait bounds the wait to be alone, for those before in this process and on other nodes together.
const aloneWait = 500 * time.Millisecond

// alone runs f while nobody else, on any node that has a key of a ring, ends the other sessions of a principal: of
// two devices that do so at once, one must stay. It leaves a record for each key of the ring meanwhile. Their
// order is the same for all, so that nobody waits in a circle. Nobody waits long either, as one may have
// stopped: two that run f together may both end.
func (m *marks) alone(ctx context.Context, raw []byte, r *rings, f func() error) error {
	end := time.Now().Add(aloneWait)
	// Those of this process take turns, so that one of them at a time asks the store again and again.
	done := m.turns.wait("ending others "+string(raw), aloneWait)
	if done == nil {
		return f()
	}
	defer done(true)
	var keys []string
	for _, k := range r.principals {
		keys = append(keys, m.server.storeKey("ending others", k.hash(raw)))
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

// acquire tries to leave a record, until a time at which another one's is still there.
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

// release does not tell of a failure: others then wait in vain, until the record ends.
func (m *marks) release(ctx context.Context, key string) {
	_ = m.server.call(ctx, func(ctx context.Context) error { return m.store.Delete(ctx, key) })
}
