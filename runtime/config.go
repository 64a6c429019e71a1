package runtime

import (
	"context"
	"net/http"
	"time"
)

// Config configures a manager. Only Keys must be set. The zero values of the other fields are the
// recommended set-up: an encrypted cookie "__Host-session" with Path=/, Secure, HttpOnly and
// SameSite=Lax.
type Config struct {
	// Keys seal and open the sessions; see [ParseKeys].
	Keys Keys

	// Name is the cookie's name. The default is "__Host-session", or "session" if Insecure is set.
	// Browsers accept a __Host- cookie only over https and only from the host itself, not from a
	// subdomain (RFC 6265bis section 4.1.3.2).
	//
	// The session's other cookies are called Name with the suffix -seen, -bound, -2, -3 or -4: see
	// IdleTimeout, DeviceBound and MaxChunks. Name must not end in one of these, and no other cookie
	// of the site may have such a name. Each manager of a site needs its own Name, even with another
	// Path or Domain.
	Name string

	// Path and Domain are the cookie's attributes. Path is "/" by default. Domain
	// is empty by default, so that subdomains do not get the cookie. If Domain is set,
	// Name must not begin with "__Host-".
	Path   string
	Domain string

	// FormerScopes are the scopes that the cookie had before a change of Path, Domain or
	// Partitioned, under the same Name. When a response to a request with a session cookie sets or
	// deletes that cookie, it also deletes the cookies in these scopes. Keep a scope here for as
	// long as its cookies can last: 400 days with Sliding, and Lifetime otherwise.
	FormerScopes []Scope

	// SameSite is http.SameSiteLaxMode by default. http.SameSiteNoneMode cannot be
	// combined with Insecure.
	SameSite http.SameSite

	// Partitioned gives the visitor a separate cookie under each top-level site that
	// embeds this one (CHIPS). It cannot be combined with Insecure.
	Partitioned bool

	// Insecure allows the cookie over plain http, for development. The cookie then has no Secure
	// attribute, and the default name has no "__Host-".
	Insecure bool

	// Lifetime is how long a session lasts after it was last saved: 31 days by
	// default, at least 1 second and at most 400 days, in whole seconds. The server
	// refuses an older cookie, whatever the browser does. Lifetime is also the cookie's
	// Max-Age if the session is permanent; otherwise the cookie ends with the browser.
	Lifetime time.Duration

	// Permanent makes every new session permanent until SetPermanent(false): its cookie outlives the
	// browser. Existing sessions do not change. gorilla/sessions and scs behave like this by
	// default.
	Permanent bool

	// Sliding makes the Lifetime of a permanent session count from its last use, not from its last
	// change. Flask calls this SESSION_REFRESH_EACH_REQUEST.
	Sliding bool

	// IdleTimeout, if set, ends a session that has not been used for this long, in whole seconds
	// (OWASP's idle timeout). A request that does not touch its session is not a use.
	//
	// With IdleTimeout or Sliding, a small second cookie holds the time of the last use. It is
	// called Name with the suffix -seen. A request that only reads renews that cookie alone, so it
	// cannot overwrite what a parallel request changed. With Store, the record holds that time, and
	// there is no second cookie.
	IdleTimeout time.Duration

	// AbsoluteTimeout, if set, ends a session this long after it began, in whole seconds, however
	// often it is saved or used. It limits how long a stolen cookie can be used.
	AbsoluteTimeout time.Duration

	// RefreshAfter is how often the time of the last use is renewed, in whole seconds: a response
	// renews it once it is this old. A session may therefore end up to RefreshAfter too early. The
	// default is a tenth of IdleTimeout, or of Lifetime with Sliding if that is shorter.
	// RefreshAfter must be less than both.
	RefreshAfter time.Duration

	// MaxChunks, if above 1, lets a large session be split into up to that many cookies of 4096
	// bytes each. The maximum is 4. The first cookie is called Name, and the others have the
	// suffixes -2, -3 and -4. Many servers reject requests whose header exceeds 8 KiB, so a Store is
	// better for large sessions.
	MaxChunks int

	// Store, if set, keeps the sessions on the server, and cookies contain only their sealed ids.
	// Sessions can have up to 1 MiB and can be revoked, and no change is lost when requests change a
	// session at the same time. [NewMemoryStore] makes a store for a single process.
	//
	// If the store fails, ErrorHandler answers every request that uses its session, with 503 by
	// default, and no cookie is set or deleted.
	Store Store

	// StoreTimeout limits each call of Store and Revocations. The default is 2 seconds. Cancelling
	// the request does not cancel the call.
	StoreTimeout time.Duration

	// MaxSessions, if set, is how many sessions a principal may have. A log-in beyond that ends the
	// oldest one. It requires Store and a schema with a principal.
	MaxSessions int

	// Revocations, if set, makes sessions that live in cookies revocable. Every request that uses
	// its session asks this store about the session's id, about its principal (once for each of the
	// Keys) and about RevokeAll. If the store fails, so do these requests, as with Store. It must
	// not be the Store of another manager, because RevokeAll of that manager would empty it.
	Revocations Store

	// RevocationCache is how long this process may reuse an answer of Revocations. A session that
	// another process revoked or destroyed can be used here for that much longer. The default, 0,
	// asks each time. The maximum is 1 hour.
	RevocationCache time.Duration

	// Legacy imports sessions of the library that the program used before, so that nobody is logged
	// out: see package [github.com/sessiongen/sessiongen/runtime/legacy]. It is consulted only for
	// requests without a session of this manager. An imported session has no AuthenticatedAt, and
	// ends no later than the old one would have.
	Legacy []LegacySource

	// DeviceBound, if set, binds sessions to a key that does not leave the device, in browsers that
	// support Device Bound Session Credentials, such as Chromium. A stolen cookie then works for at
	// most this long. 10 minutes is a good value; the minimum is 2 minutes, in whole seconds.
	// EXPERIMENTAL: the specification is a draft, and this option follows it.
	//
	// After a log-in, the response offers the browser to bind the session. A browser that accepts
	// proves its key once in each such period, by requests to paths under Path that begin with
	// "_device/". Handler answers these requests itself. A cookie called Name with the suffix -bound
	// records the proof.
	//
	// A request of a bound session without a fresh proof gets ErrUnproven from ErrorHandler, by
	// default with 503, and does not change the session. A browser that has lost its key gets an
	// empty session, and can log in again. Browsers without support notice nothing.
	//
	// DeviceBound cannot be combined with Insecure, Domain or Partitioned.
	DeviceBound time.Duration

	// Time returns the current time, as in [crypto/tls.Config]. Several goroutines may
	// call it at once. If nil, time.Now is used.
	Time func() time.Time

	// OnEvent, if set, is called for every event. Several goroutines may call it at once. If nil,
	// log/slog logs the events that a person should see. See [EventKind].
	OnEvent func(context.Context, Event)

	// ErrorHandler answers a request whose session could not be saved. Its status and body replace
	// the handler's, and the header fields that describe the handler's body are removed. The default
	// sends a plain 500, or 503 if a store failed.
	ErrorHandler func(http.ResponseWriter, *http.Request, error)
}

// A Scope tells cookies of the same name apart: a browser keeps one for each scope, and sends all
// that match a request. Its fields are those of [Config] with the same names.
type Scope struct {
	Path        string // "/" by default
	Domain      string
	Partitioned bool
}
