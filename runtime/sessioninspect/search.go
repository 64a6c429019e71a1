package sessioninspect

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/internal/cookie"
	"github.com/sessiongen/sessiongen/runtime/internal/payload"
	"github.com/sessiongen/sessiongen/runtime/internal/token"
)

// An inspector has the keys and the options.
type inspector struct {
	Options
	spec                                        *cookie.Spec
	session, companion, badge, id, record, flow *token.Ring
	hostFlow                                    *token.Ring // of flows of a __Host- cookie: those with a path begin with __Secure-
	keys                                        int
	now                                         int64
}

func newInspector(masters [][]byte, o Options) (*inspector, error) {
	i := &inspector{Options: o, keys: len(masters), now: o.Now.Unix()}
	i.spec = cookie.New(cookie.Attributes{Name: o.Name, Scope: cookie.Scope{Path: "/"}, Chunks: o.MaxChunks})
	var errs [7]error
	i.session, errs[0] = token.NewRing(masters, o.Name, "session")
	i.companion, errs[1] = token.NewRing(masters, i.spec.CompanionName(), "seen")
	i.badge, errs[6] = token.NewRing(masters, i.spec.BadgeName(), "bound")
	i.id, errs[2] = token.NewRing(masters, o.Name, "id")
	i.record, errs[3] = token.NewRing(masters, o.Name, "record")
	i.flow, errs[4] = token.NewRing(masters, o.Name, "flow")
	i.hostFlow = i.flow
	if rest, ok := strings.CutPrefix(o.Name, "__Secure-"); ok {
		i.hostFlow, errs[5] = token.NewRing(masters, "__Host-"+rest, "flow")
	}
	return i, errors.Join(errs[:]...)
}

// bounds are those of the runtime, because a program does not accept a token that it does not try.
type bounds struct{ opens, found int }

func (b *bounds) over() bool { return b.opens <= 0 || b.found <= 0 }

// search opens the session's cookies as a program does, and then the companions, the badges and the
// flows.
func (i *inspector) search(headers []string) (cookies []Cookie) {
	var r cookie.Received
	i.spec.Find(headers, &r)
	left := bounds{opens: 16, found: 4}
	var newest *opened
	current, accepted := 0, ""
	for value := range r.Candidates().All() {
		if newest != nil && value == accepted {
			continue
		}
		o := i.tryValue(value, &r, &left)
		if o.cookie.Refused == "" {
			switch {
			case newest == nil:
				accepted = value
				fallthrough
			case newer(&o.meta, &newest.meta):
				newest, current = o, len(cookies)
			}
		}
		cookies = append(cookies, o.cookie)
		if left.over() {
			break
		}
	}
	badges, said := i.badges(r.Badges())
	if newest != nil {
		cookies[current].Current = true
		i.judgeDevice(&cookies[current], newest.meta.Device, said)
	}
	for value := range r.Companions().All() {
		c, _ := i.openCompanion(value)
		cookies = append(cookies, c)
	}
	return append(append(cookies, badges...), i.flows(headers)...)
}

// newer reports whether a is newer than b, which came before it.
func newer(a, b *payload.Metadata) bool {
	switch {
	case a.Saved != b.Saved:
		return a.Saved > b.Saved
	case a.Authenticated != b.Authenticated:
		return a.Authenticated > b.Authenticated
	}
	return a.Created > b.Created
}

// An opened is a token that was tried.
type opened struct {
	cookie    Cookie
	meta      payload.Metadata
	decrypted bool
}

func (o *opened) broken() bool {
	return o.cookie.Refused == runtime.RefusedForged || o.cookie.Refused == runtime.RefusedMalformed
}

// tryValue opens the token that begins in a cookie's value.
func (i *inspector) tryValue(value string, r *cookie.Received, left *bounds) *opened {
	chunks, first, ok := i.spec.Chunks(value)
	switch {
	case !ok:
		return i.refused(runtime.RefusedMalformed, "the cookie is too long, or is split over more cookies than a program may allow")
	case chunks == 1:
		return i.try(first, r, left)
	}
	var tried *opened
	for text := range r.Joins(first, chunks) {
		o := i.try(text, r, left)
		if !o.broken() || !i.session.Recognizes(first) {
			return o
		}
		if !o.decrypted {
			left.opens--
		}
		if tried == nil {
			tried = o
		}
		if left.over() {
			break
		}
	}
	if tried == nil {
		return i.refused(runtime.RefusedMalformed, "the session is split over several cookies, and one of them is missing")
	}
	return tried
}

