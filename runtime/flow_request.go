package runtime

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// flows are those of one request. The session is locked for them, but need not be open.
type flows struct {
	lines []string // Set-Cookie header fields, to be sent
	begun []openFlow
	taken []string // states
	ended []string // states of those that had to make room
}

// flows returns those of the request, nil if there are none.
func (st *state) flows() *flows {
	if st.opened == nil || st.trouble == nil {
		return nil
	}
	return st.trouble.flows
}

var (
	errNoRequest = errors.New("session: only a request of its own begins or ends a flow")
	errCrossSite = errors.New("session: a part of another site's page begins no flow")
	errInAdvance = errors.New("session: a page that a browser asks for in advance begins and ends no flow")
)

// ready returns the flows of the request, or why nothing can be begun or ended any more.
func (st *state) ready() (*flows, error) {
	switch {
	case st.from == nil:
		return nil, errNoRequest
	case st.from.request != nil && isInAdvance(st.from.request):
		return nil, errInAdvance // if a person wants to see it, the browser asks again: see replyStatus
	case st.answer.isLate():
		return nil, ErrTooLate
	case st.flows() != nil:
		return st.flows(), nil
	case st.opened == nil:
		st.manager.home.prepare(st)
	}
	x := new(flows)
	st.troubled().flows = x
	return x, nil
}

// startFlow begins a flow with an encoded value. Of those of its field the oldest end, if there are too many.
func (st *state) startFlow(f *flowField, raw []byte) (state string, err error) {
	if st.from != nil && isPartOfOtherSite(st.from.request) {
		return "", errCrossSite
	}
	var id [stateSize]byte
	rand.Read(id[:])
	now := st.now()
	o := openFlow{f.key, stateText(id[:]), now, now + f.ttl, raw, f.name}
	lines, err := st.manager.flowLines(f, o)
	if err != nil {
		return "", err
	}
	st.mu.Lock()
	x, err := st.ready()
	ended := 0
	if err == nil {
		ended = st.makeRoom(x, f, now)
		x.begun = append(x.begun, o)
		x.lines = append(x.lines, lines...)
	}
	st.mu.Unlock()
	if err != nil {
		st.reportUnready(f, err)
		return "", err
	}
	if ended > 0 {
		st.reportFlow(EventOverflow, fmt.Sprintf("%d dropped", ended), f.name)
	}
	return o.state, nil
}

// makeRoom ends the oldest flows of a field, so that there is room for one more, and returns how many.
func (st *state) makeRoom(x *flows, f *flowField, now int64) (ended int) {
	all := st.manager.listFlows(f, st.from.cookies)
	for _, o := range x.begun {
		if o.field == f.key {
			all = append(all, o)
		}
	}
	all = slices.DeleteFunc(all, func(o openFlow) bool {
		return slices.Contains(x.taken, o.state) || slices.Contains(x.ended, o.state) || !o.isInTime(now)
	})
	slices.SortStableFunc(all, func(a, b openFlow) int { return cmp.Compare(a.start, b.start) })
	ended = max(0, len(all)+1-f.max)
	for _, o := range all[:ended] {
		x.ended = append(x.ended, o.state)
		st.endFlow(x, f, o.state)
	}
	return ended
}

// endFlow removes the cookies of a flow from the browser, or does not send them.
func (st *state) endFlow(x *flows, f *flowField, state string) {
	x.begun = slices.DeleteFunc(x.begun, func(o openFlow) bool { return o.state == state })
	for _, deletion := range st.manager.flowDeletions(f, state) {
		name, _, _ := strings.Cut(deletion, "=")
		x.lines = slices.DeleteFunc(x.lines, func(line string) bool { return strings.HasPrefix(line, name+"=") })
		x.lines = append(x.lines, deletion)
	}
}

// takeFlow ends the flow of a state, and returns its value. The refusal is empty if it is good.
func (st *state) takeFlow(f *flowField, state string) (raw []byte, refusal string, err error) {
	id, ok := readState(state)
	switch {
	case !ok:
		return nil, RefusedMalformed, nil
	case st.isGone():
		return nil, RefusedGone, nil
	}
	now := st.now()
	st.mu.Lock()
	o, refusal, err := st.claim(f, state, now)
	st.mu.Unlock()
	if err != nil {
		st.reportUnready(f, err)
	}
	if err != nil || refusal != "" {
		return nil, refusal, err
	}
	first, err := st.manager.home.takeOnce(st, f, id, o.ends-now)
	st.mu.Lock()
	defer st.mu.Unlock()
	x := st.flows()
	switch {
	case err != nil: // it may be taken yet
		x.taken = slices.DeleteFunc(x.taken, func(s string) bool { return s == state })
		if err == errGone {
			return nil, RefusedGone, nil
		}
		return nil, "", err
	case !first:
		refusal = RefusedTaken
	}
	st.endFlow(x, f, state)
	return o.raw, refusal, nil
}

// isGone reports whether the request has ended while its handler goes on: nobody will hear of a flow that is taken.
func (st *state) isGone() bool {
	return st.from != nil && st.from.request != nil && st.ctx.Err() != nil
}

// claim finds the flow of a state among those that the request carries or has begun, for the one in this
// request who asks first.
func (st *state) claim(f *flowField, state string, now int64) (o openFlow, refusal string, err error) {
	x, err := st.ready()
	if err != nil {
		return o, "", err
	}
	switch {
	case slices.Contains(x.taken, state):
		return o, RefusedTaken, nil
	case slices.Contains(x.ended, state):
		return o, RefusedNoFlow, nil
	}
	if i := slices.IndexFunc(x.begun, func(o openFlow) bool { return o.state == state }); i >= 0 {
		if o = x.begun[i]; o.field != f.key {
			return o, RefusedOtherField, nil
		}
	} else if o, refusal = st.manager.findFlow(f, state, st.from.cookies, now); refusal != "" {
		return o, refusal, nil
	}
	x.taken = append(x.taken, state)
	return o, "", nil
}

// reportUnready reports why nothing can be begun or ended.
func (st *state) reportUnready(f *flowField, err error) {
	switch {
	case errors.Is(err, ErrTooLate):
		st.reportFlow(EventTooLate, "", f.name)
	case errors.Is(err, errInAdvance):
		st.reportFlow(EventFlowRefused, RefusedInAdvance, f.name)
	}
}

// reportFlow reports what became of a flow, of which the session need not know.
func (st *state) reportFlow(kind EventKind, reason, name string) {
	e := Event{Kind: kind, Reason: reason, Field: name}
	if st.from != nil && st.from.request != nil {
		e.Method, e.Path = describe(st.from.request)
	}
	st.manager.report(st.ctx, e)
}

// flowLines returns the Set-Cookie header fields of flows, for each response that saves the session: the program may
// do so more than once. It reports whether there were flows at all, on which the response then depends.
func (st *state) flowLines() (lines []string, used bool) {
	x := st.trouble.flows
	switch {
	case x == nil:
		return nil, false
	case st.answer == answerAbandoned:
		st.abandonFlows(x)
		return nil, true
	}
	return x.lines, true
}

// abandonFlows reports the flows of which the browser will not hear, unless that is the fault of a panic, which others see.
func (st *state) abandonFlows(x *flows) {
	if st.ctx.Err() == nil {
		return
	}
	for _, o := range x.begun {
		st.event(EventGone, GoneRequest, o.name)
	}
}
