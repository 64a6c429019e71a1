package runtime

import (
	"context"
	"log/slog"
	"net/http"
	"strings"

	"github.com/sessiongen/sessiongen/runtime/internal/observe"
)

// An Event describes what happened to a session, for logs and metrics. It never contains a value, a
// key, a token or a session's id. Every text may be empty.
type Event struct {
	Kind   EventKind
	Reason string // why; one of a few fixed texts
	Field  string // the schema's field, or the method that was called too late, such as Renew

	// Method and Path are the request's, for sessions of net/http. Path is as the client sent it,
	// without the query, and at most 256 bytes long.
	Method, Path string

	// Largest lists the largest fields and their sizes if a session is too large: "Cart (3200
	// bytes), Username (12 bytes)". Field is then the first of them.
	Largest string
}

// Limits for what an event contains of a request.
const (
	maxEventMethod = 32
	maxEventPath   = 256
)

// describe returns the method and path of a request. It reads RequestURI because a handler may
// change the URL of its request at any time.
func describe(r *http.Request) (method, path string) {
	path, _, _ = strings.Cut(r.RequestURI, "?")
	if r.RequestURI == "" && r.URL != nil { // not from a server
		path = r.URL.EscapedPath()
	}
	if _, rest, absolute := strings.Cut(path, "://"); absolute && path[0] != '/' {
		path = strings.TrimLeftFunc(rest, func(c rune) bool { return c != '/' }) // without scheme and host
	}
	return shorten(r.Method, maxEventMethod), shorten(path, maxEventPath)
}

// shorten cuts s to at most most bytes.
func shorten(s string, most int) string {
	if len(s) > most {
		s = s[:most]
	}
	return strings.ToValidUTF8(s, "?")
}

// EventKind says what happened.
type EventKind string

// Kinds of events. Those marked * are logged if Config.OnEvent is nil.
const (
	EventCreated       EventKind = "created"        // a session was saved for the first time
	EventRefused       EventKind = "refused"        // a cookie was refused; Reason is one of the Refused constants
	EventRenewed       EventKind = "renewed"        // a session got a new id
	EventDestroyed     EventKind = "destroyed"      // a session was destroyed
	EventResealed      EventKind = "resealed"       // a session that an older key had sealed was sealed with the newest key
	EventFieldDropped  EventKind = "field dropped"  // * a field's stored value does not decode to its type, so the field is absent
	EventTooLarge      EventKind = "too large"      // * a session does not fit into a cookie
	EventTooLate       EventKind = "too late"       // * a session was changed after the response had begun
	EventSaveFailed    EventKind = "save failed"    // * a session could not be saved
	EventGone          EventKind = "gone"           // the changes of this request were dropped because another request ended or moved the session, or for GoneRequest
	EventOverwritten   EventKind = "overwritten"    // * two requests set a field at the same time, and the later value won; Update would have kept both changes
	EventOverflow      EventKind = "overflow"       // a flash or a flow was full, and its oldest values were dropped; Reason is how many
	EventFlowRefused   EventKind = "flow refused"   // a flow's state was not accepted; Reason is one of the Refused constants
	EventRevoked       EventKind = "revoked"        // sessions were revoked; Reason is one of the Revoked constants
	EventStoreFailed   EventKind = "store failed"   // * a call of the store failed; Reason is the call
	EventImported      EventKind = "imported"       // a session of another library was imported; Reason is the library
	EventImportRefused EventKind = "import refused" // a cookie of another library was refused; Reason is one of the Refused constants
	EventBound         EventKind = "bound"          // a session was bound to the visitor's device
	EventUnbound       EventKind = "unbound"        // the browser was told that its binding has ended; Reason is one of the Unbound constants
	EventProofRefused  EventKind = "proof refused"  // a device's proof was refused; Reason is one of the Refused constants
	EventProofSkipped  EventKind = "proof skipped"  // the browser sent a request without a proof; Reason is the browser's reason
	EventKeysRead      EventKind = "keys read"      // * WatchKeys read a changed file, or the file is usable again; Reason is one of the Keys constants
	EventKeysFailed    EventKind = "keys failed"    // * WatchKeys cannot use the file; the manager keeps its keys
)

// Reasons of EventRefused and EventFlowRefused.
const (
	RefusedMalformed  = "malformed"     // not a token of this format
	RefusedUnknownKey = "unknown key"   // sealed with a key that is not in the ring
	RefusedForged     = "forged"        // authentication failed: altered, or sealed for another cookie name
	RefusedPurpose    = "wrong purpose" // a token of another kind, such as the companion cookie's
	RefusedExpired    = "expired"       // past Config.Lifetime or Config.AbsoluteTimeout
	RefusedIdle       = "idle"          // past Config.IdleTimeout
	RefusedUnknownID  = "unknown id"    // the store has no record of the session
	RefusedRevoked    = "revoked"       // the session is revoked, according to Config.Revocations

	// RefusedUnproven means that the session is bound to a device and there is no fresh proof.
	RefusedUnproven = "unproven"

	// For EventProofRefused, in addition to RefusedMalformed, RefusedForged and RefusedExpired.
	RefusedOtherKey     = "another key"     // a proof of another device's key
	RefusedOtherSession = "another session" // the browser now has another session

	// For EventFlowRefused, in addition to the first four and RefusedExpired.
	RefusedNoFlow     = "no such flow"  // the browser has no cookie for it: it began elsewhere, has ended, or was dropped for a newer one
	RefusedOtherFlow  = "another flow"  // the cookie contains another flow
	RefusedOtherField = "another field" // a flow of another field
	RefusedTaken      = "taken before"  // the flow was taken before
	RefusedGone       = "request ended" // nobody would get the answer, so the flow was not taken
	RefusedInAdvance  = "in advance"    // the browser prefetches a page, which may never be shown, so no flow begins or ends
)

// GoneRequest is the reason of EventGone if the request's context had ended when the response began.
// The client is probably gone, so its log-in, new session or new id is dropped. If Field is set, a
// flow was dropped.
const GoneRequest = "request ended"

// Reasons of EventUnbound.
const (
	UnboundEnded = "session ended"   // by log-out, revocation or expiry
	UnboundOther = "another session" // the browser has another session, or one that is bound to another key
)

// Reasons of EventRevoked.
const (
	RevokedID        = "id"        // one session
	RevokedPrincipal = "principal" // the sessions of one principal
	RevokedOthers    = "others"    // the sessions of one principal except one
	RevokedAll       = "all"       // all sessions
)

// Reasons of EventKeysRead.
const (
	KeysReplaced  = "replaced"  // the manager has the new keys
	KeysUnchanged = "unchanged" // the file is usable again and has the manager's keys
)

// report passes an event to the program. Without Config.OnEvent, it logs the events that a person
// should see.
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
