package legacy

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/sessiongen/sessiongen/runtime/internal/oldsession"
)

// Records has the records of a store whose cookies contain only the ids of records. The types OldRecords of packages
// redisstore and sqlstore implement it.
type Records interface {
	// Find returns the record of an id, or nil if there is none. left is how long the record still lives, or 0
	// if that is unknown.
	Find(ctx context.Context, id string) (record []byte, left time.Duration, err error)

	// Delete removes the record of an id, if there is one.
	Delete(ctx context.Context, id string) error
}

// gorillaRecords has the sessions of a store whose cookies are ids.
type gorillaRecords struct {
	*gorillaStore
	Records
	plain bool
}

// open reads the session whose id is in a cookie.
func (g *gorillaRecords) open(ctx context.Context, value string, now time.Time) (*oldsession.Session, error) {
	old, err := g.openID(value, now)
	if err != nil {
		return nil, err
	}
	return old, g.read(ctx, old, now)
}

// openID reads the id in a cookie. A bare id is not signed, but nobody can guess one.
func (g *gorillaRecords) openID(value string, now time.Time) (*oldsession.Session, error) {
	if len(g.pairs) == 0 {
		if !isToken(value) {
			return nil, oldsession.ErrMalformed
		}
		return &oldsession.Session{Identity: strings.ToLower(value), Token: value}, nil
	}
	old := new(oldsession.Session)
	err := g.secureCookie.open(value, now, func(o opened) error {
		id, err := idIn(o.value)
		old.Identity, old.Token, old.Expires = id, id, o.ends
		return err
	})
	return old, err
}

// idIn decodes the id in a cookie. It may be in gob even if the session is in JSON.
func idIn(encoded []byte) (id string, err error) {
	r := gobReader{data: encoded}
	if r.top() != gobString {
		r.fail()
	}
	id = string(r.bytes())
	if r.failed {
		err = json.Unmarshal(encoded, &id)
	}
	if err != nil || !isToken(id) {
		return "", oldsession.ErrMalformed
	}
	return id, nil
}

// read reads the record of a session, and sets the session's values and end.
func (g *gorillaRecords) read(ctx context.Context, old *oldsession.Session, now time.Time) error {
	record, left, err := g.Find(ctx, old.Token)
	switch {
	case err != nil:
		return err
	case record == nil:
		return oldsession.ErrUnknown
	case len(record) > maxRecord:
		return oldsession.ErrMalformed
	}
	if left > 0 {
		old.Expires = earlier(old.Expires, now.Add(left))
	}
	if g.plain {
		old.Lookup, err = g.lookup(record)
		return err
	}
	return g.secureCookie.open(string(record), now, func(o opened) (err error) {
		old.Lookup, err = g.lookup(o.value)
		old.Expires = earlier(old.Expires, o.ends)
		return err
	})
}