func (i *inspector) try(text string, r *cookie.Received, left *bounds) *opened {
	o := i.open(text, r)
	if o.decrypted {
		left.opens--
		if !o.broken() {
			left.found--
		}
	}
	return o
}

func (i *inspector) refused(reason, why string) *opened {
	return &opened{cookie: Cookie{Name: i.Name, Refused: reason, Why: why}}
}

// open opens a token of the session's cookie.
func (i *inspector) open(text string, r *cookie.Received) *opened {
	if i.id.Recognizes(text) {
		return i.openID(text)
	}
	plaintext, key, err := i.session.Open(nil, text)
	if err != nil {
		o := i.refused(i.explain(err, text, i.companion, i.badge, i.record, i.flow))
		o.cookie.Key, o.decrypted = i.keyOf(text, -1), err == token.ErrForged
		return o
	}
	o := &opened{cookie: Cookie{Name: i.Name, Kind: "session", Key: i.keyOf(text, key)}, decrypted: true}
	i.readSession(o, plaintext, r)
	return o
}

// explain converts an error of a ring to the runtime's reason and a sentence for an operator. A
// token of one of the other rings has the wrong purpose.
func (i *inspector) explain(err error, text string, others ...*token.Ring) (reason, why string) {
	switch err {
	case token.ErrForged:
		return runtime.RefusedForged, "the key is right and the token is not: it was altered or cut, or sealed for a cookie of another name"
	case token.ErrUnknownKey:
		for _, other := range others {
			if other.Recognizes(text) {
				return runtime.RefusedPurpose, "the token is of another kind, such as a companion's in the place of a session's"
			}
		}
		return runtime.RefusedUnknownKey, "none of the keys given has the id that the token names"
	}
	return runtime.RefusedMalformed, "the text is not a token: not strict base64url, too short or too long, or of an unknown suite"
}

const malformedPayload = "the token opens, but what it holds is not a session of this format"

// openID opens a token with the id of a session in a store.
func (i *inspector) openID(text string) *opened {
	plaintext, key, err := i.id.Open(nil, text)
	if err != nil {
		o := i.refused(i.explain(err, text))
		o.cookie.Key, o.decrypted = i.keyOf(text, -1), err == token.ErrForged
		return o
	}
	o := &opened{cookie: Cookie{Name: i.Name, Kind: "store id", Key: i.keyOf(text, key)}, decrypted: true}
	id, ok := readID(plaintext)
	if !ok {
		o.cookie.Refused, o.cookie.Why = runtime.RefusedMalformed, malformedPayload
		return o
	}
	o.cookie.ID = idText(id)
	return o
}

// openCompanion opens a companion, and returns its time of last use.
func (i *inspector) openCompanion(text string) (c Cookie, used int64) {
	c = Cookie{Name: i.spec.CompanionName(), Kind: "companion", Key: i.keyOf(text, -1)}
	plaintext, key, err := i.companion.Open(nil, text)
	if err != nil {
		c.Refused, c.Why = i.explain(err, text, i.session, i.id, i.record, i.badge, i.flow)
		return c, 0
	}
	c.Key = i.keyOf(text, key)
	id, used, ok := readUse(plaintext)
	if !ok {
		c.Refused, c.Why = runtime.RefusedMalformed, malformedPayload
		return c, 0
	}
	c.ID, c.LastUsed = idText(id), utc(used)
	return c, used
}

// lastUse returns when a session was last used according to the companions, or 0.
func (i *inspector) lastUse(texts cookie.Values, id string) (used int64) {
	for text := range texts.All() {
		if c, at := i.openCompanion(text); c.ID == id {
			used = max(used, at)
		}
	}
	return used
}

// keyOf returns the key that a token names, or nil if the text is too short.
func (i *inspector) keyOf(text string, index int) *Key {
	const head = 8 // characters: the suite, four bytes of id and one more
	if len(text) < head {
		return nil
	}
	b, err := base64.RawURLEncoding.DecodeString(text[:head])
	if err != nil || b[0] != 1 {
		return nil
	}
	return &Key{ID: hex.EncodeToString(b[1:5]), Number: index + 1, Of: i.keys}
}

func idText(id []byte) string { return base64.RawURLEncoding.EncodeToString(id) }

// utc converts a time in Unix seconds. 0 becomes nil.
func utc(seconds int64) *Time {
	if seconds == 0 {
		return nil
	}
	return exact(seconds)
}

// exact converts a time in Unix seconds, including 0.
func exact(seconds int64) *Time { return &Time{time.Unix(seconds, 0).UTC()} }
