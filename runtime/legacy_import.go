package runtime

import (
	"slices"

	"github.com/sessiongen/sessiongen/runtime/internal/oldsession"
)

// The first request that uses a session of another library imports it. The session gets the same id
// whichever request is first, so it remains one session, which ends once. An import is not a log-in,
// because nobody has just proved who they are.

// importOld imports an old session, if the request has one.
func (st *state) importOld(now int64) {
	l := st.manager.legacy
	for old := range l.received(st, true) {
		fields := st.fieldsOf(old, now)
		if len(fields) == 0 {
			continue // it has no field of the schema
		}
		refusal, first := st.manager.home.adopt(st, old, now, func() { st.fill(old, fields, now) })
		if st.isDown() {
			return
		}
		if refusal != "" {
			st.Reset()
			st.event(EventImportRefused, refusal, "")
			continue
		}
		if st.Expires() {
			st.boundExpiries(now)
			st.prune(now)
		}
		st.origin = returning
		if first {
			st.event(EventImported, old.source.Library, "")
		}
		return
	}
}

// fieldsOf returns the fields of an old session, as changes that set them. If its principal is
// unclear, it returns the visitor's fields alone.
func (st *state) fieldsOf(old oldSession, now int64) (fields []change) {
	unclear := false
	for _, f := range st.manager.fields {
		value := lookUp(old.Session, f)
		if value == nil {
			continue
		}
		raw, err := f.encodeOld(value)
		if err != nil {
			st.event(EventFieldDropped, "the old session has another type of value, or too large a one", f.name)
			unclear = unclear || f.principal
			continue
		}
		c := change{kind: changePut, field: f, raw: raw, at: st.expiryOf(f)}
		if end := old.Expires; !end.IsZero() && (c.at == 0 || end.Unix() < c.at) {
			c.at = end.Unix()
		}
		fields = append(fields, c)
	}
	if unclear {
		fields = slices.DeleteFunc(fields, func(c change) bool { return c.field.owned() })
	}
	return fields
}

// lookUp returns the value of a field under its key or an older one, or nil.
func lookUp(old *oldsession.Session, f *descriptor) oldsession.Value {
	if v := old.Lookup(f.key); v != nil {
		return v
	}
	for _, key := range f.was {
		if v := old.Lookup(key); v != nil {
			return v
		}
	}
	return nil
}

// fill copies an old session into the empty session.
func (st *state) fill(old oldSession, fields []change, now int64) {
	st.start(now)
	st.SetID(old.id)
	if old.Permanent {
		st.SetPermanent(true)
	}
	if old.Token != "" {
		st.SetOrigin(old.source.name + old.Token)
	}
	for _, c := range fields {
		st.Contents.Set(c.field.index, c.raw)
		st.SetExpiry(c.field.index, c.at)
	}
}
