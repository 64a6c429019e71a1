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
// that was ever revoked. Only the version of such a record counts, and each revocation raises it.
// A session remembers the versions as they were when the visitor was authenticated, and is revoked
// once one is newer. So no clock decides, and whatever is under way while a revocation
// begins does not outlive it.
//
// A mark has no data. It stays as long as a session may that it revokes.
type marks struct {
	server *server
	store  Store
	raised func(key string, rec Record) // is told of those that were raised here; may be nil
}

// A lookup returns the version of a mark, 0 if there is none.
type lookup func(ctx context.Context, key string) (version uint64, err error)

// Of the sessions whose cookies are under way while they are revoked, some may be saved
// for so many seconds still.
const revocationMargin = 3600

// revocationEnd is when the last session ends that there is now. One of another library may not have been
// taken over yet.
func (s *server) revocationEnd() time.Time {
	last := s.lifetime
	if s.legacy != nil {
		last = max(last, s.legacy.until-s.clock.now()+s.lifetime)
	}
	return storeTime(last + revocationMargin)
}

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
func (m *marks) look(ctx context.Context, key string) (version uint64, err error) {
	rec, err := m.server.load(ctx, m.store, key)
	return rec.Version, err
}

// read returns the marks for whoever is authenticated now as the principal with this encoded value.
func (m *marks) read(ctx context.Context, raw []byte) (now payload.Marks, err error) {
	if now.All, err = m.look(ctx, m.allKey()); err != nil || raw == nil {
		return now, err
	}
	for _, hash := range m.server.principalHashes(raw) {
		version, err := m.look(ctx, m.principalKey(hash))
		if err != nil {
			return now, err
		}
		now.Principal = max(now.Principal, version)
	}
	return now, nil
}

// revoked reports whether a session does not count any more.
func (m *marks) revoked(ctx context.Context, c *payload.Contents, look lookup) (bool, error) {
	known, ok := c.Marks()
	// is decides by one mark. A session of a build that knew of no marks has times alone.
	is := func(key string, known uint64, since int64) (bool, error) {
		version, err := look(ctx, key)
		if ok {
			return version > known, err
		}
		return version > 0 && int64(version/nanoseconds) >= since, err
	}
	if revoked, err := is(m.allKey(), known.All, c.Created); revoked || err != nil {
		return revoked, err
	}
	raw := m.server.principalOf(c)
	if raw == nil {
		return false, nil
	}
	for _, hash := range m.server.principalHashes(raw) {
		// The clock by which it has them may have been ahead.
		revoked, err := is(m.principalKey(hash), known.Principal, max(c.Created, c.Authenticated)-payload.ClockError)
		if revoked || err != nil {
			return revoked, err
		}
	}
	return false, nil
}

const nanoseconds = 1e9

// raiseAll revokes all sessions.
func (m *marks) raiseAll(ctx context.Context) error {
	_, err := m.raise(ctx, m.allKey(), m.now())
	return err
}

// raisePrincipal revokes the sessions of a principal.
func (m *marks) raisePrincipal(ctx context.Context, raw []byte) error {
	_, err := m.raisePrincipalFrom(ctx, raw, math.MaxUint64)
	return err
}

// raisePrincipalFrom revokes the sessions of a principal, and returns the version that one is to
// remember which is not to be revoked. It fails with ErrEnded if that one was revoked before: it
// remembers a version that is older.
func (m *marks) raisePrincipalFrom(ctx context.Context, raw []byte, known uint64) (newest uint64, err error) {
	keys := m.server.rings.Load().principals
	if _, err := m.noteMissed(ctx, keys); err != nil {
		return 0, err
	}
	// Newer than any other, of a revocation that was cut off too: a build without a principal may give
	// one's session to another.
	now, err := m.raise(ctx, m.newestKey(), m.now())
	if err != nil {
		return 0, err
	}
	for _, k := range keys {
		version, err := m.raiseFrom(ctx, m.principalKey(k.hash(raw)), now, known)
		if err != nil {
			return 0, err
		}
		newest = max(newest, version)
	}
	return newest, m.cover(ctx, keys, newest)
}

