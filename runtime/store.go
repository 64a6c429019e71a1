package runtime

import (
	"context"
	"errors"
	"time"
)

// A Store keeps records on the server, for Config.Store and Config.Revocations. Package
// storetest has a conformance test for it.
//
// A store learns neither what is in a session nor whose it is: keys and principals are
// hashes, and data is sealed. Keys and principals
// are at most 64 characters of base64url. A record past its Expires counts as absent in all
// methods, whether or not it was removed yet.
//
// Methods return when ctx ends. Any error but ErrNoRecord and ErrConflict means that the
// store has failed, and then what was to be done may or may not have been done. They may
// be called by several goroutines at once.
type Store interface {
	// Load returns the record of a key, or ErrNoRecord.
	Load(ctx context.Context, key string) (Record, error)

	// Insert stores a record for a key that has none; otherwise it returns ErrConflict.
	Insert(ctx context.Context, key string, r Record) error

	// Replace stores a record in place of the one with that version. If the key has
	// another version it returns ErrConflict, if it has no record ErrNoRecord: a
	// record that was deleted is never made anew.
	Replace(ctx context.Context, key string, version uint64, r Record) error

	// Delete removes the record of a key, if there is one.
	Delete(ctx context.Context, key string) error

	// List returns the records of a principal, by key. An empty principal has none.
	List(ctx context.Context, principal string) (map[string]Record, error)

	// DeleteByPrincipal removes the records of a principal.
	DeleteByPrincipal(ctx context.Context, principal string) error

	// DeleteAll removes every record.
	DeleteAll(ctx context.Context) error
}

// A Record is what a [Store] keeps under a key.
type Record struct {
	Version   uint64    // from 1 to 2^63-1, chosen by the caller
	Principal string    // whose it is, hashed; empty for nobody's
	Data      []byte    // sealed; at most 1 MiB
	Expires   time.Time // in whole seconds
}

// The errors of a [Store] that do not mean that it failed.
var (
	// ErrNoRecord: the key has no record.
	ErrNoRecord = errors.New("session: no such record")

	// ErrConflict: the key has a record, or one of another version.
	ErrConflict = errors.New("session: record of another version")
)
