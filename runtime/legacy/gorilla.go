package legacy

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sessiongen/sessiongen/runtime/internal/oldsession"
)

// Gorilla reads the sessions of gorilla/sessions: those of a CookieStore, or of a FilesystemStore if
// Dir is set. The cookie stores of gin-contrib/sessions and echo-contrib/session use gorilla's.
type Gorilla struct {
	// Name is the session's name, which is also the cookie's. Path and Domain are those of the old
	// cookie, so that it can be deleted. The default Path is "/".
	Name   string
	Path   string
	Domain string

	// Partitioned says whether the old cookie was partitioned. Browsers delete only a cookie with
	// the same setting.
	Partitioned bool

	// Keys are the arguments that the store was made with, in the same order: pairs of an
	// authentication key and an encryption key, which may be nil.
	Keys [][]byte

	// MaxAge is the argument of the store's method MaxAge, by default 30 days as in gorilla. It must
	// be negative if that argument was 0, which means no limit.
	MaxAge time.Duration

	// Dir is the directory of a FilesystemStore. If the store was made with "", it is os.TempDir().
	Dir string

	// JSON says whether the codecs use securecookie.JSONEncoder instead of gob.
	JSON bool

	// Until is when old sessions are no longer read. It must be set.
	Until time.Time
}

const gorillaMaxAge = 30 * 24 * time.Hour

// Legacy is called by the manager alone.
func (g Gorilla) Legacy() (s oldsession.Source, err error) {
	pairs, err := newPairs(g.Keys)
	if err != nil {
		return s, err
	}
	if g.MaxAge == 0 {
		g.MaxAge = gorillaMaxAge
	}
	store := &gorillaStore{secureCookie{g.Name, pairs, g.MaxAge}, g.Dir, g.JSON}
	s = oldsession.Source{Library: "gorilla", Cookie: g.Name, Path: g.Path, Domain: g.Domain, Partitioned: g.Partitioned, Until: g.Until, Open: store.open}
	if g.Dir != "" {
		s.Open, s.End = store.openFile, store.removeFile
	}
	return s, nil
}

type gorillaStore struct {
	secureCookie
	dir  string
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

// openFile reads a session of a FilesystemStore.
func (g *gorillaStore) openFile(_ context.Context, value string, now time.Time) (*oldsession.Session, error) {
	old := new(oldsession.Session)
	err := g.secureCookie.open(value, now, func(o opened) error {
		id, err := g.idIn(o.value)
		old.Identity, old.Token, old.Expires = id, id, o.ends
		return err
	})
	if err == nil {
		err = g.readFile(old, now)
	}
	return old, err
}

// idIn returns the id in the cookie of a FilesystemStore.
func (g *gorillaStore) idIn(encoded []byte) (id string, err error) {
	if g.json {
		err = json.Unmarshal(encoded, &id)
	} else {
		r := gobReader{data: encoded}
		if r.top() != gobString {
			r.fail()
		}
		id = string(r.bytes())
		if r.failed {
			err = errGob
		}
	}
	if err != nil || !isFileID(id) {
		return "", oldsession.ErrMalformed
	}
	return id, nil
}

// isFileID reports whether an id is base32, as gorilla's are, so that it cannot lead out of the
// directory.
func isFileID(id string) bool {
	return 0 < len(id) && len(id) <= 128 && strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == ""
}

func (g *gorillaStore) path(id string) string { return filepath.Join(g.dir, "session_"+id) }

// readTries is how often a file is read that the old program may be writing.
const readTries = 3

// readFile reads the file of a session.
func (g *gorillaStore) readFile(old *oldsession.Session, now time.Time) (err error) {
	for try := range readTries {
		if try > 0 {
			time.Sleep(5 * time.Millisecond)
		}
		var text []byte
		if text, err = readBounded(g.path(old.Token)); err != nil {
			return err
		}
		err = g.secureCookie.open(string(text), now, func(o opened) (err error) {
			old.Lookup, err = g.lookup(o.value)
			old.Expires = earlier(old.Expires, o.ends)
			return err
		})
		if !errors.Is(err, oldsession.ErrForged) && !errors.Is(err, oldsession.ErrMalformed) {
			return err
		}
	}
	return err
}

func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, oldsession.ErrUnknown
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxRecord+1))
	if err == nil && len(text) > maxRecord {
		err = oldsession.ErrMalformed
	}
	return text, err
}

func (g *gorillaStore) removeFile(_ context.Context, id string) error {
	if !isFileID(id) {
		return nil
	}
	err := os.Remove(g.path(id))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
