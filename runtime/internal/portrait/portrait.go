// Package portrait is what a page for development shows of a session: a [Session] tells what the
// runtime knows of the session of a request, and how a browser is to keep it.
package portrait

import (
	"context"
	"time"
)

// Key is the context key of a [Subject], which has the innermost session.
type Key struct{}

// A Subject is a session that can be described. Only Describe uses the session.
type Subject struct {
	Cookie   Cookie
	Describe func() Session
}

// Of returns the session of a request's context. It is false outside the manager's Handler.
func Of(ctx context.Context) (s Subject, ok bool) {
	s, ok = ctx.Value(Key{}).(Subject)
	return s, ok
}

// A Session is the description of one, as it is now.
type Session struct {
	Cookie   Cookie
	Received bool   // the request carried a cookie of the name
	Home     string // where it lives, in a few words

	Err       error // what failed first; nothing else is known if a store did
	New       bool
	Modified  bool
	Permanent bool
	ID        string // in base64url; empty for a session without a field

	Now                                   time.Time // by the manager's clock
	Created, Authenticated, Used, Expires time.Time // zero for never
	EndedBy                               string    // the field of Config that says when it expires
	Proven                                time.Time // when the device that it is bound to last proved its key; zero if it is not bound

	Size, Limit int // bytes of what is kept of it, names included
	Fields      []Field
	Unknown     int // bytes of the fields that the schema does not have
	Flows       []Flow

	Others    []Other // the sessions of its principal, itself among them, but no more than some
	OthersAll int     // how many there are
	OthersErr error
	Events    []Event // the last ones of the manager, the newest first; none unless it is Insecure
}

// A Cookie is how a browser is to keep a session.
type Cookie struct {
	Name       string
	Attributes string // as in a Set-Cookie header field: "Path=/; Secure"
}

// A Field is one of the schema's.
type Field struct {
	Name, Key, Type   string
	Principal, Secret bool
	Set               bool
	Bytes             int       // of its key and its value
	Value             any       // nil if it is not set or secret
	Err               error     // why the value does not decode
	Expires           time.Time // zero for with the session
}

// A Flow is one that the browser has begun, as its cookie for this page says.
type Flow struct {
	Field         string // its key
	Bytes         int    // of the cookie
	Started, Ends time.Time
}

// An Other is a session of the same principal.
type Other struct {
	ID                     string
	Created, Used, Expires time.Time
	Permanent, Current     bool
}

// An Event is one of package runtime's, and when it was.
type Event struct {
	Time                                       time.Time
	Kind, Reason, Field, Method, Path, Largest string
}
