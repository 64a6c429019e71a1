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

// marks are records that say what was revoked: one is for all sessions, one for each principal
// that was ever revoked, and one counts all revocations. Only the version of such a record counts, and each
// revocation raises it. A session remembers the count as it was when its visitor was authenticated, and
// is revoked once a mark that concerns it is newer. So no clock decides, and whatever is under way
// while a revocation begins does not outlive it.
//
// The count is raised before any other mark. So nothing was revoked since a log-in as long as
// the count is the same.
//
// A mark has no data. It stays as long as a session may that it revokes.
type marks struct {
	server *server
	store  Store
	turns  turns
	raised func(key string, rec Record) // is told of those that were raised here; may be nil
}

// A mark is what such a record says. The zero mark says that there is none.
type mark struct {
	version uint64
	told    string // of the count: the keys that the last revocation was for, as tell has them
}

// A lookup returns the mark of a key.
type lookup func(ctx context.Context, key string) (mark, error)

// A mark stays for so many seconds after the last session that it revokes: an hour for a node that saves such a
// session because it asks only once in maxRevocationCache, one for its clock, which is ahead of that of a node that reads
// it, one for the clock of the node that revokes, which is behind that of the store, and one for a request under way.
const revocationMargin = 4 * 3600

const maxRevocationCache = time.Hour

// revocationEnd is when the last session ends that there is now. One of another library may not have been
// taken over yet.
func (s *server) revocationEnd() time.Time {
	last := s.lifetime
	if s.legacy != nil {
		last = max(last, s.legacy.until-s.clock.now()+s.lifetime)
	}
	return storeTime(last + revocationMargin)
}

// countKey is the key of the mark that counts.
func (m *marks) countKey() string { return m.server.storeKey("revocations", "") }

func (m *marks) allKey() string { return m.server.storeKey("revoked all", "") }

func (m *marks) principalKey(hash string) string { return m.server.storeKey("revoked principal", hash) }

// load returns a record without data, or one without a version if there is none.
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

// look is the lookup that asks the store.
func (m *marks) look(ctx context.Context, key string) (mark, error) {
	rec, err := m.server.load(ctx, m.store, key)
	return mark{rec.Version, rec.Principal}, err
}

// read returns the marks for whoever is authenticated now.
func (m *marks) read(ctx context.Context) (now payload.Marks, err error) {
	r := m.server.rings.Load()
	count, err := m.look(ctx, m.countKey())
	if err == nil {
		r.history.keep(count)
	}
	return payload.Marks{All: count.version, Principal: count.version}, err
}

// revoked reports whether a session does not count any more that is sealed under a key, and as of which
// version of the count.
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

// predates reports whether a session that knows a mark of one version is from before another one. A session
// of a build that knew of no marks has times alone, and the clock by which somebody's has them may
// have been ahead.
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

// raisePrincipal revokes the sessions of a principal, under the keys of the ring in use. Then it calls
// further with that ring.
func (m *marks) raisePrincipal(ctx context.Context, raw []byte, further func(*rings) error) error {
	return m.withRing(ctx, func(r *rings) error {
		if _, err := m.raisePrincipalFrom(ctx, raw, r, math.MaxUint64); err != nil {
			return err
		}
		return further(r)
	})
}

// withRing revokes with the ring in use, and once more if another one takes its place meanwhile: its newest
// key may seal by now.
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

// raisePrincipalFrom revokes the sessions of a principal under the keys of a ring. It returns the version
// that a session is to remember which must stay. It fails with ErrEnded if that session was revoked
// before: the version that it remembers is older.
func (m *marks) raisePrincipalFrom(ctx context.Context, raw []byte, r *rings, known uint64) (now uint64, err error) {
	count, err := m.count(ctx, r, 0)
	if err != nil {
		return 0, err
	}
	now = count.version
	for _, k := range r.principals {
		if now, err = m.raiseUnder(ctx, m.principalKey(k.hash(raw)), r, now, known); err != nil {
			return 0, err
		}
	}
	return now, nil
}

// raiseUnder raises the mark of a principal under one key. Another revocation may have raised it to a newer
// version, which the session knows that stayed then. So this one takes a still newer version, and returns
// it.
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

// raiseForOthers revokes the sessions of a principal but for one, which must be saved.
func (m *marks) raiseForOthers(ctx context.Context, st *state, raw []byte, by sealedBy) error {
	known, ok := st.Marks()
	if !ok { // a build that knows of no marks has saved it
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
	st.renew() // a copy of the cookie is one of the others, and a request with the old one is late
	st.change("RevokeOthers")
	return nil
}

// endOthers revokes the sessions of a principal under the keys of a ring, but for one that remembers a
// version, and returns what that one is to remember. It fails with ErrEnded if that was revoked itself,
// and then has ended nobody unless that happened meanwhile.
func (m *marks) endOthers(ctx context.Context, raw []byte, r *rings, known uint64) (now uint64, err error) {
	for _, k := range r.principals {
		if is, err := m.look(ctx, m.principalKey(k.hash(raw))); err != nil || is.version > known {
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

// now is a version for a mark that is raised. It comes from a clock so that it is newer than what
// an earlier mark said, which may have ended.
func (m *marks) now() uint64 {
	return uint64(max(1, m.server.clock.now()))*nanoseconds + uint64(time.Now().Nanosecond())
}

// raise makes a mark at least of a version, and returns the version that it had. It fails with ErrEnded
// if that is newer than the one known.
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

// keepAtLeast makes a mark at least of a version.
func (m *marks) keepAtLeast(ctx context.Context, key string, version uint64) error {
	_, err := m.raise(ctx, key, version, math.MaxUint64)
	return err
}

// change makes a mark what next says of it as it is, and returns that.
func (m *marks) change(ctx context.Context, key string, next func(is mark) (mark, error)) (now mark, err error) {
	err = m.contend(ctx, key, func() error {
		now, err = m.changeOnce(ctx, key, next)
		return err
	}, func() error { return nil })
	return now, err
}

// changeOnce is change, but fails with ErrConflict if the mark is changed by others meanwhile.
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
	if errors.Is(err, ErrNoRecord) { // it has ended, or the store lost it
		err = ErrConflict
	}
	if err == nil && m.raised != nil {
		m.raised(key, rec)
	}
	return now, err
}

// contend changes a mark that others raise too, as the one that counts, which is every revocation's: see
// [turn]. The caller's deadline bounds the wait for a turn.
func (m *marks) contend(ctx context.Context, key string, try, reread func() error) error {
	t := turn{turns: &m.turns, key: key, patience: longestWait}
	if deadline, limited := ctx.Deadline(); limited {
		t.patience = min(t.patience, time.Until(deadline))
	}
	return t.contend(try, reread)
}

// authenticate notes in a session what the marks say now, as its visitor is authenticated, and the order
// of the log-in.
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
