package legacy

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/sessiongen/sessiongen/runtime/internal/absent"
	"github.com/sessiongen/sessiongen/runtime/internal/oldsession"
)

// Gorilla reads the sessions of gorilla/sessions: of a CookieStore, of a FilesystemStore if Dir is set, or of
// another store on the server if Records is set. gin-contrib/sessions and echo-contrib/session use gorilla's
// stores.
type Gorilla struct {
	// Name is the name of the session and of its cookie. Path and Domain are those of the old cookie, and are
	// needed to delete it. Path is "/" by default.
	Name   string
	Path   string
	Domain string

	// Partitioned says whether the old cookie is partitioned. Browsers delete only a cookie with the same
	// setting.
	Partitioned bool

	// Keys are the keys that the store was made with, in the same order: pairs of an authentication key and an
	// encryption key, which may be nil. A store without keys, such as rbcervilla/redisstore, puts the bare id of
	// a record into its cookie. For such a store leave Keys empty, and set Plain.
	Keys [][]byte

	// MaxAge is the argument of the call of the store's method MaxAge, by default 30 days as in gorilla. If the
	// argument was 0, which means no limit, set a negative MaxAge. The stores in PostgreSQL and of GORM call the
	// method with the MaxAge of their options.
	MaxAge time.Duration

	// Dir is the directory of a FilesystemStore. If the store was given "", it is os.TempDir().
	Dir string

	// Records has the sessions of a store that keeps them on the server.
	Records Records

	// Plain says that records are encoded sessions without a signature, as boj/redistore and
	// rbcervilla/redisstore write them. Otherwise each record is output of securecookie, like a cookie, as
	// antonlindstrom/pgstore, wader/gormstore and gorilla-sessions-memcache write them.
	Plain bool

	// JSON says that sessions are encoded as JSON instead of gob: by securecookie.JSONEncoder or
	// redistore.JSONSerializer.
	JSON bool

	// Until is when old sessions are no longer read. It must be set.
	Until time.Time
}

const gorillaMaxAge = 30 * 24 * time.Hour

// Legacy is called by the manager alone.
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

var errNoKeys = errors.New("no Keys: set the keys that the old store was made with")

// cookie checks the fields, and returns the secureCookie that opens the cookies.
func (g *Gorilla) cookie() (c secureCookie, err error) {
	switch {
	case g.Records != nil && absent.Is(g.Records):
		return c, errors.New("nil Records")
	case g.Records != nil && g.Dir != "":
		return c, errors.New("both Dir and Records: set only one of them")
	case g.Plain && g.Records == nil:
		return c, errors.New("no Records: Plain describes their format")
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
