package runtime

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/sessiongen/sessiongen/runtime/internal/payload"
)

// marks are records of revocations. There is one for all sessions, one for each principal that was
// ever revoked, and one that counts all revocations. Only the version of such a record matters, and
// each revocation raises it. A session remembers the count at the time when its visitor was
// authenticated. It is revoked if a mark that concerns it is newer. So no clock is involved, and
// requests under way cannot outlive a revocation.
//
// The count is raised before any other mark. So if the count has not changed since a log-in, nothing
// was revoked.
//
// A mark has no data. It lasts as long as any session that it revokes.
type marks struct {
	server *server
	store  Store
	turns  turns
	raised func(key string, rec Record) // called for marks that this process raised; may be nil
}

// A mark is the content of such a record. The zero mark means that there is no record.
type mark struct {
	version uint64
	told    string // in the count: the keys that the last revocation was for, in the form of tell
}

// A lookup returns the mark with a key.
type lookup func(ctx context.Context, key string) (mark, error)

// revocationMargin is how many seconds a mark stays after the last session that it revokes has
// expired. One hour is for a node that still saves such a session because it asks only once in
// maxRevocationCache. One is for that node's clock, which may be ahead of another node's. One is for
// the clock of the revoking node, which may be behind the store's. One is for requests under way.
const revocationMargin = 4 * 3600

const maxRevocationCache = time.Hour

// revocationEnd returns when the last existing session expires, including those of other libraries
// that are not imported yet.
func (s *server) revocationEnd() time.Time {
	last := s.lifetime
	if s.legacy != nil {
		last = max(last, s.legacy.until-s.clock.now()+s.lifetime)
	}
	return storeTime(last + revocationMargin)
}

// countKey returns the key of the count.
func (m *marks) countKey() string { return m.server.storeKey("revocations", "") }

func (m *marks) allKey() string { return m.server.storeKey("revoked all", "") }

func (m *marks) principalKey(hash string) string { return m.server.storeKey("revoked principal", hash) }

// load returns a record without data. Its version is 0 if there is none.
func (s *server) load(ctx context.Context, store Store, key string) (rec Record, err error) {
	err = s.call(ctx, func(ctx context.Context) error {
		rec, err = store.Load(ctx, key)
		return err
	}, ErrNoRecord)
	switch {
	case errors.Is(err, ErrNoRecord):
		return Record{}, nil
	case err == nil && !isVersion(rec.Version):
		err = fmt.Errorf("%w: %w", ErrStore, errRecord)
	}
	return rec, err
}

// look is a lookup that asks the store.
func (m *marks) look(ctx context.Context, key string) (mark, error) {
	rec, err := m.server.load(ctx, m.store, key)
	return mark{rec.Version, rec.Principal}, err
}

// read returns the marks for a visitor who is authenticated now.
func (m *marks) read(ctx context.Context) (now payload.Marks, err error) {
	r := m.server.rings.Load()
	count, err := m.look(ctx, m.countKey())
	if err == nil {
		r.history.keep(count)
	}
	return payload.Marks{All: count.version, Principal: count.version}, err
}

// revoked reports whether a session was revoked. by says how it is sealed. version is the count of
// revocations at which that is true.
func (m *marks) revoked(ctx context.Context, c *payload.Contents, by sealedBy, look lookup) (revoked bool, version uint64, err error) {
	count, err := m.countFor(ctx, by, look)
	if err == nil {
		revoked, err = m.revokedBy(ctx, c, by, look, count)
	}
	return revoked, count.version, err
}

func (m *marks) revokedBy(ctx context.Context, c *payload.Contents, by sealedBy, look lookup, count mark) (bool, error) {
	known, ok := c.Marks()
	if count.version == 0 || ok && count.version <= min(known.All, known.Principal) {
		return false, nil
	}
	all, err := look(ctx, m.allKey())
	if err != nil || m.predates(c, known.All, all.version) {
		return err == nil, err
	}
	raw := m.server.principalOf(c)
	if raw == nil {
		return false, nil
	}
	for _, hash := range by.rings.principalHashes(raw) {
		principal, err := look(ctx, m.principalKey(hash))
		if err != nil || m.predates(c, known.Principal, principal.version) {
			return err == nil, err
		}
	}
	return m.missedBy(ctx, c, by, count)
}

