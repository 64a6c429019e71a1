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

// Gorilla reads the sessions of gorilla/sessions: those of a CookieStore, and of a FilesystemStore if Dir is
// set. The cookie stores of gin-contrib/sessions and echo-contrib/session are gorilla's.
type Gorilla struct {
	// Name is the name of the session, which is the cookie's. Path and Domain are the old cookie's, so that it
	// can be deleted; Path is "/" by default.
	Name   string
	Path   string
	Domain string

	// Partitioned is whether the old cookie was: browsers delete it only from the jar that it is in.
	Partitioned bool

	// Keys are those that the store was made with, in the same order: pairs of a key to authenticate and one
	// to encrypt, which may be nil.
	Keys [][]byte

	// MaxAge is what the store's method MaxAge was called with, 30 days by default as there; negative if it
	// was 0, which is no limit.
	MaxAge time.Duration

	// Dir is the directory of a FilesystemStore, os.TempDir() if that was given "".
	Dir string

	// JSON is for codecs with securecookie.JSONEncoder in place of gob.
	JSON bool

	// Until is when old sessions are not read any more. It must be set.
	Until time.Time
}

const gorillaMaxAge = 30 * 24 * time.Hour

// Legacy is for the manager alone.
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

// idIn reads the id that the cookie of a FilesystemStore has.
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

// isFileID reports whether an id is base32, as gorilla makes them: nothing that leads out of the directory.
func isFileID(id string) bool {
	return 0 < len(id) && len(id) <= 128 && strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == ""
}

func (g *gorillaStore) path(id string) string { return filepath.Join(g.dir, "session_"+id) }

// readTries bounds how often a file is read that the old program may be writing.
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
