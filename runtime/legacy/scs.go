package legacy

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"reflect"
	"strings"
	"time"

	"github.com/sessiongen/sessiongen/runtime/internal/absent"
	"github.com/sessiongen/sessiongen/runtime/internal/oldsession"
)

// SCS reads the sessions of alexedwards/scs. They stay in its store until a log-out or their end.
type SCS struct {
	// Name, Path and Domain are those of the SessionManager's Cookie. The defaults are "session" for Name and
	// "/" for Path.
	Name   string
	Path   string
	Domain string

	// Partitioned says whether the old cookie is partitioned. Browsers delete only a cookie with the same
	// setting.
	Partitioned bool

	// Store is the SessionManager's Store.
	Store SCSStore

	// HashTokenInStore is the SessionManager's HashTokenInStore.
	HashTokenInStore bool

	// Until is when old sessions are no longer read. It must be set.
	Until time.Time
}

// SCSStore has the methods that SCS needs. Every store of scs has them. If a store has FindCtx or DeleteCtx, SCS
// calls that instead.
type SCSStore interface {
	// Find returns the record of a session that has not expired.
	Find(token string) (record []byte, found bool, err error)

	// Delete removes a session's record, if there is one.
	Delete(token string) error
}

// Legacy is called by the manager alone.
func (s SCS) Legacy() (oldsession.Source, error) {
	if absent.Is(s.Store) {
		return oldsession.Source{}, errors.New("no Store: set the store of the old SessionManager")
	}
	if s.Name == "" {
		s.Name = "session"
	}
	store := scsStore{s.Store, s.HashTokenInStore}
	return oldsession.Source{Library: "scs", Cookie: s.Name, Path: s.Path, Domain: s.Domain, Partitioned: s.Partitioned, Until: s.Until, Open: store.open, End: store.delete}, nil
}

type scsStore struct {
	SCSStore
	hashes bool
}

// key is the key of the record of a token.
func (s scsStore) key(token string) string {
	if !s.hashes {
		return token
	}
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func (s scsStore) find(ctx context.Context, token string) (record []byte, found bool, err error) {
	if c, ok := s.SCSStore.(interface {
		FindCtx(context.Context, string) ([]byte, bool, error)
	}); ok {
		return c.FindCtx(ctx, s.key(token))
	}
	return s.Find(s.key(token))
}

func (s scsStore) delete(ctx context.Context, token string) error {
	if c, ok := s.SCSStore.(interface {
		DeleteCtx(context.Context, string) error
	}); ok {
		return c.DeleteCtx(ctx, s.key(token))
	}
	return s.Delete(s.key(token))
}

// tokenSize is the greatest length of a token. Those of scs have 43 bytes, those of rbcervilla/redisstore 103.
const tokenSize = 128

// isToken reports whether a token consists of letters of base64url, as the tokens of all libraries do. In a database
// that ignores spaces or accents, other tokens could be further names of one session.
func isToken(token string) bool {
	return 0 < len(token) && len(token) <= tokenSize &&
		strings.Trim(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == ""
}

// open reads the session of a token. A token is not signed, but nobody can guess one.
func (s scsStore) open(ctx context.Context, token string, now time.Time) (*oldsession.Session, error) {
	if !isToken(token) {
		return nil, oldsession.ErrMalformed
	}
	record, found, err := s.find(ctx, token)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, oldsession.ErrUnknown
	}
	deadline, values, err := scsRecord(record)
	if err != nil {
		return nil, oldsession.ErrMalformed
	}
	if !now.Before(deadline) {
		return nil, oldsession.ErrExpired
	}
	// Some databases ignore case when they compare tokens. All spellings that they find are one session.
	old := &oldsession.Session{Identity: strings.ToLower(token), Token: token, Expires: deadline, Lookup: lookupGob(values)}
	if v := values["__rememberMe"]; v != nil && v.decode(reflect.ValueOf(&old.Permanent).Elem()) != nil {
		old.Permanent = false
	}
	return old, nil
}

// scsRecord reads a record, which is the gob stream of a struct with the fields Deadline and Values.
func scsRecord(data []byte) (deadline time.Time, values map[string]*gobValue, err error) {
	if len(data) > maxRecord {
		return deadline, nil, errGob
	}
	r := &gobReader{data: data}
	t := r.types[r.top()]
	if t == nil || t.kind != gobStruct {
		return deadline, nil, errGob
	}
	r.fields(func(number int) {
		if number >= len(t.fields) {
			r.fail()
			return
		}
		switch f := t.fields[number]; f.name {
		case "Deadline":
			v := r.readValue(f.id, true, 1)
			if r.failed || v.decode(reflect.ValueOf(&deadline).Elem()) != nil {
				r.fail()
			}
		case "Values":
			values = r.mapValues(f.id)
		default:
			r.skip(new(gobValue), f.id, 1)
		}
	})
	if r.failed || r.rest() > 0 || deadline.IsZero() {
		return deadline, nil, errGob
	}
	return deadline, values, nil
}
