package runtime

import (
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"
)

// Session is one visitor's session during one request. A generated type embeds it
// and adds the typed accessors of the schema's fields.
//
// It is a handle: copies are the same session. Its methods may be called by several
// goroutines at once. Printed in whatever way, it shows its fields but not those
// that the schema marks as secret.
type Session struct{ state *state }

func (s Session) session() *state {
	if s.state == nil {
		panic("session: use of a session that no manager made: take it from the request with the generated From function, or from Manager.Get")
	}
	return s.state
}

// Clear removes every field, those of other schema versions included, and the
// permanent flag. A response then deletes the cookie, unless fields are set again, even if
// the cookie did not open, or if saving fails for what is set afterwards.
//
// With Config.Store or Config.Revocations it is a log-out as Destroy is, and what is set
// again has another id.
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

// SetPermanent says whether the session outlives the browser, for Config.Lifetime
// after it was last saved. Without it, the cookie ends with the browser.
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

// IsNew reports whether the request came without a valid session.
func (s Session) IsNew() bool {
	st := s.session()
	st.lock()
	defer st.unlock()
	return st.origin.isNew()
}

// Modified reports whether the session was changed during this request. Setting a
// field to the value that it holds is not a change, unless it has a ttl, which then
// begins again.
func (s Session) Modified() bool {
	st := s.session()
	st.lock()
	defer st.unlock()
	return st.modified()
}

// ID returns the session's id, 128 random bits in base64url. Once the session is saved, it
// stays the same until Renew, a change of the principal, Destroy, or Clear if there is a
// principal, Config.Store or Config.Revocations. It does not give access to the session, but
// should not be published either.
func (s Session) ID() string {
	st := s.session()
	st.lock()
	defer st.unlock()
	id := st.ID()
	return base64.RawURLEncoding.EncodeToString(id[:])
}

// Renew gives the session a new id and keeps its fields. Call it when the visitor's
// rights change; a change of the principal field does it by itself.
func (s Session) Renew() {
	st := s.session()
	st.lock()
	defer st.unlock()
	st.renew()
	st.change("Renew")
}

// Destroy ends the session: its fields, its id and its age are gone, and the
// response deletes the cookie. Fields set afterwards begin a new session, and IsNew
// is true from now on.
//
// With Config.Store or Config.Revocations, saving kills the session for good, before the
// response begins: no copy of the cookie, and no other request that is under way, brings it
// back, not even one that moves it to another id, by Renew or a log-in.
func (s Session) Destroy() {
	st := s.session()
	st.lock()
	defer st.unlock()
	st.destroy()
}

// CreatedAt returns when the session began, to the second.
func (s Session) CreatedAt() time.Time {
	st := s.session()
	st.lock()
	defer st.unlock()
	return time.Unix(st.Created, 0)
}

// AuthenticatedAt returns when the principal field was last set to another value,
// to the second, or the zero time if it is not set: a handler can ask for a fresh
// log-in before a sensitive action. To note a log-in of the same principal, clear the
// field before it is set.
func (s Session) AuthenticatedAt() time.Time {
	st := s.session()
	st.lock()
	defer st.unlock()
	for i, f := range st.manager.fields {
		if f.principal && st.Contents.Value(i) == nil {
			return time.Time{} // a ttl has run out, or the value did not decode
		}
	}
	if st.Authenticated == 0 {
		return time.Time{}
	}
	return time.Unix(st.Authenticated, 0)
}

// ExpiresAt returns when the session, as the browser holds it, stops being
// accepted; for a changed or new one, counted from now. What may put that off after
// this response, Config.Sliding and Config.IdleTimeout, is not foreseen.
func (s Session) ExpiresAt() time.Time {
	st := s.session()
	st.lock()
	defer st.unlock()
	meta, used := st.Metadata, st.used
	if st.modified() {
		meta.Saved = max(st.now(), meta.Created)
		used = meta.Saved
	}
	expires, _ := st.manager.expiry(&meta, used)
	return time.Unix(expires, 0)
}

// Size returns how many bytes the cookie would have, name and value together, if
// it were sent now; 0 for an empty session. At most 4096 can be saved, or as much for
// each of Config.MaxChunks. With Config.Store, it is the size of the record, and at
// most 1 MiB.
func (s Session) Size() int {
	st := s.session()
	st.lock()
	defer st.unlock()
	return st.size()
}

// Err returns the first thing that went wrong: a value that was refused, a change
// after the response had begun, or a store that failed. Saving returns it too.
func (s Session) Err() error {
	st := s.session()
	st.lock()
	defer st.unlock()
	return st.failure()
}

const redacted = "REDACTED"

// String shows the session's fields, the secret ones redacted.
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

// GoString is String, for %#v.
func (s Session) GoString() string { return s.String() }

// Format prints String for every verb.
func (s Session) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }

// LogValue shows the session's fields to log/slog, the secret ones redacted.
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
