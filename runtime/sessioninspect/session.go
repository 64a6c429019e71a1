package sessioninspect

import (
	"time"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/internal/cookie"
	"github.com/sessiongen/sessiongen/runtime/internal/payload"
	"github.com/sessiongen/sessiongen/runtime/internal/wire"
)

// readSession parses the plaintext of a session.
func (i *inspector) readSession(o *opened, plaintext []byte, r *cookie.Received) {
	c := &o.cookie
	schema, err := payload.NewSchema(nil)
	if err != nil {
		panic(err) // an empty schema is valid
	}
	contents := payload.New(schema)
	if contents.Parse(plaintext) != nil {
		c.Refused, c.Why = runtime.RefusedMalformed, malformedPayload
		return
	}
	c.WrongTimes = contents.CorrectTimes(i.now)
	o.meta = contents.Metadata
	id := o.meta.ID()
	c.ID = idText(id[:])
	c.Created, c.Saved, c.Authenticated = exact(o.meta.Created), exact(o.meta.Saved), utc(o.meta.Authenticated)
	c.Permanent = o.meta.Permanent()
	c.DeviceBound = o.meta.Device != (payload.Thumbprint{})
	var expiries map[string]int64
	c.Flags, expiries, c.Fields = walk(plaintext)
	used := i.lastUse(r.Companions(), c.ID)
	c.LastUsed = utc(used)
	i.judge(c, &o.meta, used)
	for n := range c.Fields {
		i.finish(&c.Fields[n], expiries)
	}
}

// judge sets when a session expires and why, and whether it has expired.
func (i *inspector) judge(c *Cookie, meta *payload.Metadata, companion int64) {
	seconds := func(d time.Duration) int64 { return int64(d / time.Second) }
	past := func(t int64) int64 { return payload.Past(t, i.now) }
	sliding := i.Sliding && meta.Permanent()
	used := meta.Saved
	if i.IdleTimeout > 0 || sliding {
		if companion > i.now+payload.ClockError {
			companion = i.now // the clock that noted it is wrong
		}
		used = max(used, companion)
	}
	from := past(meta.Saved)
	if sliding {
		from = past(used)
	}
	expires, by, reason := from+seconds(i.Lifetime), "Lifetime", runtime.RefusedExpired
	if end := past(used) + seconds(i.IdleTimeout); i.IdleTimeout > 0 && end < expires {
		expires, by, reason = end, "IdleTimeout", runtime.RefusedIdle
	}
	if end := past(meta.Created) + seconds(i.AbsoluteTimeout); i.AbsoluteTimeout > 0 && end < expires {
		expires, by, reason = end, "AbsoluteTimeout", runtime.RefusedExpired
	}
	c.Expires, c.ExpiresBy = exact(expires), by
	if i.now >= expires {
		c.Refused, c.Why = reason, "the session has ended, by Config."+by
	}
}

// walk reads what package payload does not export, from a plaintext that package payload has
// accepted.
func walk(plaintext []byte) (flags uint64, expiries map[string]int64, fields []Field) {
	r := wire.NewReader(plaintext)
	r.Array()
	elements := r.Array()
	r.Skip() // the id
	created := r.Seconds()
	r.Seconds()
	r.Seconds()
	flags = r.Uint()
	for n := 5; n < elements; n++ {
		start := r.Pos()
		r.Skip()
		if n == 5 {
			expiries = readExpiries(r.From(start), created)
		}
	}
	for n := r.Map(); n > 0 && !r.Failed(); n-- {
		start := r.Pos()
		key := string(r.String())
		value := r.Pos()
		r.Skip()
		raw := r.From(value)
		fields = append(fields, Field{Key: key, Bytes: r.Pos() - start, Type: typeOf(raw), raw: raw})
	}
	return flags, expiries, fields
}

func readExpiries(b []byte, created int64) map[string]int64 {
	expiries := map[string]int64{}
	r := wire.NewReader(b)
	for n := r.Map(); n > 0 && !r.Failed(); n-- {
		key := string(r.String())
		expiries[key] = created + r.Seconds()
	}
	return expiries
}

// readID parses the plaintext of a token with a session's id.
func readID(plaintext []byte) (id []byte, ok bool) {
	r := wire.NewReader(plaintext)
	elements := r.Array()
	id = r.Fixed(payload.IDSize)
	return id, elements >= 1 && !r.Failed()
}

// readUse parses the plaintext of a companion.
func readUse(plaintext []byte) (id []byte, used int64, ok bool) {
	r := wire.NewReader(plaintext)
	elements := r.Array()
	id, used = r.Fixed(payload.IDSize), r.Seconds()
	for n := elements; n > 2 && !r.Failed(); n-- {
		r.Skip()
	}
	return id, used, elements >= 2 && r.Done()
}

// finish adds a field's name and expiry, and its value if it may be shown.
func (i *inspector) finish(f *Field, expiries map[string]int64) {
	if end, ok := expiries[f.Key]; ok {
		f.Expires = exact(end)
	}
	known, secret := false, false
	for _, s := range i.Schema {
		if s.has(f.Key) {
			known, secret = true, secret || s.Secret
			f.Name = s.Name
		}
	}
	switch {
	case secret:
		f.Redacted = "secret"
	case !i.Values:
		f.Redacted = "not asked for"
	case i.Schema != nil && !known:
		f.Redacted = "not in the schema" // it may be a secret of another version
	default:
		f.Value = value(f.raw)
	}
}

func (s *SchemaField) has(key string) bool {
	for _, was := range s.Was {
		if was == key {
			return true
		}
	}
	return s.Key == key
}
