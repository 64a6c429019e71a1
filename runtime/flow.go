package runtime

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sessiongen/sessiongen/runtime/codec"
	"github.com/sessiongen/sessiongen/runtime/internal/cookie"
	"github.com/sessiongen/sessiongen/runtime/internal/token"
	"github.com/sessiongen/sessiongen/runtime/internal/wire"
)

// A flow is begun here and comes back from elsewhere, with a state that this program made. Each is a cookie
// of its own, so that tabs do not meet, and the session is not needed. Its token's plaintext is a msgpack
// array of five:
//
//	field    str, its key
//	state    bin, 16 random bytes
//	started  Unix seconds
//	ends     Unix seconds
//	value

// The bounds of flows.
const (
	stateSize   = 16
	stateInName = 8 // how many letters of a state its cookie's name has
	maxFlowSize = 1024
	maxFlows    = 64 // that are looked at in a request
)

// Flow describes one flow of a schema, as [Field] does a field.
type Flow[T any] struct {
	Name     string // the accessor's name, as in Start+Name
	Key      string
	Max      int // at once
	TTL      time.Duration
	Path     string // of the cookie; "" for that of the session's
	SameSite http.SameSite
	Encode   func(*codec.Encoder, T)
	Decode   func(*codec.Decoder) T
}

// Start begins a flow with a value, and returns the state that is to come back.
func (f *Flow[T]) Start(s Session, v T) (state string) {
	st := s.session()
	raw, err := codec.AppendField(nil, v, f.Encode)
	if err != nil {
		st.refuseStart(f.Name, fmt.Errorf("%w: flow %s", ErrEncode, f.Name))
		return ""
	}
	d := f.descriptor()
	return st.startFlow(&d, raw)
}

// Take returns the value of the flow that a state comes back from, and ends it. It is false, with an event
// that says why, for a state of another browser, flow, field or time, and for one that was taken before.
func (f *Flow[T]) Take(s Session, state string) (v T, ok bool) {
	st := s.session()
	d := f.descriptor()
	raw, refusal := st.takeFlow(&d, state)
	if refusal == "" {
		var err error
		if v, err = codec.DecodeField(raw, f.Decode); err == nil {
			return v, true
		}
		refusal = RefusedMalformed
	}
	st.reportFlow(EventFlowRefused, refusal, f.Name)
	var none T
	return none, false
}

// A flowDescriptor is what the session knows of a flow.
type flowDescriptor struct {
	name, key, path string
	max             int
	ttl             int64
	sameSite        http.SameSite
}

func (f *Flow[T]) descriptor() flowDescriptor {
	return flowDescriptor{f.Name, f.Key, f.Path, f.Max, int64(f.TTL / time.Second), f.SameSite}
}

// flows are those of one request.
type flows struct {
	lines []string   // to be sent
	begun []openFlow // in this request
	taken []string   // states
}

// An openFlow is what the cookie of a flow says.
type openFlow struct {
	name  string // of the cookie
	field string
	state [stateSize]byte
	start int64
	ends  int64
	raw   []byte
}

// flowCookie is the name of the cookies of a flow without the state. Browsers accept the prefix __Host- only
// with Path=/.
func (m *manager) flowCookie(f *flowDescriptor) string {
	name := m.cookie.Name()
	if rest, isHost := strings.CutPrefix(name, "__Host-"); isHost && f.path != "" && f.path != "/" {
		name = "__Secure-" + rest
	}
	return name + cookie.FlowMark
}

// startFlow begins a flow with an encoded value.
func (st *state) startFlow(f *flowDescriptor, raw []byte) (state string) {
	m := st.manager
	now := m.clock.now()
	o := openFlow{field: f.key, start: now, ends: now + f.ttl, raw: raw}
	rand.Read(o.state[:])
	state = base64.RawURLEncoding.EncodeToString(o.state[:])
	o.name = m.flowCookie(f) + state[:stateInName]
	value, err := m.rings.Load().flow.Seal(nil, o.plaintext())
	if size := len(o.name) + len(value); err == nil && size > maxFlowSize {
		err = fmt.Errorf("%w: flow %s: %d bytes, %d allowed", ErrTooLarge, f.name, size, maxFlowSize)
	}
	if err != nil {
		st.refuseStart(f.name, err)
		return ""
	}
	st.mu.Lock()
	late := st.answer.isLate()
	if !late {
		x := st.flowing()
		m.evict(st, f, x, now)
		x.begun = append(x.begun, o)
		x.lines = append(x.lines, m.cookie.FlowLine(o.name, string(value), f.path, f.sameSite, f.ttl, now))
	}
	st.mu.Unlock()
	if late {
		st.reportFlow(EventTooLate, "", f.name)
		st.refuseStart(f.name, ErrTooLate)
	}
	return state
}

// refuseStart notes why a flow does not begin.
func (st *state) refuseStart(name string, err error) {
	st.lock()
	st.fail(&fieldError{name, err})
	st.unlock()
}

// flowing returns the flows of the request. The session is locked, but need not be open.
func (st *state) flowing() *flows {
	if st.flows == nil {
		st.flows = new(flows)
	}
	return st.flows
}

// evict ends the oldest flows of a field, so that there is room for one more, and those that have ended.
func (m *manager) evict(st *state, f *flowDescriptor, x *flows, now int64) {
	mine := slices.DeleteFunc(m.flowsOf(st, f), func(o openFlow) bool { return slices.Contains(x.taken, o.text()) })
	for _, o := range x.begun {
		if o.field == f.key {
			mine = append(mine, o)
		}
	}
	slices.SortStableFunc(mine, func(a, b openFlow) int { return int(a.start - b.start) })
	for i, o := range mine {
		if o.ends <= now || i <= len(mine)-f.max {
			x.end(m, f, o)
		}
	}
}

