package runtime

import (
	"cmp"
	"encoding/base64"
	"errors"
	"slices"
	"time"

	"github.com/sessiongen/sessiongen/runtime/internal/cookie"
	"github.com/sessiongen/sessiongen/runtime/internal/portrait"
)

// Package sessiondebug finds the description of a session in the request's context.

// subject returns the session for a description.
func (st *state) subject() portrait.Subject {
	c := st.manager.cookie
	return portrait.Subject{Cookie: portrait.Cookie{Name: c.Name(), Attributes: c.Attributes()}, Describe: st.describe}
}

// describe describes the session.
func (st *state) describe() portrait.Session {
	st.ask()
	m := st.manager
	d, raws := st.describeLocked()
	for i, f := range m.fields {
		d.Fields[i].Value, d.Fields[i].Err = f.describeValue(raws[i])
	}
	d.Events = m.recent.all()
	if owner := m.ownerOf(raws); owner != nil && d.Err == nil {
		d.Others, d.OthersErr = m.describeOthers(st, owner, d.ID)
		d.OthersAll = len(d.Others)
		d.Others = d.Others[:min(len(d.Others), maxOthers)]
	}
	return d
}

// describeLocked describes everything that needs no code of the program, and returns the encoded
// values of the fields.
func (st *state) describeLocked() (d portrait.Session, raws [][]byte) {
	st.lock()
	defer st.unlock()
	m, now := st.manager, st.now()
	d = portrait.Session{
		Cookie:    st.subject().Cookie,
		Received:  st.browser != holdsNothing,
		Now:       unixTime(now),
		Err:       st.failure(),
		New:       st.origin.isNew(),
		Modified:  st.modified(),
		Permanent: st.Permanent(),
		Size:      st.size(),
	}
	d.Home, d.Limit = m.home.describe()
	d.Flows = m.describeFlows(st.from.cookies, now)
	if !st.Empty() {
		id := st.ID()
		d.ID = base64.RawURLEncoding.EncodeToString(id[:])
		expires, _ := m.expiry(&st.Metadata, st.used, now)
		d.Created, d.Used, d.Expires = unixTime(st.Created), unixTime(st.used), unixTime(expires)
		d.Authenticated = unixTime(st.Authenticated)
		if st.isBound() {
			d.Proven = unixTime(st.proved)
		}
		d.EndedBy = m.endedBy(&st.Metadata, st.used, now)
	}
	sizes := make([]int, len(m.fields))
	for i, size := range st.Sizes() {
		if i < 0 {
			d.Unknown = size
			continue
		}
		sizes[i] = size
	}
	raws = make([][]byte, len(m.fields))
	for i, f := range m.fields {
		raws[i] = st.Contents.Value(i)
		d.Fields = append(d.Fields, portrait.Field{
			Name: f.name, Key: f.key, Type: f.typ.String(),
			Principal: f.principal, Secret: f.secret,
			Set: raws[i] != nil, Bytes: sizes[i], Expires: unixTime(st.Expiry(i)),
		})
	}
	return d, raws
}

// describeFlows describes the flows that the cookies in headers show.
func (m *manager) describeFlows(headers []string, now int64) (flows []portrait.Flow) {
	seen := map[string]bool{}
	for name, value := range cookie.WithPrefix(headers, m.cookie.Name()+cookie.FlowMark) {
		o, refusal := m.openFlow(value)
		if refusal != "" || seen[o.state] || !o.isInTime(now) {
			continue
		}
		seen[o.state] = true
		flows = append(flows, portrait.Flow{Field: o.field, Bytes: len(name) + len(value), Started: unixTime(o.start), Ends: unixTime(o.ends)})
	}
	return flows
}

// ownerOf returns the principal among the encoded values, or nil.
func (m *manager) ownerOf(raws [][]byte) []byte {
	if m.principal == nil {
		return nil
	}
	return raws[m.principal.index]
}

// maxOthers is the most sessions of a principal that are shown. Tests, and scripts without a cookie
// jar, leave many.
const maxOthers = 50

// describeOthers lists the principal's sessions, if the home can list.
func (m *manager) describeOthers(st *state, owner []byte, id string) (others []portrait.Other, err error) {
	for listed, failure := range m.home.list(st.ctx, owner) {
		if errors.Is(failure, errNoList) {
			return nil, nil
		}
		if failure != nil {
			err = failure
			continue
		}
		e := Entry{listed}
		others = append(others, portrait.Other{
			ID: e.ID(), Created: e.CreatedAt(), Used: e.LastSeen(), Expires: e.ExpiresAt(),
			Permanent: e.Permanent(), Current: e.ID() == id,
		})
	}
	slices.SortFunc(others, func(a, b portrait.Other) int {
		return cmp.Or(b.Used.Compare(a.Used), cmp.Compare(a.ID, b.ID))
	})
	return others, err
}

// describeValue decodes a value that is not secret.
func (f *descriptor) describeValue(raw []byte) (v any, err error) {
	if raw == nil || f.secret {
		return nil, nil
	}
	return f.decode(raw)
}

// unixTime converts a time in Unix seconds. 0 becomes the zero time.
func unixTime(t int64) time.Time {
	if t == 0 {
		return time.Time{}
	}
	return time.Unix(t, 0)
}
