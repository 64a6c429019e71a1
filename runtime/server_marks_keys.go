package runtime

import (
	"context"
	"maps"
	"slices"
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

// maxTold is the number of keys that a mark names. In a longer ring, the keys after these count as if they
// had missed every revocation.
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
func (m *marks) count(ctx context.Context, r *rings, version uint64) (mark, error) {
	now, err := m.change(ctx, m.countKey(), func(last mark) (mark, error) {
		for _, k := range r.principals {
			if last.version == 0 || last.has(k) {
				continue
			}
			if err := m.keepAtLeast(ctx, m.missedKey(k), last.version); err != nil {
				return last, err
			}
		}
		now := m.now()
		if last.version == 0 { // or the store has lost it, and sessions remember one by a clock that is ahead
			now += payload.ClockTolerance * nanoseconds
		}
		return mark{max(version, last.version+1, now), tell(r.principals)}, nil
	})
	if err != nil {
		return mark{}, err
	}
	r.history.keep(now)
	return now, nil
}

// countFor returns the count, to judge a session that is sealed under a key. One that is to be sealed under the
// newest is judged by a count that names it. A revocation under way by a node without that key finds it
// there, and counts once more: see recount.
func (m *marks) countFor(ctx context.Context, by sealedBy, look lookup) (mark, error) {
	count, err := look(ctx, m.countKey())
	if err != nil || by.key <= 0 || count.version == 0 || count.has(by.rings.principals[0]) {
		return count, err
	}
	return m.count(ctx, by.rings, 0)
}

// recount ends a revocation for the keys of a ring. If others have counted for a key that the ring does not
// have, sessions may have been sealed under it meanwhile that count no more: so that key has
// missed this revocation, as of now.
func (m *marks) recount(ctx context.Context, r *rings) error {
	count, err := m.look(ctx, m.countKey())
	if err != nil || !count.namesOthers(r) {
		return err
	}
	_, err = m.count(ctx, r, 0)
	return err
}

// namesOthers reports whether a mark names a key that a ring does not have.
func (m mark) namesOthers(r *rings) bool {
	for told := m.told; len(told) >= tagSize; told = told[tagSize:] {
		has := func(k *principalKey) bool { return k.tag == told[:tagSize] }
		if !slices.ContainsFunc(r.principals, has) {
			return true
		}
	}
	return false
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
		// One that had moved to the key by then was judged by the marks of an older key.
		return err == nil && m.predates(c, known.Principal, version) && version > known.Moved, err
	}
	for _, k := range by.rings.principals { // a mark under any of them would do
		version, err := m.missedVersion(ctx, by.rings, k, count)
		if err != nil || !m.predates(c, known.Principal, version) {
			return false, err
		}
	}
	return true, nil
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

// missedLately is missedBy with the count as it is, or as it was when somebody last looked if that will do. It
// returns that count.
func (m *marks) missedLately(ctx context.Context, c *payload.Contents, by sealedBy) (missed bool, count uint64, err error) {
	if m.server.principalOf(c) == nil {
		return false, 0, nil
	}
	last := by.rings.history.last.Load()
	if last == nil || !last.serves(c, by) {
		now, err := m.countFor(ctx, by, m.look)
		if err != nil {
			return false, 0, err
		}
		last = by.rings.history.keep(now)
	}
	missed, err = m.missedBy(ctx, c, by, last.mark)
	return missed, last.version, err
}

// sealedBy says under which key of a ring something is sealed, which may not be in use any more.
type sealedBy struct {
	rings *rings
	key   int
}

// notSealed is the key of an old session, which is sealed otherwise.
const notSealed = -1

func (by sealedBy) principalKey() *principalKey { return by.rings.principals[by.key] }

// A keyHistory holds what is known of revocations since a ring came into use.
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
