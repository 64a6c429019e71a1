package runtime

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"time"
)

// A storeUpdate changes the sessions of a principal from outside their requests. It leaves their
// times alone: a change by an administrator is not a use of the session, and must not prolong it.
//
// Sessions may move to other ids meanwhile. Each must be changed once, so their ids are listed
// first, and each session is followed from its listed id.
type storeUpdate struct {
	home   *storeHome
	ctx    context.Context
	raw    []byte // the principal's encoded value
	change func(*state)
	done   map[sessionID]bool      // the ids that were tried, and whether they had a session
	former map[sessionID]sessionID // the earlier id of a listed session, if it is known
}

func (h *storeHome) update(ctx context.Context, raw []byte, change func(*state)) (changed int, err error) {
	u := storeUpdate{h, ctx, raw, change, make(map[sessionID]bool), make(map[sessionID]sessionID)}
	pending, err := u.list()
	traced := time.Now()
	for i := 0; i < len(pending) && (err == nil || isOfOne(err)); i++ {
		if time.Since(traced) > traceTime {
			traced = time.Now()
			err = cmp.Or(u.trace(pending[i:]), err)
		}
		did, failure := u.one(pending[i])
		if did {
			changed++
		}
		if failure != nil && (err == nil || !isOfOne(failure)) {
			err = failure
		}
	}
	return changed, err
}

// maxLists is how often the sessions of a principal are listed, since some may keep moving.
const maxLists = 8

// list returns the ids of the principal's sessions. A list may miss a session that moves, so it is
// repeated until nothing new is found.
func (u *storeUpdate) list() (ids []sessionID, err error) {
	known, moves := make(map[sessionID]bool), make(map[sessionID]int)
	for range maxLists {
		before := len(ids)
		for st, failure := range u.home.list(u.ctx, u.raw) {
			if failure != nil {
				err = failure
			} else if id := st.ID(); !known[id] {
				known[id] = true
				ids = append(ids, id)
				u.noteMove(st, moves)
			}
		}
		if len(ids) == before || err != nil && !isOfOne(err) {
			break
		}
	}
	maps.DeleteFunc(u.former, func(_, former sessionID) bool { return !known[former] && moves[former] == 1 })
	return ids, err
}

// noteMove notes the earlier id of a listed session.
func (u *storeUpdate) noteMove(st *state, moves map[sessionID]int) {
	if former, moved := st.FormerID(); moved {
		u.former[st.ID()] = former
		moves[former]++
	}
}

// traceTime is how long the tombstones are relied on since the list. They last for a minute, if the
// clocks of nodes differ by as much as is allowed.
const traceTime = 30 * time.Second

// trace follows each id to where its session is now.
func (u *storeUpdate) trace(ids []sessionID) error {
	there := make(map[sessionID]bool)
	for st, err := range u.home.list(u.ctx, u.raw) {
		if err == nil {
			there[st.ID()] = true
		} else if !isOfOne(err) {
			return err
		}
	}
	for i, id := range ids {
		if there[id] {
			continue
		}
		err := follow(id, func(id sessionID) (next sessionID, moved bool, err error) {
			ids[i] = id
			_, lead, err := u.open(u.home.place(id, 0))
			if lead == nil {
				return id, false, err
			}
			return *lead, true, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// isOfOne reports whether an error concerns one session, so that the others can still be changed.
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

// one changes a session, wherever it has moved since the list, unless that was done. A session that
// is about to move is changed in its old place, and the moving request finds and takes over the
// change. If two requests move it, the tombstone says which one succeeded.
func (u *storeUpdate) one(id sessionID) (changed bool, err error) {
	if former, moved := u.former[id]; moved {
		delete(u.former, id)
		if changed, err = u.one(former); changed || err != nil || u.done[former] {
			return changed, err
		}
	}
	err = follow(id, func(id sessionID) (next sessionID, moved bool, err error) {
		if _, done := u.done[id]; done {
			return id, false, nil
		}
		u.done[id] = false
		var lead *sessionID
		if changed, lead, err = u.try(u.home.place(id, 0)); lead != nil {
			u.done[id] = true
			return *lead, true, nil
		}
		return id, false, err
	})
	return changed, err
}

// try changes the session at a place until there is no conflict. If the session has moved, lead is
// its next id.
func (u *storeUpdate) try(p place) (changed bool, lead *sessionID, err error) {
	for attempt := range maxAttempts {
		if err := u.ctx.Err(); err != nil {
			return false, nil, err
		}
		if more := attempt - 2; more >= 0 { // the session's own requests change it too
			time.Sleep(rand.N(time.Millisecond << min(more, 5)))
		}
		st, lead, err := u.open(p)
		if st == nil || err != nil {
			return false, lead, err
		}
		u.change(st)
		changed, err = u.save(st)
		if !errors.Is(err, ErrConflict) {
			u.done[p.id] = true
			return changed, nil, err
		}
	}
	return false, nil, errConflicts
}

// open opens the session at a place. st is nil if it is none of the principal's.
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

// save writes the changes. The error is ErrConflict if the record changed since it was read.
func (u *storeUpdate) save(st *state) (changed bool, err error) {
	h := u.home
	st.mu.Lock()
	defer st.unlock()
	s := st.stored
	st.answer = answerBegun // later changes come too late
	if err := st.failure(); err != nil {
		return false, err
	}
	switch {
	case len(s.doomed) > 0:
		if err := st.finishOld(); err != nil {
			return false, err
		}
		return true, h.kill(st, s.doomed[0].place)
	case st.edits != unsaved:
		return st.modified(), nil
	case !st.HasID(s.at.id):
		return false, errNewID
	}
	st.Forget()
	rec, _, err := h.sealRecord(&st.Contents, s.at, nil, st.used, st.now())
	if err != nil {
		return false, err
	}
	err = h.replace(st, s.at, rec)
	if errors.Is(err, ErrNoRecord) { // it has ended or moved; the next attempt finds out
		err = ErrConflict
	}
	return err == nil, err
}
