// Package portrait describes a session to a debug page: a [Session] contains what the runtime knows
// of a request's session and of its cookie.
package portrait

import (
	"context"
	"time"
)

// Key is the context key of a [Subject], that of the innermost session.
type Key struct{}

// A Subject is a session that can be described. Describe alone uses the session.
type Subject struct {
	Cookie   Cookie
	Describe func() Session
}

// Of returns the session of a request's context. ok is false outside the manager's Handler.
func Of(ctx context.Context) (s Subject, ok bool) {
	s, ok = ctx.Value(Key{}).(Subject)
	return s, ok
}

// A Session describes a session at one moment.
type Session struct {
	Cookie   Cookie
	Received bool   // the request carried a cookie of the name
	Home     string // where the session lives, in a few words

	Err       error // the first failure; if a store failed, the fields below are empty
	New       bool
	Modified  bool
	Permanent bool
	ID        string // in base64url; empty for a session without fields

	Now                                   time.Time // on the manager's clock
	Created, Authenticated, Used, Expires time.Time // zero for never
	EndedBy                               string    // the field of Config that sets Expires
	Proven                                time.Time // when the bound device last proved its key; zero if the session is not bound

	Size, Limit int // bytes of what is stored, names included
	Fields      []Field
	Unknown     int // bytes of the fields that are not in the schema
	Flows       []Flow

	Others    []Other // some sessions of the principal, this one among them
	OthersAll int     // how many the principal has
	OthersErr error
	Events    []Event // the manager's latest events, newest first; none unless it is Insecure
}

// A Cookie describes the session's cookie.
type Cookie struct {
	Name       string
	Attributes string // as in a Set-Cookie header field: "Path=/; Secure"
}

// A Field describes one field of the schema.
type Field struct {
	Name, Key, Type   string
	Principal, Secret bool
	Set               bool
	Bytes             int       // size of key and value
	Value             any       // nil if the field is not set or is secret
	Err               error     // why the value does not decode
	Expires           time.Time // zero if the field lasts as long as the session
}

// A Flow is a flow that the browser has begun, according to its cookies.
type Flow struct {
	Field         string // the field's key
	Bytes         int    // size of the cookie
	Started, Ends time.Time
}

// An Other is a session of the same principal.
type Other struct {
	ID                     string
	Created, Used, Expires time.Time
	Permanent, Current     bool
}

// An Event is an event of package runtime with its time.
type Event struct {
	Time                                       time.Time
	Kind, Reason, Field, Method, Path, Largest string
}
