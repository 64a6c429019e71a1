// Package oldsession is what the manager knows of the sessions that another library left with browsers.
// Package legacy reads them.
package oldsession

import (
	"context"
	"errors"
	"time"
)

// MaxCookie bounds the value of a cookie, in bytes.
const MaxCookie = 4096

// A Source reads the sessions of one library, of one cookie name.
type Source struct {
	Library string // in a word, for events
	Cookie  string // its name
	Path    string // of the cookie, "/" by default
	Domain  string

	// Partitioned is whether the cookie is in a jar of the page that a frame is on.
	Partitioned bool

	// Until is when the sessions are not read any more.
	Until time.Time

	// Open reads the session of a cookie. It authenticates the cookie before it looks at anything in it. The
	// error is ErrMalformed, ErrForged, ErrExpired or ErrUnknown; any other means that a store failed.
	Open func(ctx context.Context, value string, now time.Time) (*Session, error)

	// End removes what the library's store has of a session, for Session.Token; nil if there is no store.
	End func(ctx context.Context, token string) error
}

// A Session is one of another library.
type Session struct {
	// Identity tells the session from others. Nobody can change it without the source's key: there is one
	// text of it alone.
	Identity string

	Token     string    // under which the library's store has it; empty if there is none
	Expires   time.Time // when it would have ended; zero if that is not known
	Permanent bool      // it is known to outlive the browser

	// Lookup returns the value of a key, nil if there is none.
	Lookup func(key string) Value
}

// A Value is encoded in the library's way.
type Value interface {
	// Decode puts the value where a pointer leads. The error says nothing of the value.
	Decode(into any) error
}

// The errors of Source.Open.
var (
	ErrMalformed = errors.New("session: not a session of the library")
	ErrForged    = errors.New("session: not authentic")
	ErrExpired   = errors.New("session: expired")
	ErrUnknown   = errors.New("session: unknown to the library's store")
)
