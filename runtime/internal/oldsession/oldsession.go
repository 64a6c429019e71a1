// Package oldsession describes sessions that another library left in browsers, as the manager sees
// them. Package legacy reads them.
package oldsession

import (
	"context"
	"errors"
	"time"
)

// MaxCookie is the longest value of a cookie, in bytes.
const MaxCookie = 4096

// A Source reads one library's sessions from cookies of one name.
type Source struct {
	Library string // one word, for events
	Cookie  string // its name
	Path    string // of the cookie, "/" by default
	Domain  string

	// Partitioned says whether the cookie is partitioned (CHIPS).
	Partitioned bool

	// Until is when reading stops.
	Until time.Time

	// Open reads the session in a cookie. It authenticates the cookie before it parses any of it.
	// The error is ErrMalformed, ErrForged, ErrExpired or ErrUnknown, or says why a store failed.
	Open func(ctx context.Context, value string, now time.Time) (*Session, error)

	// End removes a session from the library's store, by Session.Token; nil if there is no store.
	End func(ctx context.Context, token string) error
}

// A Session is a session of another library.
type Session struct {
	// Identity tells the session from others. It is derived from authenticated data in a single way,
	// so nobody can change it without the source's key.
	Identity string

	Token     string    // the session's key in the library's store; empty if there is no store
	Expires   time.Time // when it would have ended; zero if unknown
	Permanent bool      // it is known to outlive the browser session

	// Lookup returns the value of a key, or nil if there is none.
	Lookup func(key string) Value
}

// A Value is one value in the library's encoding.
type Value interface {
	// Decode stores the value in what into points to. The error contains nothing of the value.
	Decode(into any) error
}

// Errors of Source.Open.
var (
	ErrMalformed = errors.New("session: not a session of the library")
	ErrForged    = errors.New("session: not authentic")
	ErrExpired   = errors.New("session: expired")
	ErrUnknown   = errors.New("session: unknown to the library's store")
)
