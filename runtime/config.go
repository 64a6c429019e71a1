package runtime

import (
	"context"
	"net/http"
	"time"
)

// Config says how a manager keeps sessions. Only Keys must be set: the zero values of the
// other fields are the recommended set-up, an encrypted cookie "__Host-session" with Path=/,
// Secure, HttpOnly and SameSite=Lax.
type Config struct {
	// Keys seal and open the sessions; see [ParseKeys].
	Keys Keys

	// Name is the cookie's name. The default is "__Host-session", or "session" if
	// Insecure is set. Browsers accept a __Host- cookie only over https and only from
	// the host itself, not from a subdomain (RFC 6265bis section 4.1.3.2). The session
	// also has the names that append -seen, -bound, -2, -3 and -4 to Name: see IdleTimeout,
	// DeviceBound and MaxChunks. So Name itself must not end in one of these, and no other cookie of the
	// site may have such a name. Each manager of a site needs a Name of its own, even with
	// another Path or Domain.
	Name string

	// Path and Domain are the cookie's attributes. Path is "/" by default. Domain
	// is empty by default, so that subdomains do not get the cookie. If Domain is set,
	// Name must not begin with "__Host-".
	Path   string
	Domain string

	// FormerScopes are those that the cookie had before a change of Path, Domain or
	// Partitioned, under the same Name. Each response that sets or deletes the session's
	// cookie, after a request that carried one, deletes those of these scopes too. Name them
	// for as long as a cookie of theirs can last: 400 days with Sliding, and Lifetime otherwise.
	FormerScopes []Scope

	// SameSite is http.SameSiteLaxMode by default. http.SameSiteNoneMode cannot be
	// combined with Insecure.
	SameSite http.SameSite

	// Partitioned gives the visitor a separate cookie under each top-level site that
	// embeds this one (CHIPS). It cannot be combined with Insecure.
	Partitioned bool

	// Insecure allows the cookie over plain http, for development. It drops the
	// Secure attribute and the "__Host-" of the default name.
	Insecure bool

	// Lifetime is how long a session lasts after it was last saved: 31 days by
	// default, at least 1 second and at most 400 days, in whole seconds. The server
	// refuses an older cookie, whatever the browser does. Lifetime is also the cookie's
	// Max-Age if the session is permanent; otherwise the cookie ends with the browser.
	Lifetime time.Duration

	// Permanent makes every session that begins a permanent one, until SetPermanent(false): its
	// cookie outlives the browser. Sessions that browsers have already stay as they are. It is
	// the default of gorilla/sessions and of scs.
	Permanent bool

	// Sliding makes the Lifetime of a permanent session count from its last use, not
	// from its last change. It is Flask's SESSION_REFRESH_EACH_REQUEST.
	Sliding bool

	// IdleTimeout, if set, ends a session that has not been used for this long, in whole
	// seconds (OWASP's idle timeout). A request that does not touch its session does
	// not count as a use.
	//
	// With IdleTimeout or Sliding, a small second cookie holds the time of the last
	// use; its name is Name with "-seen". A request that only reads renews that cookie
	// alone, so that it cannot overwrite what a parallel request changed. With Store,
	// the record holds that time, and there is no second cookie.
	IdleTimeout time.Duration

	// AbsoluteTimeout, if set, ends a session this long after it began, in whole
	// seconds, however often it is saved or used. It bounds how long a stolen cookie
	// can be used.
	AbsoluteTimeout time.Duration

	// RefreshAfter is how old the noted time of the last use must be before a response
	// renews it, in whole seconds. A session may therefore end up to RefreshAfter too
	// early. The default is a tenth of IdleTimeout, or of Lifetime with Sliding if that
	// is shorter. RefreshAfter must be less than both.
	RefreshAfter time.Duration

	// MaxChunks, if above 1, lets a session that is too large for one cookie be split
	// over up to that many, of 4096 bytes each; at most 4. The first cookie is called
	// Name, the others append -2, -3 and -4. Servers commonly refuse requests whose
	// header exceeds 8 KiB, so large sessions are better kept in a Store.
	MaxChunks int

	// Store, if set, keeps the sessions on the server, and cookies carry only their
	// sealed ids. Sessions may take up to 1 MiB and can be revoked, and requests that
	// change a session at the same time lose nothing. [NewMemoryStore] makes a store
	// for a single process.
	//
	// If the store fails, ErrorHandler answers every request that uses its session,
	// with 503 by default, and no cookie is set or deleted.
	Store Store

	// StoreTimeout bounds each call of Store and Revocations; it is 2 seconds by
	// default. Cancelling the request does not cancel the call.
	StoreTimeout time.Duration

	// MaxSessions, if set, is how many sessions a principal may have. A log-in beyond that
	// ends the oldest. It needs Store, and a schema with a principal.
	MaxSessions int

	// Revocations, if set, makes sessions that live in cookies revocable. Every request
	// that uses its session then asks this store about the session's id, about its
	// principal, once for each of the Keys, and about RevokeAll. If the store fails, so
	// do these requests, as with Store. It must not be the Store of another manager,
	// whose RevokeAll would empty it.
	Revocations Store

	// RevocationCache is how long this process may reuse an answer of Revocations. A
	// session that another process revoked or destroyed may live on here for that
	// long. The default, 0, asks each time; more than an hour is an error.
	RevocationCache time.Duration

	// Legacy has the sessions of the library that the program used before taken over, so that nobody is
	// logged out: see package [github.com/sessiongen/sessiongen/runtime/legacy]. They are consulted only
	// for requests that have no session of this manager. An imported session has no
	// AuthenticatedAt, and ends no later than it would have.
	Legacy []LegacySource

	// DeviceBound, if set, binds the sessions of browsers that support Device Bound Session Credentials
	// (Chromium does) to a key that does not leave the device, so that a stolen cookie is good for at
	// most this long: 10 minutes is a good value, and less than 2 minutes an error. It is in whole
	// seconds. EXPERIMENTAL: the specification is a draft, and this option follows it.
	//
	// Once a visitor has logged in, the browser is offered to bind the session. It then proves its key
	// once in each such period, by requests to paths that Handler serves itself, those under Path that
	// begin with "_device/". What it has proved is in a cookie whose name is Name with "-bound". A
	// request of a bound session without a fresh proof is answered by ErrorHandler with ErrUnproven,
	// by default with 503; nothing of the session is changed. A browser that has lost its key meets an
	// empty session, and can log in again. Other browsers notice nothing.
	//
	// It cannot be combined with Insecure, Domain or Partitioned.
	DeviceBound time.Duration

	// Time returns the current time, as in [crypto/tls.Config]. Several goroutines may
	// call it at once. If nil, time.Now is used.
	Time func() time.Time

	// OnEvent, if set, is called for every event. Several goroutines may call it at
	// once. If nil, log/slog logs the events that a person should see.
	OnEvent func(context.Context, Event)

	// ErrorHandler answers a request whose session could not be saved. It replaces the
	// status and the body of the handler's own answer, and the header fields that
	// describe the body. The default sends a plain 500, or 503 if a store failed.
	ErrorHandler func(http.ResponseWriter, *http.Request, error)
}

// A Scope tells cookies of one name apart: a browser keeps one for each, and sends all that match
// a request. Its fields are those of [Config] with the same names.
type Scope struct {
	Path        string // "/" by default
	Domain      string
	Partitioned bool
}
