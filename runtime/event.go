package runtime

import (
	"context"
	"log/slog"
	"net/http"
	"strings"

	"github.com/sessiongen/sessiongen/runtime/internal/observe"
)

// An Event tells what happened to a session, for logs and metrics. It never holds a
// value, a key, a token or the id of a session. Each text may be empty.
type Event struct {
	Kind   EventKind
	Reason string // why, in a few fixed words
	Field  string // the field of the schema that it is about, or the method that came too late, such as Renew

	// Method and Path are those of the request, for sessions of net/http. Path is as the client sent
	// it, without the query, and cut after 256 bytes.
	Method, Path string

	// Largest has the fields that take the most bytes, and how many, if a session is too large:
	// "Cart (3200 bytes), Username (12 bytes)". Field is the first of them then.
	Largest string
}

// The bounds of what an event says of a request.
const (
	maxEventMethod = 32
	maxEventPath   = 256
)

// describe returns the method and the path of a request. A handler may change the URL of its copy
// at any time, but not the server's line.
func describe(r *http.Request) (method, path string) {
	path, _, _ = strings.Cut(r.RequestURI, "?")
	if r.RequestURI == "" && r.URL != nil { // not from a server
		path = r.URL.EscapedPath()
	}
	if _, rest, absolute := strings.Cut(path, "://"); absolute && path[0] != '/' {
		path = strings.TrimLeftFunc(rest, func(c rune) bool { return c != '/' }) // without the host
	}
	return shorten(r.Method, maxEventMethod), shorten(path, maxEventPath)
}

// shorten cuts s after so many bytes.
func shorten(s string, most int) string {
	if len(s) > most {
		s = s[:most]
	}
	return strings.ToValidUTF8(s, "?")
}

// EventKind says what an [Event] is about.
type EventKind string

// The kinds of events. Those marked * are logged if Config.OnEvent is nil.
const (
	EventCreated       EventKind = "created"        // a session was saved for the first time
	EventRefused       EventKind = "refused"        // a cookie was refused; Reason is one of the Refused constants
	EventRenewed       EventKind = "renewed"        // a session got a new id
	EventDestroyed     EventKind = "destroyed"      // a session was destroyed
	EventResealed      EventKind = "resealed"       // a session that was sealed with an older key was sealed with the newest
	EventFieldDropped  EventKind = "field dropped"  // * a field's bytes do not decode to its type, so that the field is absent
	EventTooLarge      EventKind = "too large"      // * a session does not fit into a cookie
	EventTooLate       EventKind = "too late"       // * a session was changed after the response had begun
	EventSaveFailed    EventKind = "save failed"    // * a session could not be saved
	EventGone          EventKind = "gone"           // another request ended or moved the session, so that the changes of this one are dropped; or GoneRequest
	EventOverwritten   EventKind = "overwritten"    // * two requests set a field at the same time and the later one won; Update would have kept both
	EventOverflow      EventKind = "overflow"       // a flash or a flow was full, so that its oldest values were dropped; Reason is how many
	EventFlowRefused   EventKind = "flow refused"   // a state came back that is good for nothing; Reason is one of the Refused constants
	EventRevoked       EventKind = "revoked"        // sessions were revoked; Reason is one of the Revoked constants
	EventStoreFailed   EventKind = "store failed"   // * a call of the store failed; Reason is which
	EventImported      EventKind = "imported"       // a session of another library was taken over; Reason is which
	EventImportRefused EventKind = "import refused" // a cookie of another library was refused; Reason is one of the Refused constants
	EventBound         EventKind = "bound"          // a session was bound to the visitor's device
	EventUnbound       EventKind = "unbound"        // the browser was told that a binding has ended; Reason is one of the Unbound constants
	EventProofRefused  EventKind = "proof refused"  // a device's proof was refused; Reason is one of the Refused constants
	EventProofSkipped  EventKind = "proof skipped"  // the browser sent a request without a proof; Reason is why, as it says
	EventKeysRead      EventKind = "keys read"      // * WatchKeys read a file that changed, or is good again after a failure; Reason is one of the Keys constants
	EventKeysFailed    EventKind = "keys failed"    // * WatchKeys cannot use the file; the manager keeps its keys
)

