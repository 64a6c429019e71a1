package legacy

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/sessiongen/sessiongen/runtime/internal/absent"
	"github.com/sessiongen/sessiongen/runtime/internal/oldsession"
)

// Gorilla reads the sessions of gorilla/sessions: those of a CookieStore, of a FilesystemStore if Dir is set, and of
// another store on the server if Records is. The stores of gin-contrib/sessions and echo-contrib/session are
// gorilla's.
type Gorilla struct {
	// Name is the name of the session, which is the cookie's. Path and Domain are the old cookie's, so that it
	// can be deleted; Path is "/" by default.
	Name   string
	Path   string
	Domain string

	// Partitioned is whether the old cookie was: browsers delete it only from the jar that it is in.
	Partitioned bool

	// Keys are those that the store was made with, in the same order: pairs of a key to authenticate and one
	// to encrypt, which may be nil. There are none if the store took none, so that its cookie is the bare id of
	// a record, as with rbcervilla/redisstore: that takes Plain.
	Keys [][]byte

	// MaxAge is what the store's method MaxAge was called with, 30 days by default as there; negative if it
	// was 0, which is no limit. The stores in PostgreSQL and of GORM call it with the MaxAge of their options.
	MaxAge time.Duration

	// Dir is the directory of a FilesystemStore, os.TempDir() if that was given "".
	Dir string

	// Records has the sessions of a store that keeps them on the server.
	Records Records

	// Plain is whether Records has the sessions as they are, as boj/redistore and rbcervilla/redisstore write them.
	// Otherwise each record is text of securecookie, like a cookie, as those of antonlindstrom/pgstore,
	// wader/gormstore and gorilla-sessions-memcache are.
	Plain bool

	// JSON is for sessions in JSON in place of gob: by securecookie.JSONEncoder or redistore.JSONSerializer.
	JSON bool

	// Until is when old sessions are not read any more. It must be set.
	Until time.Time
}

const gorillaMaxAge = 30 * 24 * time.Hour

// Legacy is for the manager alone.
func (g Gorilla) Legacy() (s oldsession.Source, err error) {
	cookie, err := g.cookie()
	if err != nil {
		return s, err
	}
	store := &gorillaStore{cookie, g.JSON}
	s = oldsession.Source{Library: "gorilla", Cookie: g.Name, Path: g.Path, Domain: g.Domain, Partitioned: g.Partitioned, Until: g.Until, Open: store.open}
	switch {
	case g.Dir != "":
		files := &gorillaFiles{gorillaRecords{gorillaStore: store, Records: directory(g.Dir)}}
		s.Open, s.End = files.open, files.Delete
	case g.Records != nil:
		records := &gorillaRecords{store, g.Records, g.Plain}
		s.Open, s.End = records.open, records.Delete
	}
	return s, nil
}

var errNoKeys = errors.New("no Keys: it takes the keys that the old store was made with")

// cookie checks the fields, and returns what opens the cookies.
func (g *Gorilla) cookie() (c secureCookie, err error) {
	switch {
	case g.Records != nil && absent.Is(g.Records):
		return c, errors.New("nil Records")
	case g.Records != nil && g.Dir != "":
		return c, errors.New("both Dir and Records: a session is in one place")
	case g.Plain && g.Records == nil:
		return c, errors.New("no Records, but Plain: it says what these are")
	case len(g.Keys) == 0 && !g.Plain:
		return c, errNoKeys
	}
	c = secureCookie{name: g.Name, maxAge: g.MaxAge}
	if c.maxAge == 0 {
		c.maxAge = gorillaMaxAge
	}
	c.pairs, err = newPairs(g.Keys)
	return c, err
}

type gorillaStore struct {
	secureCookie
	json bool
}

// open reads a session of a CookieStore.
func (g *gorillaStore) open(_ context.Context, value string, now time.Time) (old *oldsession.Session, err error) {
	err = g.secureCookie.open(value, now, func(o opened) error {
		lookup, err := g.lookup(o.value)
		old = &oldsession.Session{Identity: o.signed, Expires: o.ends, Lookup: lookup}
		return err
	})
	return old, err
}

// lookup reads the values of a session.
func (g *gorillaStore) lookup(encoded []byte) (func(string) oldsession.Value, error) {
	if g.json {
		return jsonLookup(encoded, func(raw json.RawMessage) oldsession.Value { return jsonValue{raw} })
	}
	values, err := gobValues(encoded)
	if err != nil {
		return nil, oldsession.ErrMalformed
	}
	return lookupGob(values), nil
}
