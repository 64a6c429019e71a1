package runtime

import (
	"context"
	"sync"
	"time"
)

// A principal's mark is kept under a hash for each key of the ring, since the store is not to learn
// who it is. A key that is not in the ring just then, and comes back, knows nothing of it. So
// there are three more marks, without which it would revive sessions:
//
//   - the last revocation of any principal;
//   - for each key, the last one of which it was told;
//   - for each key, the last one that it missed: what it has sealed until then does not count.

func (m *marks) lastKey() string { return m.server.storeKey("last revoked", "") }

// newestKey is the key of the mark that counts: it is as new as that of any principal.
func (m *marks) newestKey() string { return m.server.storeKey("newest revoked", "") }

func (m *marks) toldKey(k *principalKey) string { return m.server.storeKey("key told", k.id) }

func (m *marks) missedKey(k *principalKey) string { return m.server.storeKey("key missed", k.id) }

// cover notes that keys were told of a revocation.
func (m *marks) cover(ctx context.Context, keys []*principalKey, version uint64) error {
	for _, k := range keys {
		if err := m.keepAtLeast(ctx, m.toldKey(k), version); err != nil {
			return err
		}
	}
	// Last, so that nobody finds a key wanting that was told.
	return m.keepAtLeast(ctx, m.lastKey(), version)
}

// noteMissed notes of each key what it has missed, and returns the last revocation of any principal.
func (m *marks) noteMissed(ctx context.Context, keys []*principalKey) (last uint64, err error) {
	last, err = m.look(ctx, m.lastKey())
	if err != nil || last == 0 {
		return last, err
	}
	for _, k := range keys {
		told, err := m.look(ctx, m.toldKey(k))
		if err != nil {
			return 0, err
		}
		if told >= last {
			continue
		}
		if err := m.keepAtLeast(ctx, m.missedKey(k), last); err != nil {
			return 0, err
		}
		if err := m.keepAtLeast(ctx, m.toldKey(k), last); err != nil {
			return 0, err
		}
	}
	return last, nil
}

// A keyHistory is what a ring's keys have missed, as it was not long ago.
type keyHistory struct {
	first sync.Once
	since int64 // when the ring was made; if the program has a clock of its own, when it was first used

	mu     sync.Mutex
	at     time.Time // when the store was asked
	missed []int64   // in Unix seconds, the newest key's first
}

// historyTime is for how long an answer is used again.
const historyTime = 5 * time.Second

// missed reports whether a session that a key has sealed, which was last saved at a time, does not
// count because of a revocation of which the key was not told. The store is asked only for a
// session that is older than the ring is in use, and then not often.
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
	missed := h.recent()
	if missed == nil {
		var err error
		if missed, err = m.readMissed(ctx, r.principals); err != nil {
			return false, err
		}
		h.keep(missed)
	}
	return saved <= missed[key], nil
}

// recent returns the last answer, nil if it is too old.
func (h *keyHistory) recent() []int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	if time.Since(h.at) > historyTime {
		return nil
	}
	return h.missed
}

func (h *keyHistory) keep(missed []int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.missed, h.at = missed, time.Now()
}

func (m *marks) readMissed(ctx context.Context, keys []*principalKey) (missed []int64, err error) {
	missed = make([]int64, len(keys))
	last, err := m.noteMissed(ctx, keys)
	if err != nil || last == 0 {
		return missed, err
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
