package runtime

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"math/rand/v2"
	"time"
)

// What is listed of a principal is read record by record, so that a list of many sessions takes no more
// than what the store returns of them.

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
	records, err := h.recordsOf(ctx, hash)
	if err != nil {
		yield(nil, err)
		return false
	}
	for key, rec := range records {
		if ctx.Err() != nil {
			yield(nil, ctx.Err())
			return false
		}
		st, err := h.openEntry(ctx, key, rec, raw)
		if err == nil {
			if st == nil || seen[st.ID()] {
				continue
			}
			seen[st.ID()] = true
		}
		if !yield(st, err) {
			return false
		}
	}
	return true
}

// openEntry opens a record that the store has under a principal. It is nil if that is no session of
// theirs: whose it is, what is sealed tells, and not the store.
func (h *storeHome) openEntry(ctx context.Context, key string, rec Record, raw []byte) (*state, error) {
	st := h.listed(ctx)
	s, err := h.openListed(rec, &st.Contents)
	if err != nil || h.place(s.place.id, 0).key != key {
		return nil, errDamaged
	}
	now := h.clock.now()
	st.used = s.used
	st.boundExpiries(now)
	st.prune(now)
	if st.hasExpired() || !same(h.principalOf(&st.Contents), raw) {
		return nil, nil
	}
	return st, nil
}

func (h *storeHome) update(ctx context.Context, raw []byte, change func(*state)) (changed int, err error) {
	done := map[sessionID]bool{}
	for st, failure := range h.list(ctx, raw) {
		did := false
		if failure == nil {
			did, failure = h.updateOne(ctx, st.ID(), raw, change, done)
		}
		if did {
			changed++
		}
		err = cmp.Or(err, failure)
		if failure != nil && !isOfOne(failure) {
			break
		}
	}
	return changed, err
}

// isOfOne reports whether an error is about one session, so that there is hope for others.
func isOfOne(err error) bool {
	switch {
	case errors.Is(err, errDamaged), errors.Is(err, errConflicts):
		return true
	case errors.Is(err, ErrStore), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return false
	}
	return true
}

var errNewID = errors.New("session: only a request of its own gives a session a new id or another principal")

// updateOne changes a session of a principal, wherever it moved since it was listed, unless that is done.
func (h *storeHome) updateOne(ctx context.Context, id sessionID, raw []byte, change func(*state), done map[sessionID]bool) (changed bool, err error) {
	err = follow(id, func(id sessionID) (next sessionID, moved bool, err error) {
		u := storeUpdate{h, ctx, raw, change}
		if done[id] {
			return id, false, nil
		}
		done[id] = true
		var lead *sessionID
		changed, lead, err = u.try(h.place(id, 0))
		if lead != nil {
			return *lead, true, nil
		}
		return id, false, err
	})
	return changed, err
}

// A storeUpdate changes a session from outside of its requests. So it leaves its times alone: an
// administrator's change is no use of the session, which would put its end off.
type storeUpdate struct {
	home   *storeHome
	ctx    context.Context
	raw    []byte // the principal
	change func(*state)
}

// try changes the session at a place until it meets no conflict. If the session has moved, lead says
// where to.
func (u *storeUpdate) try(p place) (changed bool, lead *sessionID, err error) {
	for attempt := range maxAttempts {
		if err := u.ctx.Err(); err != nil {
			return false, nil, err
		}
		if more := attempt - 2; more >= 0 { // its own requests change it too
			time.Sleep(rand.N(time.Millisecond << min(more, 5)))
		}
		st, lead, err := u.open(p)
		if st == nil || err != nil {
			return false, lead, err
		}
		u.change(st)
		changed, err = u.save(st)
		if !errors.Is(err, ErrConflict) {
			return changed, nil, err
		}
	}
	return false, nil, errConflicts
}

// open opens the session at a place. It is nil if there is none of the principal's.
func (u *storeUpdate) open(p place) (st *state, lead *sessionID, err error) {
	h := u.home
	st = h.listed(u.ctx)
	st.mu.Lock()
	defer st.unlock()
	now := h.clock.now()
	refusal := h.openPlace(st, p, now)
	st.boundExpiries(now)
	st.prune(now)
	switch {
	case st.isDown():
		return nil, nil, st.failure()
	case len(st.stored.leads) > 0:
		return nil, &st.stored.leads[0], nil
	case refusal != "" || !same(h.principalOf(&st.Contents), u.raw):
		return nil, nil, nil
	}
	st.origin = returning
	return st, nil, nil
}

// save writes what was changed. The error is ErrConflict if the record changed since it was read.
func (u *storeUpdate) save(st *state) (changed bool, err error) {
	h := u.home
	st.mu.Lock()
	defer st.unlock()
	s := st.stored
	st.answer = answerBegun // what is changed from now on comes too late
	if err := st.failure(); err != nil {
		return false, err
	}
	switch {
	case len(s.doomed) > 0:
		return true, h.kill(st, s.doomed[0].place)
	case st.edits != unsaved:
		return st.modified(), nil
	case !st.HasID(s.at.id):
		return false, errNewID
	}
	st.Forget()
	rec, _, err := h.sealRecord(&st.Contents, s.at, st.used)
	if err != nil {
		return false, err
	}
	err = h.replace(st, s.at, rec)
	if errors.Is(err, ErrNoRecord) { // it has ended, or moved: the next attempt finds out
		err = ErrConflict
	}
	return err == nil, err
}