// predates reports whether a session is older than a mark of this version. known is the version that
// the session remembers. A session from a build without marks has only times, and a principal's
// times may come from a clock that was ahead.
func (m *marks) predates(c *payload.Contents, known, version uint64) bool {
	if _, ok := c.Marks(); ok || version == 0 {
		return version > known
	}
	since := max(c.Created, c.Authenticated)
	if m.server.principal == nil || m.server.principalOf(c) != nil {
		since -= payload.ClockError
	}
	return int64(version/nanoseconds) >= since
}

const nanoseconds = 1e9

// raiseAll revokes all sessions.
func (m *marks) raiseAll(ctx context.Context) error {
	now, err := m.count(ctx, m.server.rings.Load(), 0)
	if err != nil {
		return err
	}
	return m.keepAtLeast(ctx, m.allKey(), now.version)
}

// raisePrincipal revokes the sessions of a principal under the keys of the current ring, and then
// calls further with that ring.
func (m *marks) raisePrincipal(ctx context.Context, raw []byte, further func(*rings) error) error {
	return m.withRing(ctx, func(r *rings) error {
		if _, err := m.raisePrincipalFrom(ctx, raw, r, math.MaxUint64); err != nil {
			return err
		}
		return further(r)
	})
}

// withRing calls revoke with the current ring, and again if the ring has changed meanwhile, because
// its newest key may already be sealing.
func (m *marks) withRing(ctx context.Context, revoke func(*rings) error) error {
	for {
		r := m.server.rings.Load()
		if err := revoke(r); err != nil {
			return err
		}
		if m.server.rings.Load() == r {
			return m.recount(ctx, r)
		}
	}
}

// raisePrincipalFrom revokes the sessions of a principal under the keys of a ring. It returns the
// version that a session which must survive has to remember. It returns ErrEnded if that session was
// itself revoked: known, the version that it remembers, is older.
func (m *marks) raisePrincipalFrom(ctx context.Context, raw []byte, r *rings, known uint64) (now uint64, err error) {
	count, err := m.count(ctx, r, 0)
	if err != nil {
		return 0, err
	}
	now = count.version
	for _, k := range r.principals {
		if now, err = m.raiseUnder(ctx, m.principalKey(k.Hash(raw)), r, now, known); err != nil {
			return 0, err
		}
	}
	return now, nil
}

// raiseUnder raises the mark of a principal under one key. If another revocation has raised it to a
// newer version, the session that survived that one knows that version. So this call takes a version
// that is newer still, and returns it.
func (m *marks) raiseUnder(ctx context.Context, key string, r *rings, now, known uint64) (uint64, error) {
	var older uint64
	raise := func() (err error) {
		older, err = m.raise(ctx, key, now, known)
		if err == nil && older >= now {
			err = ErrConflict
		}
		return err
	}
	err := m.contend(ctx, "newer than "+key, raise, func() (err error) {
		count, err := m.count(ctx, r, max(now, older+1))
		now = count.version
		return err
	})
	return now, err
}

// raiseForOthers revokes the sessions of a principal except st, which must then be saved.
func (m *marks) raiseForOthers(ctx context.Context, st *state, raw []byte, by sealedBy) error {
	known, ok := st.Marks()
	if !ok { // a build without marks has saved it
		if revoked, _, err := m.revoked(ctx, &st.Contents, by, m.look); revoked || err != nil {
			return cmp.Or(err, ErrEnded)
		}
		var err error
		if known, err = m.read(ctx); err != nil {
			return err
		}
	}
	err := m.withRing(ctx, func(r *rings) error {
		return m.alone(ctx, raw, r, func() (err error) {
			known.Principal, err = m.endOthers(ctx, raw, r, known.Principal)
			return err
		})
	})
	if err != nil {
		return err
	}
	st.SetMarks(known)
	st.manager.home.note(st, change{kind: changeMarks, marks: &known})
	st.renew() // a copy of the cookie is another session, and a request with the old one is late
	st.change("RevokeOthers")
	return nil
}

