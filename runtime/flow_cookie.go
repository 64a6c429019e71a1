package runtime

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"github.com/sessiongen/sessiongen/runtime/internal/cookie"
	"github.com/sessiongen/sessiongen/runtime/internal/payload"
	"github.com/sessiongen/sessiongen/runtime/internal/token"
	"github.com/sessiongen/sessiongen/runtime/internal/wire"
)

// The plaintext of a flow's token is a msgpack array:
//
//	field    str, its key
//	state    bin, 16 random bytes
//	started  Unix seconds
//	ends     Unix seconds
//	value
//
// A flow whose cookie has its own path has a second cookie in the session's path. It shows the flow
// to the page that begins the next one. It also proves to the page where the flow comes back that
// the flow began here: a cookie with a path cannot have the prefix __Host-, so a subdomain could
// plant it. The token of the second cookie is the same without the value.

const (
	stateSize   = 16
	stateInName = 8 // how many characters of the state are in the cookie's name
	maxFlowSize = 1024

	flowElements  = 5
	beginElements = 4
)

// An openFlow is the content of a flow's cookie.
type openFlow struct {
	field string
	state string // in base64url
	start int64
	ends  int64
	raw   []byte // the encoded value; nil in a second cookie
	name  string // the Go field's name; empty if the flow was begun by another request
}

func (o *openFlow) plaintext() []byte {
	id, _ := readState(o.state)
	elements := flowElements
	if o.raw == nil {
		elements = beginElements
	}
	b := wire.AppendString(wire.AppendArrayHeader(nil, elements), o.field)
	b = wire.AppendBytes(b, id)
	b = wire.AppendUint(wire.AppendUint(b, uint64(o.start)), uint64(o.ends))
	return append(b, o.raw...)
}

// readFlow parses the plaintext of a flow's token.
func readFlow(plaintext []byte) (o openFlow, ok bool) {
	r := wire.NewReader(plaintext)
	elements := r.Array()
	o.field = string(r.String())
	o.state = stateText(r.Fixed(stateSize))
	o.start, o.ends = r.Seconds(), r.Seconds()
	if elements == flowElements {
		at := r.Pos()
		r.Skip()
		o.raw = r.From(at)
	}
	return o, r.Done() && (elements == flowElements || elements == beginElements)
}

// stateText returns a state as text. readState is its inverse.
func stateText(id []byte) string { return base64.RawURLEncoding.EncodeToString(id) }

func readState(state string) (id []byte, ok bool) {
	id, err := base64.RawURLEncoding.Strict().DecodeString(state)
	return id, err == nil && len(id) == stateSize
}

// hides reports whether the page that begins a flow may not get the cookies of existing flows.
func (f *flowField) hides(c *cookie.Spec) bool { return f.path != "" && f.path != c.Path() }

// proves reports whether the second cookie is sent wherever the first one is. It is then required.
func (f *flowField) proves(c *cookie.Spec) bool {
	rest, within := strings.CutPrefix(f.path, c.Path())
	return f.hides(c) && within && (strings.HasSuffix(c.Path(), "/") || strings.HasPrefix(rest, "/"))
}

// flowName returns the name of a flow's cookie. Browsers accept the prefix __Host- only with Path=/.
func (f *flowField) flowName(c *cookie.Spec, state string) string {
	name := c.Name()
	if prefix := "__Host-"; f.hides(c) && hasPrefixFold(name, prefix) {
		name = "__Secure-" + name[len(prefix):]
	}
	return name + cookie.FlowMark + state[:stateInName]
}

// listedName returns the name of the cookie that shows a flow to the page that begins another one.
func (f *flowField) listedName(c *cookie.Spec, state string) string {
	name := c.Name() + cookie.FlowMark + state[:stateInName]
	if f.hides(c) {
		name += cookie.BeginMark
	}
	return name
}

