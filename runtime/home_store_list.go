package runtime

import (
	"context"
	"iter"
)

// A list reads record by record and remembers ids alone, so an account may have any number of
// sessions.

func (h *storeHome) list(ctx context.Context, raw []byte) iter.Seq2[*state, error] {
	return func(yield func(*state, error) bool) {
		seen := map[sessionID]bool{} // a session may be sealed again meanwhile, under another hash
		for _, hash := range h.rings.Load().principalHashes(raw) {
			if !h.listUnder(ctx, hash, raw, seen, yield) {
				return
			}
		}
	}
}

// listUnder yields the principal's sessions under one hash that were not seen before. It returns
// false if yield did.
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

// openEntry opens a record of a principal's list. It returns nil if the record is not a session of
// that principal: the sealed data decides, not the store.
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