// endOthers revokes the sessions of a principal under the keys of a ring, except one that remembers
// the version known. It returns the version that this session must remember. It returns ErrEnded if
// the session was itself revoked; unless that happened during the call, no session has ended.
func (m *marks) endOthers(ctx context.Context, raw []byte, r *rings, known uint64) (now uint64, err error) {
	for _, k := range r.principals {
		if is, err := m.look(ctx, m.principalKey(k.Hash(raw))); err != nil || is.version > known {
			return known, cmp.Or(err, ErrEnded)
		}
	}
	if now, err = m.raisePrincipalFrom(ctx, raw, r, known); err != nil {
		return known, err
	}
	if missed, err := m.missedByAll(ctx, r, known); missed || err != nil {
		return known, cmp.Or(err, ErrEnded)
	}
	return now, nil
}

// now returns a version for a mark. It comes from a clock, so that it is newer than the version of
// an earlier mark that has expired.
func (m *marks) now() uint64 {
	return uint64(max(1, m.server.clock.now()))*nanoseconds + uint64(time.Now().Nanosecond())
}

// raise raises a mark to at least version, and returns its earlier version. It returns ErrEnded if
// the earlier version is newer than known.
func (m *marks) raise(ctx context.Context, key string, version, known uint64) (older uint64, err error) {
	_, err = m.change(ctx, key, func(is mark) (mark, error) {
		older = is.version
		if older > known {
			return is, ErrEnded
		}
		return mark{version: max(version, older)}, nil
	})
	return older, err
}

// keepAtLeast raises a mark to at least version.
func (m *marks) keepAtLeast(ctx context.Context, key string, version uint64) error {
	_, err := m.raise(ctx, key, version, math.MaxUint64)
	return err
}

// change replaces a mark by next(mark), and returns that.
func (m *marks) change(ctx context.Context, key string, next func(is mark) (mark, error)) (now mark, err error) {
	err = m.contend(ctx, key, func() error {
		now, err = m.changeOnce(ctx, key, next)
		return err
	}, func() error { return nil })
	return now, err
}

// changeOnce is change without retries. It returns ErrConflict if another request changes the mark
// meanwhile.
func (m *marks) changeOnce(ctx context.Context, key string, next func(is mark) (mark, error)) (mark, error) {
	is, err := m.look(ctx, key)
	if err != nil {
		return mark{}, err
	}
	now, err := next(is)
	if err != nil || now.version == is.version {
		return is, err
	}
	rec := Record{Version: now.version, Principal: now.told, Expires: m.server.revocationEnd()}
	err = m.server.call(ctx, func(ctx context.Context) error {
		if is.version == 0 {
			return m.store.Insert(ctx, key, rec)
		}
		return m.store.Replace(ctx, key, is.version, rec)
	}, ErrNoRecord, ErrConflict)
	if errors.Is(err, ErrNoRecord) { // it has expired, or the store lost it
		err = ErrConflict
	}
	if err == nil && m.raised != nil {
		m.raised(key, rec)
	}
	return now, err
}

// contend changes a mark that others raise too, such as the count, which every revocation raises:
// see [turn]. The deadline of ctx limits the wait for a turn.
func (m *marks) contend(ctx context.Context, key string, try, reread func() error) error {
	t := turn{turns: &m.turns, key: key, patience: longestWait}
	if deadline, limited := ctx.Deadline(); limited {
		t.patience = min(t.patience, time.Until(deadline))
	}
	return t.contend(try, reread)
}

// authenticate sets the session's marks to the current ones because its visitor is being
// authenticated. logIn is the order of the log-in.
func (m *marks) authenticate(st *state, logIn uint64) {
	if st.isDown() {
		return
	}
	var now payload.Marks
	err := st.watch("load", func() (err error) {
		now, err = m.read(st.ctx)
		return err
	})
	if err != nil {
		st.fallDown(err)
		return
	}
	now.LogIn = logIn
	st.SetMarks(now)
}
