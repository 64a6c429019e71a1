package runtime

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"time"
)

func (h *storeHome) revokeID(ctx context.Context, id sessionID) error {
	st := h.noRequest(ctx)
	if h.legacy != nil { // the id may be that of an old session that is not imported yet
		if _, err := h.setMark(st, id); err != nil {
			return err
		}
	}
	return h.endID(st, id)
}

// endID ends the session with this id, which may have no record. It then leaves a record without
// data. A request that is about to write the session finds it, and RevokeAll does not remove it.
func (h *storeHome) endID(st *state, id sessionID) error {
	p := h.place(id, 0)
	err := h.insert(st, p, takenRecord())
	if errors.Is(err, ErrConflict) {
		return h.kill(st, p)
	}
	return err
}

// noRequest returns a session for calls of the store outside a request. It reports no events; the
// caller returns errors.
func (h *storeHome) noRequest(ctx context.Context) *state {
	return &state{manager: h.manager, ctx: ctx, opened: new(opened)}
}

// revokePrincipal raises the mark first, and then deletes the records. Records that are written
// meanwhile are checked against the mark.
func (h *storeHome) revokePrincipal(ctx context.Context, raw []byte) error {
	return h.marks.raisePrincipal(ctx, raw, func(r *rings) error {
		for _, hash := range r.principalHashes(raw) {
			err := h.callLong(ctx, func(ctx context.Context) error { return h.store.DeleteByPrincipal(ctx, hash) })
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// revokeAll is revokePrincipal for all principals.
func (h *storeHome) revokeAll(ctx context.Context) error {
	if err := h.marks.raiseAll(ctx); err != nil {
		return err
	}
	return h.callLong(ctx, h.store.DeleteAll)
}

// callLong makes a call of the store that may take until the deadline of ctx, or Config.StoreTimeout
// without one.
func (h *storeHome) callLong(ctx context.Context, f func(context.Context) error) error {
	if _, limited := ctx.Deadline(); limited {
		return judge(f(ctx), nil)
	}
	return h.call(ctx, f)
}

// endOldest ends all sessions of the principal who has just logged in, except those with the newest
// Config.MaxSessions log-ins. All log-ins agree on the order, so the newest session always stays.
// The error is ErrNoRecord if this session is no longer among the newest.
func (h *storeHome) endOldest(st *state) error {
	raw := h.principalOf(&st.Contents)
	if raw == nil {
		return nil
	}
	ended, now := false, h.clock.now()
	newest := make([]stored, 0, min(h.maxSessions, 64)+1) // ordered, oldest first
	err := h.eachListed(st.ctx, raw, h.rings.Load(), func(s stored) error {
		i, met := slices.BinarySearchFunc(newest, s, compareLogIns)
		if met || !h.counts(s, raw, now) || slices.ContainsFunc(newest, s.isOfSameLogIn) {
			return nil
		}
		newest = slices.Insert(newest, i, s)
		if len(newest) <= h.maxSessions {
			return nil
		}
		oldest := newest[0]
		newest = slices.Delete(newest, 0, 1)
		ended = ended || oldest.place.id == st.stored.at.id
		return h.kill(st, oldest.place)
	})
	if err == nil && ended {
		err = ErrNoRecord
	}
	return err
}

// compareLogIns orders sessions by their log-ins.
func compareLogIns(a, b stored) int {
	ofA, _ := a.Marks()
	ofB, _ := b.Marks()
	return cmp.Or(cmp.Compare(ofA.LogIn, ofB.LogIn), cmp.Compare(a.Authenticated, b.Authenticated),
		cmp.Compare(a.Created, b.Created), bytes.Compare(a.place.id[:], b.place.id[:]))
}

// isOfSameLogIn reports whether two records are of one session that is just moving from one to the
// other.
func (s stored) isOfSameLogIn(other stored) bool {
	is, _ := s.Marks()
	was, _ := other.Marks()
	return is.LogIn != 0 && is.LogIn == was.LogIn
}

// nextLogIn returns a number above those of earlier log-ins, or 0 if log-ins are not counted.
func (h *storeHome) nextLogIn() uint64 {
	if h.maxSessions == 0 {
		return 0
	}
	for {
		last := h.lastLogIn.Load()
		next := max(h.marks.now(), last+1)
		if h.lastLogIn.CompareAndSwap(last, next) {
			return next
		}
	}
}

func (h *storeHome) revokeOthers(ctx context.Context, st *state, raw []byte) error {
	if err := h.stays(ctx, st); err != nil {
		return err
	}
	if err := h.marks.raiseForOthers(ctx, st, raw, st.stored.by); err != nil {
		return err
	}
	return h.eachListed(ctx, raw, h.rings.Load(), func(s stored) error {
		if s.place.id == st.stored.at.id {
			return nil
		}
		return h.kill(st, s.place)
	})
}

// stays returns ErrEnded if the session has ended or moved to another id since it was opened.
func (h *storeHome) stays(ctx context.Context, st *state) error {
	if !st.stored.found() {
		return nil
	}
	_, err := h.load(h.noRequest(ctx), h.place(st.stored.at.id, 0), h.newContents(), h.clock.now())
	if errors.Is(err, ErrNoRecord) {
		return ErrEnded
	}
	return err
}

// check loads the record again, wherever the session has moved. It remembers that place for the next
// call, because a tombstone lasts for a limited time.
func (h *storeHome) check(ctx context.Context, st *state) error {
	s := st.stored
	if !s.found() {
		return nil
	}
	asker := h.noRequest(ctx)
	from := &s.at.id
	if s.checked != nil {
		from = s.checked
	}
	return follow(*from, func(id sessionID) (next sessionID, moved bool, err error) {
		rec, err := h.load(asker, h.place(id, 0), h.newContents(), h.clock.now())
		var t *tombstone
		switch {
		case errors.As(err, &t) && t.next != nil:
			return *t.next, true, nil
		case errors.Is(err, ErrNoRecord):
			return id, false, ErrEnded
		case err != nil:
			return id, false, err
		}
		s.checked = &id
		return id, false, h.stillCounts(asker, rec, h.principalOf(&st.Contents))
	})
}

// stillCounts returns ErrEnded if a record is no valid session of this principal.
func (h *storeHome) stillCounts(asker *state, rec stored, raw []byte) error {
	revoked, _, err := h.revoked(asker, rec)
	now := h.clock.now()
	rec.Prune(now)
	expires, _ := h.expiry(&rec.Metadata, rec.used, now)
	if err == nil && (revoked || now >= expires || !same(h.principalOf(rec.Contents), raw)) {
		err = ErrEnded
	}
	return err
}

// eachListed opens the records of a principal, under all keys of the ring, until f returns an error.
// A session that is sealed again meanwhile, under another hash, may be passed twice.
func (h *storeHome) eachListed(ctx context.Context, raw []byte, r *rings, f func(stored) error) error {
	for _, hash := range r.principalHashes(raw) {
		var failure error
		err := h.eachRecord(ctx, hash, func(key string, rec Record) bool {
			s, err := h.openListed(rec, h.newContents(), h.clock.now())
			if err != nil || h.place(s.place.id, 0).key != key {
				failure = errDamaged
				return false
			}
			s.place.key = key
			failure = f(s)
			return failure == nil
		})
		if err = cmp.Or(failure, err); err != nil {
			return err
		}
	}
	return nil
}

// counts reports whether a stored session belongs to a principal and has not expired. The sealed
// data decides whose it is, not the store.
func (h *storeHome) counts(s stored, raw []byte, now int64) bool {
	expires, _ := h.expiry(&s.Metadata, s.used, now)
	return now < expires && same(h.principalOf(s.Contents), raw)
}

// eachRecord calls yield with the records under a principal's hash. The store may take until the
// deadline of ctx, or Config.StoreTimeout for each record without one. The time that yield takes
// does not count.
func (h *storeHome) eachRecord(ctx context.Context, hash string, yield func(key string, rec Record) bool) error {
	if _, limited := ctx.Deadline(); limited {
		return judge(h.store.List(ctx, hash, yield), nil)
	}
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	late := time.AfterFunc(h.timeout, func() { cancel(context.DeadlineExceeded) })
	defer late.Stop()
	err := h.store.List(ctx, hash, func(key string, rec Record) bool {
		late.Stop()
		defer late.Reset(h.timeout)
		return yield(key, rec)
	})
	if err != nil {
		err = cmp.Or(context.Cause(ctx), err)
	}
	return judge(err, nil)
}