// flowLines returns the Set-Cookie header fields for a new flow.
func (m *manager) flowLines(f *flowField, o openFlow) (lines []string, err error) {
	add := func(name string, o openFlow, path string, crossSite bool) {
		value, failure := m.rings.Load().flow.Seal(nil, o.plaintext())
		size := len(name) + len(value)
		switch {
		case failure != nil:
			err = failure
		case size > maxFlowSize:
			err = fmt.Errorf("%w: flow %s: %d bytes, %d allowed", ErrTooLarge, f.name, size, maxFlowSize)
		}
		lines = append(lines, m.cookie.FlowLine(name, string(value), path, crossSite, o.ends-o.start, o.start))
	}
	if f.hides(m.cookie) {
		begun := o
		begun.raw = nil
		add(f.listedName(m.cookie, o.state), begun, "", f.crossSite)
	}
	add(f.flowName(m.cookie, o.state), o, f.path, f.crossSite)
	return lines, err
}

// flowDeletions returns the Set-Cookie header fields that remove a flow's cookies.
func (m *manager) flowDeletions(f *flowField, state string) (lines []string) {
	if f.hides(m.cookie) {
		lines = append(lines, m.cookie.FlowDeletion(f.listedName(m.cookie, state), "", f.crossSite))
	}
	return append(lines, m.cookie.FlowDeletion(f.flowName(m.cookie, state), f.path, f.crossSite))
}

// openFlow opens the token in a flow's cookie.
func (m *manager) openFlow(value string) (o openFlow, refusal string) {
	rings := m.rings.Load()
	plaintext, _, err := rings.flow.Open(nil, value)
	switch err {
	case nil:
	case token.ErrForged:
		return o, RefusedForged
	case token.ErrUnknownKey:
		if rings.session.Recognizes(value) || rings.companion.Recognizes(value) || rings.id.Recognizes(value) || rings.badge.Recognizes(value) {
			return o, RefusedPurpose
		}
		return o, RefusedUnknownKey
	default:
		return o, RefusedMalformed
	}
	o, ok := readFlow(plaintext)
	if !ok {
		return o, RefusedMalformed
	}
	return o, ""
}

// maxFlowCookies is how many flow cookies are opened when a flow begins, and how many of one name
// when one is taken. It is more than a browser keeps for a site, so planted cookies cannot hide real
// ones.
const maxFlowCookies = 200

// listFlows returns the flows of a field that the request shows, in the order of their cookies.
func (m *manager) listFlows(f *flowField, headers []string) (list []openFlow) {
	tries := 0
	for name, value := range cookie.WithPrefix(headers, m.cookie.Name()+cookie.FlowMark) {
		if tries++; tries > maxFlowCookies {
			break
		}
		o, refusal := m.openFlow(value)
		if refusal == "" && o.field == f.key && name == f.listedName(m.cookie, o.state) &&
			!slices.ContainsFunc(list, func(other openFlow) bool { return other.state == o.state }) {
			list = append(list, o)
		}
	}
	return list
}

// findFlow returns the flow with this state. It also opens the second cookie if that is required.
func (m *manager) findFlow(f *flowField, state string, headers []string, now int64) (o openFlow, refusal string) {
	open := func(name string, second bool) (o openFlow, refusal string) {
		return m.firstFlow(headers, name, func(o openFlow) (refusal string) {
			switch {
			case o.state != state || second != (o.raw == nil):
				return RefusedOtherFlow
			case o.field != f.key:
				return RefusedOtherField
			case !o.isInTime(now):
				return RefusedExpired
			}
			return ""
		})
	}
	o, refusal = open(f.flowName(m.cookie, state), false)
	if refusal == "" && f.proves(m.cookie) {
		_, refusal = open(f.listedName(m.cookie, state), true)
	}
	return o, refusal
}

// firstFlow returns the first acceptable flow from the cookies called name. If there is none, it
// returns the refusal of the first.
func (m *manager) firstFlow(headers []string, name string, judge func(openFlow) (refusal string)) (o openFlow, refusal string) {
	tries := 0
	for found, value := range cookie.WithPrefix(headers, name) {
		if found != name {
			continue
		}
		if tries++; tries > maxFlowCookies {
			break
		}
		o, why := m.openFlow(value)
		if why == "" {
			why = judge(o)
		}
		if why == "" {
			return o, ""
		}
		refusal = cmp.Or(refusal, why)
	}
	return openFlow{}, cmp.Or(refusal, RefusedNoFlow)
}

// isInTime reports whether a flow has neither expired nor a starting time in the future, which only
// a wrong clock causes.
func (o *openFlow) isInTime(now int64) bool {
	return now < o.ends && o.start <= now+payload.ClockTolerance
}
