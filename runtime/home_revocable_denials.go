package runtime

import (
	"context"
	"errors"
	"strings"

	"github.com/sessiongen/sessiongen/runtime/internal/token"
)

// denials are records of dead ids, of sessions that live in cookies. The version of a record is the
// time when it was made, in Unix seconds. A record expires with the last cookie that it is about. It
// has no data. It has a principal only if the session moved to another id: the key of the record for
// that id.
//
// If a session without a principal moved, the record has that key as its data, and expires when no
// request can be under way any more. A full store may drop such a record before others.
type denials struct {
	server *server
	store  Store
	cache  *denialCache
}

// A verdict says what the denials know of a session.
type verdict uint8

const (
	good verdict = iota
	dead
	deadSinceMove // it moved to another id a moment ago
)

func (d *denials) idKey(id sessionID) string { return d.server.storeKey("revoked id", string(id[:])) }

// denial returns a record that revokes something until the last cookie of an existing session has
// expired.
func (d *denials) denial() Record {
	return Record{
		Version: uint64(max(1, d.server.clock.now())),
		Expires: d.server.revocationEnd(),
	}
}

// askID judges a session by its id.
func (d *denials) askID(ctx context.Context, id sessionID) (verdict, error) {
	known, err := d.ask(ctx, d.idKey(id))
	at := int64(known.version)
	switch {
	case at == 0 || err != nil:
		return good, err
	case known.moved && d.server.clock.now()-at < lateTime:
		return deadSinceMove, nil
	}
	return dead, nil
}

// look is a lookup that may use the cache.
func (d *denials) look(ctx context.Context, key string) (mark, error) {
	known, err := d.ask(ctx, key)
	return known.mark, err
}

// ask returns what the record with this key says, possibly from the cache.
func (d *denials) ask(ctx context.Context, key string) (known cachedDenial, err error) {
	if known, ok := d.cache.get(key); ok {
		return known, nil
	}
	rec, err := d.server.load(ctx, d.store, key)
	if err != nil {
		return known, err
	}
	return d.cache.put(key, rec), nil
}

// denyID revokes an id, and the ids that its session has just moved to. heir is the key of the
// record for the session that follows, or "". It tells requests under way that they are late.
func (d *denials) denyID(ctx context.Context, id sessionID, heir string) error {
	rec := d.denial()
	if heir != "" {
		rec.Principal = heir + otherOwner
	}
	return follow(d.idKey(id), func(key string) (next string, moved bool, err error) {
		first, err := d.insert(ctx, key, rec)
		if first || err != nil {
			return "", false, err
		}
		next, err = d.movedTo(ctx, key)
		return next, next != "", err
	})
}

// leave revokes the id of a session that moves to another one. next is the key of the record for the
// new id, or "" if there is none. first is false if the id was already revoked.
func (d *denials) leave(ctx context.Context, id sessionID, next string) (first bool, err error) {
	rec := d.denial()
	rec.Principal = next
	return d.insert(ctx, d.idKey(id), rec)
}

// leaveAnonymous is leave for a session without a principal.
func (d *denials) leaveAnonymous(ctx context.Context, id sessionID, next string) (first bool, err error) {
	if next == "" {
		return true, nil
	}
	rec := d.denial()
	rec.Data, rec.Expires = []byte(next), storeTime(graveTime)
	return d.insert(ctx, d.idKey(id), rec)
}

func (d *denials) insert(ctx context.Context, key string, rec Record) (first bool, err error) {
	err = d.server.call(ctx, func(ctx context.Context) error { return d.store.Insert(ctx, key, rec) }, ErrConflict)
	if err != nil && !errors.Is(err, ErrConflict) {
		return false, err
	}
	if err != nil {
		rec.Principal, rec.Data = "", nil // the older record, which was not read, may say something else
	}
	d.cache.put(key, rec)
	return err == nil, nil
}

// movedTo returns the key of the record for the id that a revoked session moved to, or "". It
// returns "" after graveTime: the visitor may have logged in again since, and whoever planted the
// old id must not log them out.
func (d *denials) movedTo(ctx context.Context, key string) (next string, err error) {
	rec, err := d.server.load(ctx, d.store, key)
	if err != nil || rec.Version == 0 || d.server.clock.now()-int64(rec.Version) > graveTime {
		return "", err
	}
	next, _ = nextKey(rec)
	return next, nil
}

// otherOwner ends the key of the next record if the session has another principal there.
const otherOwner = "-"

// nextKey returns the key of the record for the next id of a session that moved, or "", and whether
// the session has the same principal there.
func nextKey(rec Record) (key string, sameOwner bool) {
	key = rec.Principal
	if len(rec.Data) > 0 {
		key = string(rec.Data)
	}
	key, other := strings.CutSuffix(key[:min(len(key), token.HashTextLen+len(otherOwner))], otherOwner)
	return key, !other
}
