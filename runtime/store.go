package runtime

import (
	"context"
	"errors"
	"time"
)

// A Store keeps records on the server, for Config.Store and Config.Revocations. Package storetest
// tests a Store.
//
// A store does not learn a session's content or whose it is. Keys and principals are hashes of at
// most 64 characters of base64url, and data is sealed. For all methods, a record past its Expires
// does not exist, whether or not the store has removed it.
//
// Several goroutines may call the methods at once. A method returns when ctx ends. Any error except
// ErrNoRecord and ErrConflict means that the store has failed. A failed write may or may not have
// happened.
//
// A record with data is a session, or says for a minute where a session moved. A record without data
// is a revocation or a flow that was taken. Its Principal is a note by the caller, not a session's
// principal. List, DeleteByPrincipal and DeleteAll concern sessions: they skip records without data,
// which stay until they expire.
//
// A full store may evict sessions but never revocations: it must fail instead. Records without data
// whose Principal is "flow" are flows that were taken. Anybody can cause very many of them, so a
// store should evict them first. Such a flow can then be taken again with a copy of its cookie.
//
// DeleteByPrincipal and DeleteAll remove the records that existed when they were called. Records
// that are stored meanwhile may stay, and must not keep the call from returning. The call may work
// in batches, each of which takes effect by itself and blocks nobody for long. If ctx ends, the call
// returns ctx's error and has removed what it could.
type Store interface {
	// Load returns the record with a key, or ErrNoRecord.
	Load(ctx context.Context, key string) (Record, error)

	// Insert stores a record under a new key. If the key has a record, it returns ErrConflict.
	Insert(ctx context.Context, key string, r Record) error

	// Replace replaces the record with a key if it has this version. It returns ErrConflict if the
	// record has another version, and ErrNoRecord if there is no record: it never restores a deleted
	// record.
	Replace(ctx context.Context, key string, version uint64, r Record) error

	// Delete removes the record with a key, if there is one.
	Delete(ctx context.Context, key string) error

	// List calls yield with each record of a principal that has data, and its key, until yield
	// returns false. The empty principal has no records. List may miss a session that moves to
	// another key meanwhile.
	//
	// An account may have very many sessions, so List reads them in batches. yield may call the
	// store and take its time: List holds no lock and no connection while yield runs.
	List(ctx context.Context, principal string, yield func(key string, r Record) bool) error

	// DeleteByPrincipal removes all records of a principal that have data.
	DeleteByPrincipal(ctx context.Context, principal string) error

	// DeleteAll removes all records that have data.
	DeleteAll(ctx context.Context) error
}

// A Record is what a [Store] keeps under a key.
type Record struct {
	Version   uint64    // from 1 to 2^63-1; the caller chooses it
	Principal string    // hash of the session's principal; empty if it has none
	Data      []byte    // sealed; at most 1 MiB; empty for a revocation or a flow
	Expires   time.Time // in whole seconds
}

// Errors that a [Store] returns as answers. Any other error means that it has failed.
var (
	// ErrNoRecord means that the key has no record.
	ErrNoRecord = errors.New("session: no such record")

	// ErrConflict means that the key already has a record, for Insert, or has a record of another
	// version, for Replace.
	ErrConflict = errors.New("session: record of another version")
)
