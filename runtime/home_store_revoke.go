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
	if h.legacy != nil { // it may be an old session that is not taken over yet
		if _, err := h.setMark(st, id); err != nil {
			return err
		}
	}
	return h.endID(st, id)
}

// endID ends the session of an id, which may have no record. Whoever is about to write one finds a record there
// that has no data, so that RevokeAll leaves it.
func (h *storeHome) endID(st *state, id sessionID) error {
	p := h.place(id, 0)
	err := h.insert(st, p, takenRecord())
	if errors.Is(err, ErrConflict) {
		return h.kill(st, p)
	}
	return err
}

// noRequest is a session of no request, for calls of the store. Nobody hears of its events; errors are
// reported.
func (h *storeHome) noRequest(ctx context.Context) *state {
	return &state{manager: h.manager, ctx: ctx, opened: new(opened)}
}

// revokePrincipal raises the mark, and then deletes the records that there are. What is written for the
// principal meanwhile looks at the mark.
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

// revokeAll is revokePrincipal for everybody.
func (h *storeHome) revokeAll(ctx context.Context) error {
	if err := h.marks.raiseAll(ctx); err != nil {
		return err
	}
	return h.callLong(ctx, h.store.DeleteAll)
}

// callLong makes a call of the store that may take as long as the caller's context allows, or
// Config.StoreTimeout if that does not tell.
func (h *storeHome) callLong(ctx context.Context, f func(context.Context) error) error {
	if _, limited := ctx.Deadline(); limited {
		return judge(f(ctx), nil)
	}
	return h.call(ctx, f)
}

// endOldest ends the sessions of the principal who has just logged in that are too many, the oldest
// log-ins first. All log-ins agree on the order, so that the newest stays whatever others do
// meanwhile. The error is ErrNoRecord if this one is not new enough any more.
func (h *storeHome) endOldest(st *state) error {
	raw := h.principalOf(&st.Contents)
	if raw == nil {
		return nil
	}
	ended, now := false, h.clock.now()
	newest := make([]stored, 0, min(h.maxSessions, 64)+1) // ordered, the oldest first
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

// compareLogIns orders sessions by the times of their log-ins.
func compareLogIns(a, b stored) int {
	ofA, _ := a.Marks()
	ofB, _ := b.Marks()
	return cmp.Or(cmp.Compare(ofA.LogIn, ofB.LogIn), cmp.Compare(a.Authenticated, b.Authenticated),
		cmp.Compare(a.Created, b.Created), bytes.Compare(a.place.id[:], b.place.id[:]))
}

// isOfSameLogIn reports whether two records are of one session, which moves from one of them to the other just now.
func (s stored) isOfSameLogIn(other stored) bool {
	is, _ := s.Marks()
	was, _ := other.Marks()
	return is.LogIn != 0 && is.LogIn == was.LogIn
}

// nextLogIn is later than those before, 0 if nobody counts.
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

// stays fails with ErrEnded if the session has ended, or moved to another id, since it was opened.
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

// check asks for the record again, wherever the session moved. The next time it begins there: the
// record that was here says where it moved to only for a while.
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

// stillCounts fails with ErrEnded if a record is no session, or not that of a principal.
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

// eachListed opens the records that the store has under a principal and the keys of a ring, by whatever build,
// until f returns an error. A session may be met twice, if it is sealed anew, under another hash, meanwhile.
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

// counts reports whether a session of the store is a principal's and has not expired. Whose it is, what is
// sealed tells, and not the store.
func (h *storeHome) counts(s stored, raw []byte, now int64) bool {
	expires, _ := h.expiry(&s.Metadata, s.used, now)
	return now < expires && same(h.principalOf(s.Contents), raw)
}

// eachRecord calls yield with the records that the store has under a hash of a principal. The store may take
// as long as the caller's context allows, or Config.StoreTimeout for each record if that does not tell. The
// time that yield takes is not the store's.
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