// raiseForOthers revokes the sessions of a principal but for one, which must be saved.
func (m *marks) raiseForOthers(ctx context.Context, st *state, raw []byte) error {
	known, ok := st.Marks()
	if !ok { // a build that knows of no marks has saved it
		if revoked, err := m.revoked(ctx, &st.Contents, m.look); revoked || err != nil {
			return cmp.Or(err, ErrEnded)
		}
		var err error
		if known, err = m.read(ctx, raw); err != nil {
			return err
		}
	}
	newest, err := m.raisePrincipalFrom(ctx, raw, known.Principal)
	if err != nil {
		return err
	}
	known.Principal = newest
	st.SetMarks(known)
	st.manager.home.note(st, change{kind: changeMarks, marks: known})
	st.renew() // a copy of the cookie is one of the others, and a request with the old one is late
	st.change("RevokeOthers")
	return nil
}

// now is a version for a mark that is raised. It comes from a clock so that it is newer than what
// an earlier mark said, which may have ended.
func (m *marks) now() uint64 {
	return uint64(max(1, m.server.clock.now()))*nanoseconds + uint64(time.Now().Nanosecond())
}

// raise makes a mark newer than it is, at least of a version, and returns which.
func (m *marks) raise(ctx context.Context, key string, version uint64) (uint64, error) {
	return m.raiseFrom(ctx, key, version, math.MaxUint64)
}

// raiseFrom is raise for a mark that is at most of the version known. Otherwise it fails with
// ErrEnded.
func (m *marks) raiseFrom(ctx context.Context, key string, version, known uint64) (uint64, error) {
	return m.change(ctx, key, func(older uint64) (uint64, error) {
		if older > known {
			return 0, ErrEnded
		}
		return max(version, older+1), nil
	})
}

// keepAtLeast makes a mark at least of a version.
func (m *marks) keepAtLeast(ctx context.Context, key string, version uint64) error {
	_, err := m.change(ctx, key, func(older uint64) (uint64, error) { return max(version, older), nil })
	return err
}

// change makes a mark of the version that next says of the one that it has, and returns that.
func (m *marks) change(ctx context.Context, key string, next func(older uint64) (uint64, error)) (uint64, error) {
	rec := Record{Expires: m.server.revocationEnd()}
	for range maxAttempts {
		older, err := m.look(ctx, key)
		if err != nil {
			return 0, err
		}
		if rec.Version, err = next(older); err != nil || rec.Version == older {
			return older, err
		}
		err = m.server.call(ctx, func(ctx context.Context) error {
			if older == 0 {
				return m.store.Insert(ctx, key, rec)
			}
			return m.store.Replace(ctx, key, older, rec)
		}, ErrNoRecord, ErrConflict)
		if err == nil && m.raised != nil {
			m.raised(key, rec)
		}
		if err == nil || errors.Is(err, ErrStore) {
			return rec.Version, err
		}
	}
	return 0, errConflicts
}

// mayBeLogIn reports whether a change may be a log-in: if the schema does not tell who is logged in, that
// is the first one.
func (m *marks) mayBeLogIn(st *state) bool {
	_, known := st.Marks()
	return !known && st.manager.principal == nil
}

// authenticate notes in a session what the marks say now, as its visitor is authenticated, and the order
// of the log-in.
func (m *marks) authenticate(st *state, raw []byte, logIn uint64) {
	if st.isDown() {
		return
	}
	var now payload.Marks
	err := st.watch("load", func() (err error) {
		now, err = m.read(st.ctx, raw)
		return err
	})
	if err != nil {
		st.fallDown(err)
		return
	}
	now.LogIn = logIn
	st.SetMarks(now)
}
