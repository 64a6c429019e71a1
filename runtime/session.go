package runtime

import (
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/sessiongen/sessiongen/runtime/internal/payload"
)

// Session is one visitor's session during one request. The generated type embeds it and adds typed
// accessors for the schema's fields.
//
// A Session is a handle: copies refer to the same session. Several goroutines may call its methods
// at once. It prints its fields with every verb, and redacts those that the schema marks as secret.
type Session struct{ state *state }

func (s Session) session() *state {
	if s.state == nil {
		panic("session: use of a session that no manager made: take it from the request with the generated From function, or from Manager.Get")
	}
	return s.state
}

// Clear removes every field, including those of other schema versions, and resets whether the
// session is permanent: see Config.Permanent. The response then deletes the cookie, even one that
// was not accepted, unless fields are set again. If saving those fails, the cookie is deleted as
// well.
//
// With Config.Store or Config.Revocations, Clear is a log-out like Destroy: fields that are set
// afterwards belong to a session with another id.
func (s Session) Clear() {
	st := s.session()
	st.lock()
	defer st.unlock()
	st.clear()
}

// Permanent reports whether the session outlives the browser.
func (s Session) Permanent() bool {
	st := s.session()
	st.lock()
	defer st.unlock()
	return st.Permanent()
}

// SetPermanent sets whether the session outlives the browser. The cookie of a permanent session
// lasts for Config.Lifetime after the session was last saved. Any other cookie ends when the browser
// closes. An empty session is not saved.
func (s Session) SetPermanent(permanent bool) {
	st := s.session()
	st.lock()
	defer st.unlock()
	if st.Permanent() != permanent {
		st.SetPermanent(permanent)
		st.manager.home.note(st, change{kind: changePermanent, flag: permanent})
		st.change("Permanent")
	}
}

// IsNew reports whether the request came without a valid session, or the session was
// destroyed since.
func (s Session) IsNew() bool {
	st := s.session()
	st.lock()
	defer st.unlock()
	return st.origin.isNew()
}

// Modified reports whether this request changed the session. Setting a field to the value
// that it has is not a change, unless the field has a ttl, which then starts again.
func (s Session) Modified() bool {
	st := s.session()
	st.lock()
	defer st.unlock()
	return st.edits > imported
}

// ID returns the session's id, 128 random bits in base64url. A saved session gets another id by
// Renew, Destroy and a change of the principal. Clear changes the id if the schema has a principal,
// or with Config.Store or Config.Revocations. An id does not give access to the session, but should
// not be published.
func (s Session) ID() string {
	st := s.session()
	st.lock()
	defer st.unlock()
	id := st.ID()
	return base64.RawURLEncoding.EncodeToString(id[:])
}

// Renew gives the session a new id and keeps its fields. Call it when the visitor's rights change. A
// change of the principal calls Renew itself.
func (s Session) Renew() {
	st := s.session()
	st.lock()
	defer st.unlock()
	st.renew()
	st.change("Renew")
}

// Authenticate records that the visitor has just proved who they are: the session gets a new id, and
// AuthenticatedAt is now. Setting the principal to another value does this itself. Call Authenticate
// as well in a log-in, because the principal may already have this value.
func (s Session) Authenticate() {
	st := s.session()
	st.lock()
	defer st.unlock()
	st.authenticate(st.manager.principalOf(&st.Contents), max(1, st.now())) // 0 means never
	st.change("Authenticate")
}

// Destroy ends the session and logs the visitor out. Its fields, its id and its age are gone, and
// the response deletes the cookie. Fields that are set afterwards begin a new session, and IsNew is
// true from now on.
//
// With Config.Store or Config.Revocations, saving ends the session for good, before the response
// begins. Nothing brings it back: no copy of the cookie, and no other request under way, even if
// that request gives the session another id by Renew or a log-in. With neither, a copy of the cookie
// works until it expires.
func (s Session) Destroy() {
	st := s.session()
	st.lock()
	defer st.unlock()
	st.destroy("Destroy")
}

// LogOut logs the visitor out like Destroy, but keeps the fields with the option visitor. They begin
// a new session, which is permanent if this one is. Without such fields, LogOut is Destroy.
func (s Session) LogOut() {
	st := s.session()
	st.lock()
	defer st.unlock()
	st.depart()
}

// CreatedAt returns when the session began, to the second.
func (s Session) CreatedAt() time.Time {
	st := s.session()
	st.lock()
	defer st.unlock()
	return time.Unix(payload.Past(st.Created, st.now()), 0)
}

// AuthenticatedAt returns when the principal was last set to another value or Authenticate was
// called, to the second. It returns the zero time if the principal is not set. A handler can use it
// to ask for a fresh log-in before a sensitive action.
func (s Session) AuthenticatedAt() time.Time {
	st := s.session()
	st.lock()
	defer st.unlock()
	m := st.manager
	if st.Authenticated == 0 || m.principal != nil && m.principalOf(&st.Contents) == nil {
		return time.Time{} // no principal, or its ttl has passed or its value did not decode
	}
	return time.Unix(payload.Past(st.Authenticated, st.now()), 0)
}

// ExpiresAt returns when the browser's session expires. For a new or changed session, it returns
// when the session would expire if it were saved now. With Config.Sliding or Config.IdleTimeout,
// later uses can prolong it.
func (s Session) ExpiresAt() time.Time {
	st := s.session()
	st.lock()
	defer st.unlock()
	meta, used := st.Metadata, st.used
	if st.modified() {
		meta.Saved = max(st.now(), meta.Created)
		used = meta.Saved
	}
	expires, _ := st.manager.expiry(&meta, used, st.now())
	return time.Unix(expires, 0)
}

// Size returns how many bytes the cookie would take if it were sent now, name and value together, or
// 0 for an empty session. The limit is 4096 bytes for each of Config.MaxChunks. With Config.Store,
// Size is the size of the record, and the limit is 1 MiB.
func (s Session) Size() int {
	st := s.session()
	st.lock()
	defer st.unlock()
	return st.size()
}

// Err returns the first error of the session: a value was refused, a change came after the response
// had begun, or a store failed. Saving returns it as well.
func (s Session) Err() error {
	st := s.session()
	st.lock()
	defer st.unlock()
	return st.failure()
}

const redacted = "REDACTED"

// String returns the session's fields as text, with secret ones redacted.
func (s Session) String() string {
	if s.state == nil {
		return "Session{}"
	}
	var b strings.Builder
	b.WriteString("Session{")
	for i, attr := range s.attrs() {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s: %v", attr.Key, attr.Value)
	}
	return b.String() + "}"
}

// GoString returns String, for %#v.
func (s Session) GoString() string { return s.String() }

// Format prints String, whatever the verb.
func (s Session) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }

// LogValue returns the session's fields for log/slog, with secret ones redacted.
func (s Session) LogValue() slog.Value {
	if s.state == nil {
		return slog.GroupValue()
	}
	return slog.GroupValue(s.attrs()...)
}

func (s Session) attrs() []slog.Attr {
	st := s.state
	var attrs []slog.Attr
	for _, f := range st.manager.fields {
		raw := st.value(f.index)
		if raw == nil {
			continue
		}
		var value any = redacted
		if !f.secret {
			v, err := f.decode(raw)
			if err != nil {
				continue
			}
			value = v
		}
		attrs = append(attrs, slog.Any(f.key, value))
	}
	return attrs
}
