package runtime

import (
	"context"
	"errors"
	"fmt"

	"github.com/sessiongen/sessiongen/runtime/internal/payload"
)

// denials say which sessions in cookies do not count any more. A record is about one id, which
// is dead, or about a principal or all sessions, of which those are dead that began by then.
// Its version is the time at which it was made, in Unix seconds. It ends when every cookie has
// that it is about. It has no data, and a principal only if it is about the id of a session that
// moved: the key of the record about the next one.
type denials struct {
	server *server
	store  Store
	cache  *denialCache
}

// A verdict is what the denials say of a session.
type verdict uint8

const (
	good verdict = iota
	dead
	deadSinceMove // it has just moved to another id
)

// Of the sessions whose cookies are under way while they are revoked, some may be saved
// for so many seconds still.
const revocationMargin = 3600

func (d *denials) idKey(id sessionID) string { return d.server.storeKey("revoked id", string(id[:])) }

func (d *denials) principalKey(hash string) string {
	return d.server.storeKey("revoked principal", hash)
}

func (d *denials) allKey() string { return d.server.storeKey("revoked all", "") }

// denial is the record that revokes something from now on, until the last cookie ends of the
// sessions that there are.
func (d *denials) denial() Record {
	return Record{
		Version: uint64(max(1, d.server.clock.now())),
		Expires: storeTime(d.server.lifetime + revocationMargin),
	}
}

// check judges a session.
func (d *denials) check(ctx context.Context, c *payload.Contents) (verdict, error) {
	id := c.ID()
	if v, err := d.ask(ctx, d.idKey(id), 0); v != good || err != nil {
		return v, err
	}
	if v, err := d.ask(ctx, d.allKey(), c.Created); v != good || err != nil {
		return v, err
	}
	if raw := d.server.principalOf(c); raw != nil {
		for _, hash := range d.server.principalHashes(raw) {
			if v, err := d.ask(ctx, d.principalKey(hash), c.Authenticated); v != good || err != nil {
				return v, err
			}
		}
	}
	return good, nil
}

// ask judges a session by the record of one key: it is dead if the record was made at a time or
// later.
func (d *denials) ask(ctx context.Context, key string, since int64) (verdict, error) {
	known, ok := d.cache.get(key)
	if !ok {
		rec, err := d.load(ctx, key)
		if err != nil {
			return good, err
		}
		known = d.cache.put(key, rec)
	}
	at := int64(known.version)
	switch {
	case at == 0 || at < since:
		return good, nil
	case known.moved && d.server.clock.now()-at < lateTime:
		return deadSinceMove, nil
	}
	return dead, nil
}

// load returns the record of a key, without a version if there is none.
func (d *denials) load(ctx context.Context, key string) (rec Record, err error) {
	err = d.server.call(ctx, func(ctx context.Context) error {
		rec, err = d.store.Load(ctx, key)
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

// denyID revokes an id, and those that its session has just moved to.
func (d *denials) denyID(ctx context.Context, id sessionID) error {
	return follow(d.idKey(id), func(key string) (next string, moved bool, err error) {
		first, err := d.insert(ctx, key, d.denial())
		if first || err != nil {
			return "", false, err
		}
		next, err = d.movedTo(ctx, key)
		return next, next != "", err
	})
}

// leave revokes an id that a session leaves for the one that the record next is about, "" for
// none. It is false if the id was revoked before.
func (d *denials) leave(ctx context.Context, id sessionID, next string) (first bool, err error) {
	rec := d.denial()
	rec.Principal = next
	return d.insert(ctx, d.idKey(id), rec)
}

func (d *denials) insert(ctx context.Context, key string, rec Record) (first bool, err error) {
	err = d.server.call(ctx, func(ctx context.Context) error { return d.store.Insert(ctx, key, rec) }, ErrConflict)
	if err != nil && !errors.Is(err, ErrConflict) {
		return false, err
	}
	if err != nil {
		rec.Principal = "" // what the older record says, nobody has asked
	}
	d.cache.put(key, rec)
	return err == nil, nil
}

// movedTo returns the key of the record about the id that the session of a revoked one moved
// to, "" if none. After graveTime nobody is told: the visitor may have logged in since, and
// whoever planted the old id in the browser must not log them out.
func (d *denials) movedTo(ctx context.Context, key string) (next string, err error) {
	rec, err := d.load(ctx, key)
	if err != nil || rec.Version == 0 || d.server.clock.now()-int64(rec.Version) > graveTime {
		return "", err
	}
	return rec.Principal, nil
}

// denyUntilNow revokes what began by now of what a key is about.
func (d *denials) denyUntilNow(ctx context.Context, key string) error {
	rec := d.denial()
	for range maxAttempts {
		older, err := d.load(ctx, key)
		switch {
		case err != nil:
			return err
		case older.Version >= rec.Version:
			d.cache.put(key, older)
			return nil
		}
		err = d.server.call(ctx, func(ctx context.Context) error {
			if older.Version == 0 {
				return d.store.Insert(ctx, key, rec)
			}
			return d.store.Replace(ctx, key, older.Version, rec)
		}, ErrNoRecord, ErrConflict)
		if err == nil {
			d.cache.put(key, rec)
			return nil
		}
		if errors.Is(err, ErrStore) {
			return err
		}
	}
	return errConflicts
}
