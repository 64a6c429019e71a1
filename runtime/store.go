package runtime

import (
	"context"
	"errors"
	"time"
)

// A Store keeps records on the server, for Config.Store and Config.Revocations. Package
// storetest tests a Store.
//
// A store learns neither what is in a session nor whose it is: keys and principals are
// hashes of at most 64 characters of base64url, and data is sealed. A record past its
// Expires counts as absent in all methods, whether or not the store has removed it.
//
// Several goroutines may call the methods at once. A method returns when ctx ends. Any error
// but ErrNoRecord and ErrConflict means that the store has failed; a write may then have been
// done or not.
//
// A record with data is a session, or says for a minute where one went. A record without
// data says what was revoked, or which flow was taken; its Principal is a note of the caller's and makes
// it nobody's session. List, DeleteByPrincipal and DeleteAll are about sessions: they pass over
// records without data, which stay until they expire.
//
// A store that is full may evict sessions, but never what was revoked: it fails instead. Records without data
// whose Principal is "flow" are of flows that were taken. Anybody can have very many made, and so they should
// go first of all: such a flow may then be taken once more, by a copy of its cookie.
//
// DeleteByPrincipal and DeleteAll remove what was there when they were called. What is stored
// meanwhile may stay, and must not keep them from coming to an end. They may work in batches,
// each of which counts by itself and holds up nobody for long: a call that ctx cuts off returns
// ctx's error and has removed what it could.
type Store interface {
	// Load returns the record of a key. The error is ErrNoRecord if there is none.
	Load(ctx context.Context, key string) (Record, error)

	// Insert stores a record for a key that has none. If the key has one, it returns
	// ErrConflict.
	Insert(ctx context.Context, key string, r Record) error

	// Replace stores a record in place of the key's record of that version. It returns
	// ErrConflict if the record has another version, and ErrNoRecord if there is none: it
	// never brings a deleted record back.
	Replace(ctx context.Context, key string, version uint64, r Record) error

	// Delete removes the record of a key, if there is one.
	Delete(ctx context.Context, key string) error

	// List calls yield with each record of a principal that has data, and its key, until yield
	// returns false. The empty principal has none. It may miss a session that moves to another
	// key meanwhile.
	//
	// An account may have very many sessions: List reads them in batches. yield may call the
	// store, and take its time: List holds no lock and no connection while yield runs.
	List(ctx context.Context, principal string, yield func(key string, r Record) bool) error

	// DeleteByPrincipal removes the records of a principal that have data.
	DeleteByPrincipal(ctx context.Context, principal string) error

	// DeleteAll removes every record that has data.
	DeleteAll(ctx context.Context) error
}

// A Record is what a [Store] keeps under a key.
type Record struct {
	Version   uint64    // from 1 to 2^63-1; the caller chooses it
	Principal string    // a hash of whose session it is; empty if nobody's
	Data      []byte    // sealed; at most 1 MiB; none for what says what was revoked
	Expires   time.Time // in whole seconds
}

// The errors that a [Store] answers with. Any other means that it failed.
var (
	// ErrNoRecord means that the key has no record.
	ErrNoRecord = errors.New("session: no such record")

	// ErrConflict means that the key has a record, for Insert, or one of another
	// version, for Replace.
	ErrConflict = errors.New("session: record of another version")
)