// end deletes the cookie of a flow, or does not send it.
func (x *flows) end(m *manager, f *flowDescriptor, o openFlow) {
	x.begun = slices.DeleteFunc(x.begun, func(b openFlow) bool { return b.name == o.name })
	x.lines = slices.DeleteFunc(x.lines, func(line string) bool { return strings.HasPrefix(line, o.name+"=") })
	x.lines = append(x.lines, m.cookie.FlowDeletion(o.name, f.path, f.sameSite))
}

// flowsOf opens the flows of a field that the request carries.
func (m *manager) flowsOf(st *state, f *flowDescriptor) (mine []openFlow) {
	tries := 0
	for name, value := range cookie.Named(st.received(), m.flowCookie(f)) {
		if tries++; tries > maxFlows {
			break
		}
		if o, refusal := m.openFlow(name, value); refusal == "" && o.field == f.key {
			mine = append(mine, o)
		}
	}
	return mine
}

// received is the Cookie header fields of the request.
func (st *state) received() []string {
	if st.from == nil {
		return nil
	}
	return st.from.cookies
}

// openFlow reads the cookie of a flow.
func (m *manager) openFlow(name, value string) (o openFlow, refusal string) {
	plaintext, _, err := m.rings.Load().flow.Open(nil, value)
	switch err {
	case nil:
	case token.ErrForged:
		return o, RefusedForged
	case token.ErrUnknownKey:
		return o, RefusedUnknownKey
	default:
		return o, RefusedMalformed
	}
	r := wire.NewReader(plaintext)
	elements := r.Array()
	o = openFlow{name: name, field: string(r.String())}
	copy(o.state[:], r.Fixed(stateSize))
	o.start, o.ends = r.Seconds(), r.Seconds()
	o.raw = r.Rest()
	if r.Failed() || elements != 5 {
		return o, RefusedMalformed
	}
	return o, ""
}

func (o *openFlow) plaintext() []byte {
	b := wire.AppendString(wire.AppendArrayHeader(nil, 5), o.field)
	b = wire.AppendBytes(b, o.state[:])
	b = wire.AppendUint(wire.AppendUint(b, uint64(o.start)), uint64(o.ends))
	return append(b, o.raw...)
}

// text is the flow's state as it comes back.
func (o *openFlow) text() string { return base64.RawURLEncoding.EncodeToString(o.state[:]) }

// takeFlow ends the flow of a state, and returns its value. The refusal is empty if it is good.
func (st *state) takeFlow(f *flowDescriptor, state string) (raw []byte, refusal string) {
	m := st.manager
	if id, err := base64.RawURLEncoding.Strict().DecodeString(state); err != nil || len(id) != stateSize {
		return nil, RefusedMalformed
	}
	o, refusal := st.findFlow(f, state)
	if refusal != "" {
		return nil, refusal
	}
	if m.clock.now() >= o.ends {
		refusal = RefusedExpired
	} else {
		refusal = st.takeOnce(f, o)
	}
	st.mu.Lock()
	x := st.flowing()
	if refusal == "" && slices.Contains(x.taken, state) {
		refusal = RefusedTaken
	}
	x.taken = append(x.taken, state)
	x.end(m, f, o)
	st.mu.Unlock()
	return o.raw, refusal
}

// findFlow finds the flow of a state among those that the request carries or has begun.
func (st *state) findFlow(f *flowDescriptor, state string) (found openFlow, refusal string) {
	m := st.manager
	refusal = RefusedNoFlow
	st.mu.Lock()
	defer st.mu.Unlock()
	if x := st.flows; x != nil {
		if i := slices.IndexFunc(x.begun, func(o openFlow) bool { return o.field == f.key && o.text() == state }); i >= 0 {
			return x.begun[i], ""
		}
		if slices.Contains(x.taken, state) {
			return found, RefusedTaken
		}
	}
	tries := 0
	for name, value := range cookie.Named(st.received(), m.flowCookie(f)+state[:stateInName]) {
		if tries++; tries > maxFound {
			break
		}
		o, why := m.openFlow(name, value)
		switch {
		case why != "":
			refusal = why
		case o.field != f.key || o.text() != state:
			refusal = RefusedOtherFlow
		default:
			return o, ""
		}
	}
	return found, refusal
}

// takeOnce asks the home whether the flow is taken for the first time.
func (st *state) takeOnce(f *flowDescriptor, o openFlow) (refusal string) {
	first, err := st.manager.home.takeOnce(st.ctx, "flow "+st.manager.flowCookie(f), string(o.state[:]), o.ends-o.start)
	switch {
	case err != nil:
		st.refuseStart(f.name, err)
		if errors.Is(err, ErrStore) {
			st.reportFlow(EventStoreFailed, "flow", f.name)
		}
		return RefusedTaken
	case !first:
		return RefusedTaken
	}
	return ""
}

// reportFlow reports what became of a flow, of which the session need not know.
func (st *state) reportFlow(kind EventKind, reason, name string) {
	e := Event{Kind: kind, Reason: reason, Field: name}
	if st.from != nil && st.from.request != nil {
		e.Method, e.Path = describe(st.from.request)
	}
	st.manager.report(st.ctx, e)
}

// appendFlows appends the Set-Cookie header fields of flows, once.
func (st *state) appendFlows(lines []string) []string {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.flows == nil || st.answer == answerAbandoned {
		return lines
	}
	lines = append(lines, st.flows.lines...)
	st.flows.lines = nil
	return lines
}