// The reasons of EventRefused and EventFlowRefused.
const (
	RefusedMalformed  = "malformed"     // not a token of this format
	RefusedUnknownKey = "unknown key"   // sealed with a key that is not in the ring
	RefusedForged     = "forged"        // authentication failed: altered, or sealed for another cookie name
	RefusedPurpose    = "wrong purpose" // a token of another kind, such as the one of the companion cookie
	RefusedExpired    = "expired"       // past Config.Lifetime or Config.AbsoluteTimeout
	RefusedIdle       = "idle"          // past Config.IdleTimeout
	RefusedUnknownID  = "unknown id"    // the store has no record of the session
	RefusedRevoked    = "revoked"       // Config.Revocations says so

	// RefusedUnproven is for sessions that are bound to a device: there is no fresh proof of it.
	RefusedUnproven = "unproven"

	// These are for EventProofRefused, beside RefusedMalformed, RefusedForged and RefusedExpired.
	RefusedOtherKey     = "another key"     // it is for another device's key
	RefusedOtherSession = "another session" // the browser has another session by now

	// These are for flows, beside the first four and RefusedExpired.
	RefusedNoFlow     = "no such flow"  // the browser has no cookie of it: it began elsewhere, has ended, or was crowded out
	RefusedOtherFlow  = "another flow"  // what is in its cookie is another one
	RefusedOtherField = "another field" // it is a flow of another field
	RefusedTaken      = "taken before"  // it came back already
	RefusedGone       = "request ended" // nobody would have heard of it, so that it stays
	RefusedInAdvance  = "in advance"    // a browser asks for a page that nobody may get to see: it neither begins nor ends
)

// GoneRequest is the reason of EventGone if the request's context had ended when the response began: the
// client is taken to have gone, and the log-in, new session or new id is dropped, or, with a Field, the flow.
const GoneRequest = "request ended"

// The reasons of EventUnbound.
const (
	UnboundEnded = "session ended"   // by a log-out, a revocation or its time
	UnboundOther = "another session" // the browser has another session, or one that is bound to another key
)

// The reasons of EventRevoked.
const (
	RevokedID        = "id"        // one session
	RevokedPrincipal = "principal" // the sessions of one principal
	RevokedOthers    = "others"    // the sessions of one principal but for one
	RevokedAll       = "all"       // all sessions
)

// The reasons of EventKeysRead.
const (
	KeysReplaced  = "replaced"  // the manager has the new keys
	KeysUnchanged = "unchanged" // the file is good again, and has the keys that the manager has
)

// report hands an event to the program, or logs it when the program does not ask
// for events and a person should know.
func (m *manager) report(ctx context.Context, e Event) {
	if observer, ok := ctx.Value(observe.Key{}).(func(Event)); ok {
		observer(e)
		return
	}
	m.recent.add(e, &m.clock)
	if m.onEvent != nil {
		m.onEvent(ctx, e)
		return
	}
	level := slog.LevelWarn
	switch e.Kind {
	case EventTooLarge, EventTooLate, EventSaveFailed, EventStoreFailed, EventKeysFailed:
		level = slog.LevelError
	case EventFieldDropped, EventOverwritten:
	case EventKeysRead:
		level = slog.LevelInfo
	default:
		return
	}
	attrs := []slog.Attr{slog.String("cookie", m.cookie.Name())}
	for _, attr := range []slog.Attr{
		slog.String("field", e.Field), slog.String("reason", e.Reason), slog.String("largest", e.Largest),
		slog.String("method", e.Method), slog.String("path", e.Path),
	} {
		if attr.Value.String() != "" {
			attrs = append(attrs, attr)
		}
	}
	slog.LogAttrs(ctx, level, "session: "+string(e.Kind), attrs...)
}
