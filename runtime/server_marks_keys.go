package runtime

import (
	"context"
	"sync"
)

// A principal's mark is kept under a hash for each key of the ring, since the store is not to learn
// who it is. A key that is not in the ring just then, and comes back, knows nothing of it. So
// there are three more marks, without which it would revive sessions:
//
//   - the last revocation of any principal;
//   - for each key, the last one of which it was told;
//   - for each key, the last one that it missed: what it has sealed until then does not count.

func (m *marks) lastKey() string { return m.server.storeKey("last revoked", "") }

func (m *marks) toldKey(k *principalKey) string { return m.server.storeKey("key told", k.id) }

func (m *marks) missedKey(k *principalKey) string { return m.server.storeKey("key missed", k.id) }

// cover notes that the keys of the ring were told of a revocation.
func (m *marks) cover(ctx context.Context) error {
	keys := m.server.rings.Load().principals
	if err := m.noteMissed(ctx, keys); err != nil {
		return err
	}
	now := m.now()
	for _, k := range keys {
		if _, err := m.raise(ctx, m.toldKey(k), now); err != nil {
			return err
		}
	}
	// Last, so that nobody finds a key wanting that was told.
	_, err := m.raise(ctx, m.lastKey(), now)
	return err
}

// noteMissed notes of each key what it has missed.
func (m *marks) noteMissed(ctx context.Context, keys []*principalKey) error {
	last, err := m.look(ctx, m.lastKey())
	if err != nil || last == 0 {
		return err
	}
	for _, k := range keys {
		told, err := m.look(ctx, m.toldKey(k))
		if err != nil {
			return err
		}
		if told >= last {
			continue
		}
		if _, err := m.raise(ctx, m.missedKey(k), last); err != nil {
			return err
		}
		if _, err := m.raise(ctx, m.toldKey(k), last); err != nil {
			return err
		}
	}
	return nil
}

// A keyHistory is what a ring's keys have missed, in Unix seconds, the newest key's first.
type keyHistory struct {
	first sync.Once
	since int64 // when the ring was made; if the program has a clock of its own, when it was first used

	mu     sync.Mutex
	missed []int64 // nil until it was asked for
}

// missed reports whether a session that a key has sealed, which was last saved at a time, does not
// count because of a revocation of which the key was not told. The store is asked once for each
// ring, when a session turns up that is older than the ring is in use.
func (m *marks) missed(ctx context.Context, key int, saved int64) (bool, error) {
	r := m.server.rings.Load()
	h := &r.history
	h.first.Do(func() {
		if h.since == 0 {
			h.since = m.server.clock.now()
		}
	})
	if saved >= h.since || key >= len(r.principals) {
		return false, nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.missed == nil {
		missed, err := m.readMissed(ctx, r.principals)
		if err != nil {
			return false, err
		}
		h.missed = missed
	}
	return saved <= h.missed[key], nil
}

func (m *marks) readMissed(ctx context.Context, keys []*principalKey) (missed []int64, err error) {
	missed = make([]int64, len(keys))
	if last, err := m.look(ctx, m.lastKey()); last == 0 || err != nil {
		return missed, err
	}
	if err := m.noteMissed(ctx, keys); err != nil {
		return nil, err
	}
	for i, k := range keys {
		version, err := m.look(ctx, m.missedKey(k))
		if err != nil {
			return nil, err
		}
		missed[i] = int64(version / nanoseconds)
	}
	return missed, nil
}
