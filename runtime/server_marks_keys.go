package runtime

import (
	"context"
	"maps"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sessiongen/sessiongen/runtime/internal/payload"
)

// A principal's mark is kept under a hash for each key of the ring, since the store is not to learn
// who it is. A key that is not in the ring just then, and comes back, knows nothing of it. So the
// mark that counts says which keys the last revocation was for, and who raises it for a key that
// this does not name notes first what that key has missed: what it has sealed for whoever was
// authenticated until then does not count. No revocation is between two of the count, so that
// none is overlooked, however many overlap.

func (m *marks) missedKey(k *principalKey) string { return m.server.storeKey("key missed", k.id) }

// maxTold is how many keys a mark names. Those that follow in a longer ring count as if they had missed
// every revocation.
const maxTold = 64 / tagSize

// tell returns keys as a mark names them.
func tell(keys []*principalKey) string {
	var told strings.Builder
	for _, k := range keys[:min(len(keys), maxTold)] {
		told.WriteString(k.tag)
	}
	return told.String()
}

// has reports whether a mark names a key.
func (m mark) has(k *principalKey) bool {
	for told := m.told; len(told) >= tagSize; told = told[tagSize:] {
		if told[:tagSize] == k.tag {
			return true
		}
	}
	return false
}

// count raises the mark that counts, for the keys of a ring, to a version that is new and at least as given.
func (m *marks) count(ctx context.Context, r *rings, version uint64) (uint64, error) {
	now, err := m.change(ctx, m.countKey(), func(last mark) (mark, error) {
		for _, k := range r.principals {
			if last.version == 0 || last.has(k) {
				continue
			}
			if err := m.keepAtLeast(ctx, m.missedKey(k), last.version); err != nil {
				return last, err
			}
		}
		return mark{max(version, last.version+1, m.now()), tell(r.principals)}, nil
	})
	if err != nil {
		return 0, err
	}
	r.history.keep(now)
	return now.version, nil
}

// missed returns the last revocation that a key has missed, if the count is as given.
func (m *marks) missed(ctx context.Context, k *principalKey, count mark) (version uint64, err error) {
	if count.version > 0 && !count.has(k) {
		return count.version, nil
	}
	missed, err := m.look(ctx, m.missedKey(k))
	return missed.version, err
}

// missedByAll reports whether every key has missed a revocation that is newer than a version.
func (m *marks) missedByAll(ctx context.Context, r *rings, known uint64) (bool, error) {
	for _, k := range r.principals {
		missed, err := m.look(ctx, m.missedKey(k))
		if err != nil || missed.version <= known {
			return false, err
		}
	}
	return true, nil
}

// missedBy reports whether a session of somebody does not count because of a revocation that its key has
// missed, if the count is as given.
func (m *marks) missedBy(ctx context.Context, c *payload.Contents, by sealedBy, count mark) (bool, error) {
	known, ok := c.Marks()
	if count.version == 0 || ok && count.version <= known.Principal {
		return false, nil
	}
	if by.key != notSealed {
		version, err := m.missedVersion(ctx, by.rings, by.principalKey(), count)
		return err == nil && m.predates(c, known.Principal, version) && !movedSince(known, version), err
	}
	for _, k := range by.rings.principals { // a mark under any of them would do
		version, err := m.missedVersion(ctx, by.rings, k, count)
		if err != nil || !m.predates(c, known.Principal, version) {
			return false, err
		}
	}
	return true, nil
}

// movedSince reports whether a session was judged by the marks of an older key, and came to be under its own,
// after a revocation that this one has missed. Nothing was revoked between if that was so much later that the
// revocation had ended by then, whatever clocks say.
func movedSince(known payload.Marks, version uint64) bool {
	return known.Moved > version/nanoseconds+payload.ClockError
}

// missedVersion is missed, asked once for each count.
func (m *marks) missedVersion(ctx context.Context, r *rings, k *principalKey, count mark) (uint64, error) {
	if version, found := r.history.missed(k, count); found {
		return version, nil
	}
	version, err := m.missed(ctx, k, count)
	if err == nil {
		r.history.keepMissed(k, count, version)
	}
	return version, err
}

// missedLately is missedBy with the count as it is, or as it was when somebody last looked if that will do.
func (m *marks) missedLately(ctx context.Context, c *payload.Contents, by sealedBy) (bool, error) {
	if m.server.principalOf(c) == nil {
		return false, nil
	}
	last := by.rings.history.last.Load()
	if last == nil || !last.serves(c, by) {
		count, err := m.look(ctx, m.countKey())
		if err != nil {
			return false, err
		}
		last = by.rings.history.keep(count)
	}
	return m.missedBy(ctx, c, by, last.mark)
}

// sealedBy says under which key of a ring something is sealed, which may not be in use any more.
type sealedBy struct {
	rings *rings
	key   int
}

// notSealed is the key of an old session, which is sealed otherwise.
const notSealed = -1

func (by sealedBy) principalKey() *principalKey { return by.rings.principals[by.key] }

// A keyHistory is what is known of revocations since a ring is in use.
type keyHistory struct {
	last atomic.Pointer[knownCount]
}

// A knownCount is the mark that counts, as it was at a time, and which revocations keys have missed by then.
type knownCount struct {
	mark
	first  uint64 // the version that was the first to be known
	at     time.Time
	missed map[*principalKey]uint64 // is not written to
}

// historyTime is for how long a count serves to judge sessions while keys are rotated, and those that are older
// than the ring is in use.
const historyTime = 5 * time.Second

// serves reports whether a session can be judged by a count though that may have been raised since. The key
// that seals is one that all have who revoke, unless the last revocation shows otherwise. So it
// should miss nothing while it is in use.
func (k *knownCount) serves(c *payload.Contents, by sealedBy) bool {
	if by.key > 0 || k.version > 0 && !k.has(by.principalKey()) {
		return false
	}
	known, ok := c.Marks()
	if len(by.rings.principals) == 1 && ok && known.Principal >= k.first {
		return true
	}
	return time.Since(k.at) < historyTime
}

// keep notes the count as it is now.
func (h *keyHistory) keep(count mark) *knownCount {
	now := &knownCount{mark: count, first: count.version, at: time.Now()}
	if last := h.last.Load(); last != nil {
		now.first = last.first
		if last.mark == count {
			now.missed = last.missed
		}
	}
	h.last.Store(now)
	return now
}

// missed returns which revocation a key has missed. That stays the same as long as the count does.
func (h *keyHistory) missed(k *principalKey, count mark) (version uint64, found bool) {
	last := h.last.Load()
	if last == nil || last.mark != count {
		return 0, false
	}
	version, found = last.missed[k]
	return version, found
}

func (h *keyHistory) keepMissed(k *principalKey, count mark, version uint64) {
	last := h.last.Load()
	if last == nil || last.mark != count {
		last = h.keep(count)
	}
	now := *last
	now.missed = map[*principalKey]uint64{k: version}
	maps.Copy(now.missed, last.missed)
	h.last.Store(&now)
}
