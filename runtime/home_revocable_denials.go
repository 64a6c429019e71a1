package runtime

import (
	"context"
	"errors"
	"strings"
)

// denials say which ids of sessions in cookies are dead. The version of a record is the time at which
// it was made, in Unix seconds. It ends when every cookie has that it is about. It has no data,
// and a principal only if the session moved: the key of the record about its next id.
//
// If the session that moved was nobody's, the record stays only as long as requests may be under way,
// and has that key as its data: a store may drop it before others.
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

func (d *denials) idKey(id sessionID) string { return d.server.storeKey("revoked id", string(id[:])) }

// denial is the record that revokes something from now on, until the last cookie ends of the
// sessions that there are.
func (d *denials) denial() Record {
	return Record{
		Version: uint64(max(1, d.server.clock.now())),
		Expires: d.server.revocationEnd(),
	}
}

// An asker returns what the record of a key says.
type asker func(ctx context.Context, key string) (cachedDenial, error)

// judgeID judges a session by its id.
func (d *denials) judgeID(ctx context.Context, id sessionID, ask asker) (verdict, error) {
	known, err := ask(ctx, d.idKey(id))
	at := int64(known.version)
	switch {
	case at == 0 || err != nil:
		return good, err
	case known.moved && d.server.clock.now()-at < lateTime:
		return deadSinceMove, nil
	}
	return dead, nil
}

// ask is the asker that may use what it knows since a short while.
func (d *denials) ask(ctx context.Context, key string) (known cachedDenial, err error) {
	if known, ok := d.cache.get(key); ok {
		return known, nil
	}
	return d.askStore(ctx, key)
}

// askStore is the asker that asks the store.
func (d *denials) askStore(ctx context.Context, key string) (known cachedDenial, err error) {
	rec, err := d.server.load(ctx, d.store, key)
	if err != nil {
		return known, err
	}
	return d.cache.put(key, rec), nil
}

// denyID revokes an id, and those that its session has just moved to. A session that follows it has the
// record with the key heir, "" for none: requests under way learn there that they are late.
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

// leave revokes an id that a session leaves for the one that the record next is about, "" for
// none. It is false if the id was revoked before.
func (d *denials) leave(ctx context.Context, id sessionID, next string) (first bool, err error) {
	rec := d.denial()
	rec.Principal = next
	return d.insert(ctx, d.idKey(id), rec)
}

// leaveAnonymous is leave for a session that is nobody's.
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
		rec.Principal, rec.Data = "", nil // what the older record says, nobody has asked
	}
	d.cache.put(key, rec)
	return err == nil, nil
}

// movedTo returns the key of the record about the id that the session of a revoked one moved
// to, "" if none. After graveTime nobody is told: the visitor may have logged in since, and
// whoever planted the old id in the browser must not log them out.
func (d *denials) movedTo(ctx context.Context, key string) (next string, err error) {
	rec, err := d.server.load(ctx, d.store, key)
	if err != nil || rec.Version == 0 || d.server.clock.now()-int64(rec.Version) > graveTime {
		return "", err
	}
	next, _ = nextKey(rec)
	return next, nil
}

// otherOwner is what the key of the next record ends with if the session is somebody else's there.
const otherOwner = "-"

// nextKey is the key of the record about the next id of a session that moved, "" if it did not, and
// whether it is the same principal's there.
func nextKey(rec Record) (key string, sameOwner bool) {
	key = rec.Principal
	if len(rec.Data) > 0 {
		key = string(rec.Data)
	}
	key, other := strings.CutSuffix(key[:min(len(key), hashSize+len(otherOwner))], otherOwner)
	return key, !other
}
