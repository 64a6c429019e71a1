package runtime

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// flows holds the flows of one request. They are accessed with the session locked; the session need
// not be open.
type flows struct {
	lines []string // Set-Cookie header fields to send
	begun []openFlow
	taken []string // states
	ended []string // states of the flows that were dropped for newer ones
}

// flows returns the request's flows, or nil.
func (st *state) flows() *flows {
	if st.opened == nil || st.trouble == nil {
		return nil
	}
	return st.trouble.flows
}

var (
	errNoRequest = errors.New("session: only a request of its own begins or ends a flow")
	errCrossSite = errors.New("session: a request for a part of another site's page cannot begin a flow")
	errInAdvance = errors.New("session: a prefetched page cannot begin or end a flow")
)

// ready returns the request's flows. The error says why no flow can begin or end any more.
func (st *state) ready() (*flows, error) {
	switch {
	case st.from == nil:
		return nil, errNoRequest
	case st.from.request != nil && isInAdvance(st.from.request):
		return nil, errInAdvance // if a person opens the page, the browser requests it again: see replyStatus
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

// startFlow begins a flow with an encoded value. If the field has too many flows, the oldest ones
// end.
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

// makeRoom ends a field's oldest flows until there is room for a new one, and returns how many
// ended.
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

// endFlow removes a flow's cookies from the browser. If they have not been sent yet, it does not
// send them.
func (st *state) endFlow(x *flows, f *flowField, state string) {
	x.begun = slices.DeleteFunc(x.begun, func(o openFlow) bool { return o.state == state })
	for _, deletion := range st.manager.flowDeletions(f, state) {
		name, _, _ := strings.Cut(deletion, "=")
		x.lines = slices.DeleteFunc(x.lines, func(line string) bool { return strings.HasPrefix(line, name+"=") })
		x.lines = append(x.lines, deletion)
	}
}

// takeFlow ends the flow with this state and returns its value. refusal is empty if that succeeded.
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
	case err != nil: // it can still be taken
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

// isGone reports whether the request has ended while its handler is still running. Nobody would get
// the result of taking a flow.
func (st *state) isGone() bool {
	return st.from != nil && st.from.request != nil && st.ctx.Err() != nil
}

// claim finds the flow with this state among those that the request carries or has begun. Only the
// first claim in a request gets it.
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

// reportUnready reports why no flow can begin or end.
func (st *state) reportUnready(f *flowField, err error) {
	switch {
	case errors.Is(err, ErrTooLate):
		st.reportFlow(EventTooLate, "", f.name)
	case errors.Is(err, errInAdvance):
		st.reportFlow(EventFlowRefused, RefusedInAdvance, f.name)
	}
}

// reportFlow reports what happened to a flow. The session need not be open.
func (st *state) reportFlow(kind EventKind, reason, name string) {
	e := Event{Kind: kind, Reason: reason, Field: name}
	if st.from != nil && st.from.request != nil {
		e.Method, e.Path = describe(st.from.request)
	}
	st.manager.report(st.ctx, e)
}

// flowLines returns the Set-Cookie header fields of flows. They are sent with each response that
// saves the session, as the program may save more than once. used says whether the request used
// flows at all, in which case the response depends on cookies.
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

// abandonFlows reports the flows that the browser will not hear of. It reports nothing after a
// panic, which is visible elsewhere.
func (st *state) abandonFlows(x *flows) {
	if st.ctx.Err() == nil {
		return
	}
	for _, o := range x.begun {
		st.event(EventGone, GoneRequest, o.name)
	}
}
