package runtime

import (
	"context"
	"iter"
)

// What is listed of a principal is read record by record, so that an account may have any number of
// sessions. Only ids are remembered.

func (h *storeHome) list(ctx context.Context, raw []byte) iter.Seq2[*state, error] {
	return func(yield func(*state, error) bool) {
		seen := map[sessionID]bool{} // a session may be sealed anew, under another hash, meanwhile
		for _, hash := range h.rings.Load().principalHashes(raw) {
			if !h.listUnder(ctx, hash, raw, seen, yield) {
				return
			}
		}
	}
}

// listUnder yields the principal's sessions that have one of their hashes and were not seen before. It is
// false if it has been the last to yield.
func (h *storeHome) listUnder(ctx context.Context, hash string, raw []byte, seen map[sessionID]bool, yield func(*state, error) bool) bool {
	more := true
	err := h.eachRecord(ctx, hash, func(key string, rec Record) bool {
		if ctx.Err() != nil {
			yield(nil, ctx.Err())
			more = false
			return false
		}
		st, err := h.openEntry(ctx, key, rec, raw)
		if err == nil {
			if st == nil || seen[st.ID()] {
				return true
			}
			seen[st.ID()] = true
		}
		more = yield(st, err)
		return more
	})
	if more && err != nil {
		yield(nil, err)
		return false
	}
	return more
}

// openEntry opens a record that the store has under a principal. It is nil if that is no session of
// theirs: whose it is, what is sealed tells, and not the store.
func (h *storeHome) openEntry(ctx context.Context, key string, rec Record, raw []byte) (*state, error) {
	st, now := h.listed(ctx), h.clock.now()
	s, err := h.openListed(rec, &st.Contents, now)
	if err != nil || h.place(s.place.id, 0).key != key {
		return nil, errDamaged
	}
	st.used = s.used
	st.boundExpiries(now)
	st.prune(now)
	if st.hasExpired() || !same(h.principalOf(&st.Contents), raw) {
		return nil, nil
	}
	return st, nil
}
