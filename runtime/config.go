package runtime

import (
	"context"
	"net/http"
	"time"
)

// Config says how a manager keeps sessions. Its zero value but for Keys is the
// recommended set-up: an encrypted cookie "__Host-session" with Path=/, Secure,
// HttpOnly and SameSite=Lax.
type Config struct {
	// Keys seal and open the sessions; see [ParseKeys].
	Keys Keys

	// Name is the cookie's name. The default is "__Host-session", which browsers
	// accept only over https and only from the very host (RFC 6265bis section
	// 4.1.3.2), or "session" when Insecure is set. The names that continue it with
	// -seen, -2, -3 and -4 belong to the session too: see IdleTimeout and MaxChunks.
	Name string

	// Path and Domain are the cookie's attributes. Path is "/" by default. Domain
	// is empty by default, so that subdomains do not get the cookie; setting it
	// needs a Name that does not begin with "__Host-".
	Path   string
	Domain string

	// SameSite is http.SameSiteLaxMode by default. http.SameSiteNoneMode needs
	// a secure cookie.
	SameSite http.SameSite

	// Partitioned keeps the cookie apart for each top-level site that embeds this
	// one (CHIPS). It needs a secure cookie.
	Partitioned bool

	// Insecure allows the cookie over plain http, for development: it drops the
	// Secure attribute and the "__Host-" of the default name.
	Insecure bool

	// Lifetime is how long a session lasts after it was last saved, 31 days by
	// default, from 1 second to 400 days, in whole seconds. A cookie is refused
	// past it, whatever the browser does. It becomes the cookie's Max-Age if the
	// session is permanent; one that is not ends with the browser too.
	Lifetime time.Duration

	// Sliding lets each use of a permanent session begin its Lifetime anew, not only
	// a change. It is Flask's SESSION_REFRESH_EACH_REQUEST.
	Sliding bool

	// IdleTimeout, if set, ends a session that was not used for this long, in whole
	// seconds (OWASP's idle timeout). A request that does not touch its session
	// is no use of it.
	//
	// With IdleTimeout or Sliding, the time of the last use travels in a small second
	// cookie, whose name is Name with "-seen". A request that only reads renews
	// that one, and cannot overwrite what another changes meanwhile.
	IdleTimeout time.Duration

	// AbsoluteTimeout, if set, ends a session this long after it began, however
	// often it is saved or used, in whole seconds: a stolen cookie is worth nothing
	// then.
	AbsoluteTimeout time.Duration

	// RefreshAfter is how old the time of the last use must be for a response to
	// renew it, in whole seconds. A session may so end this much earlier than its last
	// use says. It is a tenth of IdleTimeout by default, or of a sliding Lifetime if
	// that is shorter, and must be less than both.
	RefreshAfter time.Duration

	// MaxChunks, if above 1, is over how many cookies, of 4096 bytes each, a session
	// may be split; at most 4. Only the first one has the name Name, the others
	// continue it with -2, -3 and -4. Servers commonly refuse requests whose header
	// exceeds 8 KiB, so that a store is the better home for large sessions.
	MaxChunks int

	// Store, if set, keeps the sessions on the server, and cookies carry only their
	// sealed ids: sessions may be up to 1 MiB large, requests that change one at the
	// same time lose nothing, and can be revoked. [NewMemoryStore] makes one for a
	// single process.
	//
	// If the store fails, a request that uses its session is answered by
	// ErrorHandler, with 503 by default, and nothing is said of the session.
	Store Store

	// StoreTimeout bounds each call of Store and Revocations, 2 seconds by default. A
	// request that breaks off does not end such a call.
	StoreTimeout time.Duration

	// Revocations, if set, lets sessions that live in cookies be revoked, at the
	// cost of asking this store in each request that uses its session: about the session's id,
	// its principal, under each of the Keys, and the time of RevokeAll. It must not be
	// the Store of another manager, whose RevokeAll empties it. If it fails, so do these
	// requests, as with Store.
	Revocations Store

	// RevocationCache is for how long an answer of Revocations may be used again by
	// this process: a session may live on for so long after another process revoked
	// or destroyed it. It is 0 by default, which asks each time.
	RevocationCache time.Duration

	// Time returns the current time, as in [crypto/tls.Config]. It may be called by
	// several goroutines at once. If nil, it is time.Now.
	Time func() time.Time

	// OnEvent, if set, is called for every event. It may be called by several
	// goroutines at once. If nil, the events that a person should see are logged
	// with log/slog.
	OnEvent func(context.Context, Event)

	// ErrorHandler answers a request whose session could not be saved. Of the
	// handler's own answer, the status and the body are not sent then, nor what
	// the header says of the body. The default is a plain
	// 500, or 503 if it was a store that failed.
	ErrorHandler func(http.ResponseWriter, *http.Request, error)
}
