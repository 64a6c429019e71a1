package runtime

import (
	"context"
	"log/slog"

	"github.com/sessiongen/sessiongen/runtime/internal/observe"
)

// An Event tells what happened to a session, for logs and metrics. It never holds a
// value, a key, a token or a session id.
type Event struct {
	Kind   EventKind
	Reason string // why, in a few words of this package's own; may be empty
	Field  string // what it is about: a field of the schema, or the method, such as Renew, that came too late
}

// EventKind says what an [Event] is about.
type EventKind string

// The kinds of events. Those marked * are also logged when Config.OnEvent is nil.
const (
	EventCreated      EventKind = "created"       // a session was saved for the first time
	EventRefused      EventKind = "refused"       // a cookie was not accepted; Reason is one of the Refused constants
	EventRenewed      EventKind = "renewed"       // a session got a new id
	EventDestroyed    EventKind = "destroyed"     // a session was destroyed
	EventResealed     EventKind = "resealed"      // a session sealed under an older key was sealed under the newest
	EventFieldDropped EventKind = "field dropped" // * a field's bytes do not decode to its type; it counts as absent
	EventTooLarge     EventKind = "too large"     // * a session does not fit into a cookie
	EventTooLate      EventKind = "too late"      // * a session was changed after the response had begun
	EventSaveFailed   EventKind = "save failed"   // * a session could not be saved
	EventGone         EventKind = "gone"          // a session was ended or moved by another request, so that a change of it is dropped
	EventOverwritten  EventKind = "overwritten"   // * two requests set a field at once, and the later one won; Update would have kept both
	EventRevoked      EventKind = "revoked"       // sessions were revoked; Reason is one of the Revoked constants
	EventStoreFailed  EventKind = "store failed"  // * the store failed; Reason is the call
	EventKeysRead     EventKind = "keys read"     // * WatchKeys found the file changed, or good again after a failure; Reason is one of the Keys constants
	EventKeysFailed   EventKind = "keys failed"   // * WatchKeys cannot use the file; the manager keeps the keys that it has
)

// The reasons of an EventRefused.
const (
	RefusedMalformed  = "malformed"     // not a token of this format
	RefusedUnknownKey = "unknown key"   // sealed under a key that is not in the ring
	RefusedForged     = "forged"        // authentication failed: altered, or of another cookie name
	RefusedPurpose    = "wrong purpose" // a token of another kind, such as that of the companion cookie
	RefusedExpired    = "expired"       // past Config.Lifetime or Config.AbsoluteTimeout
	RefusedIdle       = "idle"          // past Config.IdleTimeout
	RefusedUnknownID  = "unknown id"    // the store has no record of it
	RefusedRevoked    = "revoked"       // by what Config.Revocations says
)

// The reasons of an EventRevoked.
const (
	RevokedID        = "id"        // one session
	RevokedPrincipal = "principal" // those of one principal
	RevokedAll       = "all"       // all sessions
)

// The reasons of an EventKeysRead.
const (
	KeysReplaced  = "replaced"  // the manager has other keys now
	KeysUnchanged = "unchanged" // after a failure, the file has the manager's keys again
)

// report hands an event to the program, or logs it when the program does not ask
// for events and a person should know.
func (m *manager) report(ctx context.Context, e Event) {
	if observer, ok := ctx.Value(observe.Key{}).(func(Event)); ok {
		observer(e)
		return
	}
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
	slog.LogAttrs(ctx, level, "session: "+string(e.Kind),
		slog.String("cookie", m.cookie.Name()), slog.String("field", e.Field), slog.String("reason", e.Reason))
}
