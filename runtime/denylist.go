package runtime

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// revocations says which sessions in cookies do not count any more. A record is about
// one id, which is dead, or about a principal or all sessions, of which those are dead that
// began by then. Its version is the time at which it was made, in Unix seconds. It ends when
// every cookie has that it is about. It has no data, and a principal only if it is about the
// id of a session that moved: the key of the record about the next one.
type revocations struct {
	store Store
	cache time.Duration

	mu      sync.Mutex
	answers map[string]answer
}

// An answer is the version of a record, 0 for none, as it was known at a time, and whether
// the record is about the id of a session that moved.
type answer struct {
	version uint64
	moved   bool
	at      time.Time
}

// maxAnswers bounds the cache, at about 100 bytes for an answer.
const maxAnswers = 100_000

func newRevocations(store Store, cache time.Duration) *revocations {
	return &revocations{store: store, cache: cache, answers: make(map[string]answer)}
}

func (r *revocations) cached(key string) (a answer, ok bool) {
	if r.cache == 0 {
		return a, false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	a, ok = r.answers[key]
	return a, ok && time.Since(a.at) < r.cache
}

func (r *revocations) remember(key string, rec Record) {
	if r.cache == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	// What is revoked stays so: a slower answer may be from before that.
	if old, ok := r.answers[key]; ok && old.version > rec.Version && time.Since(old.at) < r.cache {
		return
	}
	if len(r.answers) >= maxAnswers {
		clear(r.answers)
	}
	r.answers[key] = answer{rec.Version, rec.Principal != "", time.Now()}
}

// Of the sessions whose cookies are under way while they are revoked, some may be saved
// for so many seconds still.
const revocationMargin = 3600

// revocationEnd is when the last cookie ends of the sessions that there are.
func (m *manager) revocationEnd() time.Time { return storeTime(m.lifetime + revocationMargin) }

func (m *manager) deniedKey(id [idSize]byte) string { return m.storeKey("revoked id", string(id[:])) }

func (m *manager) deniedPrincipalKey(hash string) string {
	return m.storeKey("revoked principal", hash)
}

func (m *manager) deniedAllKey() string { return m.storeKey("revoked all", "") }

// revocation returns what is known of the record of a key.
func (m *manager) revocation(ctx context.Context, key string) (a answer, err error) {
	if a, ok := m.revocations.cached(key); ok {
		return a, nil
	}
	var rec Record
	err = m.call(ctx, func(ctx context.Context) error {
		rec, err = m.revocations.store.Load(ctx, key)
		return err
	}, ErrNoRecord)
	if err != nil && !errors.Is(err, ErrNoRecord) {
		return a, err
	}
	if errors.Is(err, ErrNoRecord) {
		rec = Record{}
	} else if !goodVersion(rec.Version) {
		return a, fmt.Errorf("%w: %w", ErrStore, errRecord)
	}
	m.revocations.remember(key, rec)
	return answer{version: rec.Version, moved: rec.Principal != ""}, nil
}

// denial is the record that revokes something from now on.
func (m *manager) denial() Record {
	return Record{Version: uint64(max(1, m.clock.now())), Expires: m.revocationEnd()}
}

// deny revokes an id, and those that its session has just moved to.
func (m *manager) deny(ctx context.Context, id [idSize]byte) error {
	key := m.deniedKey(id)
	for seen := make(map[string]bool); !seen[key]; {
		seen[key] = true
		first, err := m.insertDenial(ctx, key, m.denial())
		if first || err != nil {
			return err
		}
		next, err := m.movedTo(ctx, key)
		if next == "" || err != nil {
			return err
		}
		key = next
	}
	return fmt.Errorf("%w: %w", ErrStore, errRecord) // it leads in a circle
}

func (m *manager) insertDenial(ctx context.Context, key string, rec Record) (first bool, err error) {
	err = m.call(ctx, func(ctx context.Context) error { return m.revocations.store.Insert(ctx, key, rec) }, ErrConflict)
	if err != nil && !errors.Is(err, ErrConflict) {
		return false, err
	}
	if err != nil {
		rec.Principal = "" // what the older record says, nobody has asked
	}
	m.revocations.remember(key, rec)
	return err == nil, nil
}

// movedTo returns the key of the record about the id that the session of a revoked one moved
// to, "" if none. After graveTime nobody is told: the visitor may have logged in since, and
// whoever planted the old id in the browser must not log them out.
func (m *manager) movedTo(ctx context.Context, key string) (next string, err error) {
	var rec Record
	err = m.call(ctx, func(ctx context.Context) error {
		rec, err = m.revocations.store.Load(ctx, key)
		return err
	}, ErrNoRecord)
	switch {
	case errors.Is(err, ErrNoRecord):
		return "", nil
	case err == nil && !goodVersion(rec.Version):
		return "", fmt.Errorf("%w: %w", ErrStore, errRecord)
	case err == nil && m.clock.now()-int64(rec.Version) > graveTime:
		return "", nil
	}
	return rec.Principal, err
}

// denyUntil revokes what began by now of what a key is about.
func (m *manager) denyUntil(ctx context.Context, key string) error {
	rec := m.denial()
	for range maxAttempts {
		var older Record
		err := m.call(ctx, func(ctx context.Context) (err error) {
			older, err = m.revocations.store.Load(ctx, key)
			return err
		}, ErrNoRecord)
		switch {
		case errors.Is(err, ErrNoRecord):
			err = m.call(ctx, func(ctx context.Context) error { return m.revocations.store.Insert(ctx, key, rec) }, ErrConflict)
		case err != nil:
			return err
		case older.Version >= rec.Version:
			m.revocations.remember(key, older)
			return nil
		default:
			err = m.call(ctx, func(ctx context.Context) error {
				return m.revocations.store.Replace(ctx, key, older.Version, rec)
			}, ErrNoRecord, ErrConflict)
		}
		if err == nil {
			m.revocations.remember(key, rec)
			return nil
		}
		if errors.Is(err, ErrStore) {
			return err
		}
	}
	return errConflicts
}

var errConflicts = fmt.Errorf("%w: conflicts without end", ErrStore)

// checkRevoked asks whether the session that was just opened still counts.
func (st *state) checkRevoked() (refusal string) {
	var revoked, late bool
	err := st.watch("load", func() (err error) {
		revoked, late, err = st.manager.isRevoked(st.ctx, &st.contents)
		return err
	})
	switch {
	case err != nil:
		st.fallDown(err)
		return RefusedRevoked
	case revoked:
		st.lead()
		st.remote.late = late
		return RefusedRevoked
	}
	st.remote.find(st.meta.id)
	return ""
}

// lead notes that a log-out is meant for the session that was just opened, though it is
// refused.
func (st *state) lead() {
	if st.remote != nil {
		st.remote.leads = append(st.remote.leads, st.meta.id)
	}
}

// isRevoked reports whether a session does not count, and whether that is because it has just
// moved to another id.
func (m *manager) isRevoked(ctx context.Context, c *contents) (revoked, late bool, err error) {
	type question struct {
		key   string
		since int64 // revoked if the record's version is that or later
	}
	questions := []question{
		{m.deniedKey(c.meta.id), 0},
		{m.deniedAllKey(), c.meta.created},
	}
	if m.principal != nil {
		if raw := c.value(m.principal.index); raw != nil {
			for _, hash := range m.principalHashes(raw) {
				questions = append(questions, question{m.deniedPrincipalKey(hash), c.meta.authenticated})
			}
		}
	}
	for _, q := range questions {
		a, err := m.revocation(ctx, q.key)
		if err != nil {
			return false, false, err
		}
		if at := int64(a.version); at > 0 && at >= q.since {
			return true, a.moved && m.clock.now()-at < lateTime, nil
		}
	}
	return false, false, nil
}

// commitCookie is seal for a session in a cookie that may be revoked: an id that the
// session no longer has is dead from now on.
func (st *state) commitCookie(lines []string) ([]string, error) {
	r, empty := st.remote, st.empty()
	// A session that cannot be saved leaves the browser the one that it has.
	if r.found && r.unsaved && (empty || st.id() != r.id && st.fits()) {
		first, err := st.leaveID()
		if err != nil {
			return nil, err
		}
		if !first {
			return lines, st.lose()
		}
		r.found = false
	}
	lines, err := st.seal(lines)
	if err == nil && !empty && st.meta.hasID {
		r.id, r.found, r.unsaved = st.meta.id, true, false
	}
	return lines, err
}

func (st *state) deny(id [idSize]byte) error {
	return st.watch("revoke", func() error { return st.manager.deny(st.ctx, id) })
}

// leaveID revokes the id under which the session was found, because it is empty or moves to
// another one. It is false if the id was revoked before.
func (st *state) leaveID() (first bool, err error) {
	m := st.manager
	rec := m.denial()
	if !st.empty() {
		rec.Principal = m.deniedKey(st.id())
	}
	err = st.watch("revoke", func() error {
		first, err = m.insertDenial(st.ctx, m.deniedKey(st.remote.id), rec)
		return err
	})
	if err != nil {
		st.fallDown(err) // it may have been done: not again
	}
	if st.empty() {
		st.meta.hasID = false // what is set after this is another session
	}
	return first, err
}
