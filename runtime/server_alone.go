package runtime

import (
	"context"
	"errors"
	"slices"
)

// aloneTime is for how many seconds the record stays of one who does not come to an end: longer than that takes.
const aloneTime = 60

// alone runs f while nobody else, on any node that has a key of a ring, ends the other sessions of a principal: of
// two devices that do so at once, one must stay. It leaves a record for each key of the ring meanwhile. Their
// order is the same for all, so that nobody waits in a circle. Nobody waits long either, as one may have
// stopped: two that run f together may both end.
func (m *marks) alone(ctx context.Context, raw []byte, r *rings, f func() error) error {
	var keys []string
	for _, k := range r.principals {
		keys = append(keys, m.server.storeKey("ending others", k.hash(raw)))
	}
	slices.Sort(keys)
	for _, key := range keys {
		switch acquired, err := m.acquire(ctx, key); {
		case err != nil:
			return err
		case acquired:
			defer m.release(ctx, key)
		}
	}
	return f()
}

// maxWaits bounds how often one tries to be alone: for about half a second.
const maxWaits = 32

func (m *marks) acquire(ctx context.Context, key string) (acquired bool, err error) {
	for attempt := range maxWaits {
		rec := Record{Version: 1, Expires: storeTime(aloneTime)}
		err := m.server.call(ctx, func(ctx context.Context) error { return m.store.Insert(ctx, key, rec) }, ErrConflict)
		if !errors.Is(err, ErrConflict) {
			return err == nil, err
		}
		pause(attempt)
	}
	return false, nil
}

// release does not tell of a failure: others then wait in vain, until the record ends.
func (m *marks) release(ctx context.Context, key string) {
	_ = m.server.call(ctx, func(ctx context.Context) error { return m.store.Delete(ctx, key) })
}
