package runtime

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sessiongen/sessiongen/runtime/internal/payload"
	"github.com/sessiongen/sessiongen/runtime/internal/principal"
)

// The store must not learn who a principal is, so a principal's mark is kept under a hash for each
// key of the ring. A key that is not in the ring at the time of a revocation, and comes back later,
// has no such mark. So the count names the keys that the last revocation was for. Whoever raises it
// for a key that it does not name first notes what that key has missed. Sessions of a principal that
// were sealed under that key, and authenticated before, are then revoked. Revocations raise the
// count one after the other, so none is overlooked, however many overlap.

func (m *marks) missedKey(k *principal.Key) string { return m.server.storeKey("key missed", k.ID()) }

// maxTold is how many keys a mark names. Further keys of a longer ring count as having missed every
// revocation.
const maxTold = 64 / principal.TagSize

// tell returns the names of keys for a mark.
func tell(keys []*principal.Key) string {
	var told strings.Builder
	for _, k := range keys[:min(len(keys), maxTold)] {
		told.WriteString(k.Tag())
	}
	return told.String()
}

// has reports whether a mark names a key.
func (m mark) has(k *principal.Key) bool {
	for told := m.told; len(told) >= principal.TagSize; told = told[principal.TagSize:] {
		if told[:principal.TagSize] == k.Tag() {
			return true
		}
	}
	return false
}

// count raises the count for the keys of a ring, to a new version that is at least version.
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
		if last.version == 0 { // or the store has lost the count, and sessions remember one from a clock that was ahead
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

// countFor returns the count for judging a session that is sealed under a key. If the session will
// be sealed under the newest key, the count must name that key. A revocation under way on a node
// without that key then sees it in the count, and counts once more: see recount.
func (m *marks) countFor(ctx context.Context, by sealedBy, look lookup) (mark, error) {
	count, err := look(ctx, m.countKey())
	if err != nil || by.key <= 0 || count.version == 0 || count.has(by.rings.principals[0]) {
		return count, err
	}
	return m.count(ctx, by.rings, 0)
}

// recount finishes a revocation for the keys of a ring. If others have counted for a key that the
// ring does not have, revoked sessions may have been sealed under that key meanwhile. recount raises
// the count again, so that this key has missed the revocation.
func (m *marks) recount(ctx context.Context, r *rings) error {
	count, err := m.look(ctx, m.countKey())
	if err != nil || !count.namesOthers(r) {
		return err
	}
	_, err = m.count(ctx, r, 0)
	return err
}

// namesOthers reports whether a mark names a key that is not in a ring.
func (m mark) namesOthers(r *rings) bool {
	for told := m.told; len(told) >= principal.TagSize; told = told[principal.TagSize:] {
		has := func(k *principal.Key) bool { return k.Tag() == told[:principal.TagSize] }
		if !slices.ContainsFunc(r.principals, has) {
			return true
		}
	}
	return false
}

// missed returns the last revocation that a key has missed, given the current count.
func (m *marks) missed(ctx context.Context, k *principal.Key, count mark) (version uint64, err error) {
	if count.version > 0 && !count.has(k) {
		return count.version, nil
	}
	missed, err := m.look(ctx, m.missedKey(k))
	return missed.version, err
}

// missedByAll reports whether every key has missed a revocation that is newer than the version
// known.
func (m *marks) missedByAll(ctx context.Context, r *rings, known uint64) (bool, error) {
	for _, k := range r.principals {
		missed, err := m.look(ctx, m.missedKey(k))
		if err != nil || missed.version <= known {
			return false, err
		}
	}
	return true, nil
}

// missedBy reports whether a principal's session is revoked by a revocation that its key has missed,
// given the current count.
func (m *marks) missedBy(ctx context.Context, c *payload.Contents, by sealedBy, count mark) (bool, error) {
	known, ok := c.Marks()
	if count.version == 0 || ok && count.version <= known.Principal {
		return false, nil
	}
	if by.key != notSealed {
		version, err := m.missedVersion(ctx, by.rings, by.principalKey(), count)
		// A session that had moved to this key by then was judged by an older key's marks.
		return err == nil && m.predates(c, known.Principal, version) && version > known.Moved, err
	}
	for _, k := range by.rings.principals { // one mark under any of them would be enough
		version, err := m.missedVersion(ctx, by.rings, k, count)
		if err != nil || !m.predates(c, known.Principal, version) {
			return false, err
		}
	}
	return true, nil
}

// missedVersion is missed with a cache for each count.
func (m *marks) missedVersion(ctx context.Context, r *rings, k *principal.Key, count mark) (uint64, error) {
	if version, found := r.history.missed(k, count); found {
		return version, nil
	}
	version, err := m.missed(ctx, k, count)
	if err == nil {
		r.history.keepMissed(k, count, version)
	}
	return version, err
}

// missedLately is missedBy with the current count, or with one that was read earlier if that is
// sufficient. It also returns the version of that count.
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

// sealedBy says which key of a ring sealed something. The ring may no longer be in use.
type sealedBy struct {
	rings *rings
	key   int
}

// notSealed is the key of an old session, which no key sealed.
const notSealed = -1

func (by sealedBy) principalKey() *principal.Key { return by.rings.principals[by.key] }

// A keyHistory is what a node knows of revocations since a ring came into use.
type keyHistory struct {
	last atomic.Pointer[knownCount]
}

// A knownCount is the count at a time, with the revocations that keys had missed by then.
type knownCount struct {
	mark
	first  uint64 // the first known version
	at     time.Time
	missed map[*principal.Key]uint64 // never written to
}

// historyTime is how long a count may be reused while keys are rotated, and for sessions that are
// older than the ring's use.
const historyTime = 5 * time.Second

// serves reports whether this count is sufficient to judge a session, though it may have been raised
// since. Every node that revokes has the key that seals, unless the last revocation shows otherwise.
// So that key should miss no revocation while it is in use.
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

// keep stores the current count.
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

// missed returns the revocation that a key has missed. It is the same as long as the count does not
// change.
func (h *keyHistory) missed(k *principal.Key, count mark) (version uint64, found bool) {
	last := h.last.Load()
	if last == nil || last.mark != count {
		return 0, false
	}
	version, found = last.missed[k]
	return version, found
}

func (h *keyHistory) keepMissed(k *principal.Key, count mark, version uint64) {
	last := h.last.Load()
	if last == nil || last.mark != count {
		last = h.keep(count)
	}
	now := *last
	now.missed = map[*principal.Key]uint64{k: version}
	maps.Copy(now.missed, last.missed)
	h.last.Store(&now)
}
