package runtime

import (
	"fmt"
	"time"

	"github.com/sessiongen/sessiongen/runtime/codec"
)

// A flow begins here, goes to another site and comes back with a state that this program made. Each
// flow has its own cookie, so flows in several tabs do not collide, and no session is needed.

// A flowField describes a flow field, whatever its type.
type flowField struct {
	name, key, path string
	max             int
	ttl             int64 // in seconds
	crossSite       bool
}

func (f *Flow[T]) field() *flowField {
	return &flowField{f.Name, f.Key, f.Path, f.Max, int64(f.TTL / time.Second), f.CrossSite}
}

// Start begins a flow with a value and returns its state, which is to come back. It returns "" if
// that fails, and the session's Err returns the error. Start fails if the cookie would exceed 1024
// bytes, if the response has begun, and if the request is a prefetch or for a part of another site's
// page.
func (f *Flow[T]) Start(s Session, v T) (state string) {
	state, err := f.TryStart(s, v)
	if err != nil {
		s.session().refuse(err)
	}
	return state
}

// TryStart is like Start, but returns the error and leaves the session's Err unchanged.
func (f *Flow[T]) TryStart(s Session, v T) (state string, err error) {
	raw, err := codec.AppendReadable(nil, v, f.Encode, f.Decode)
	if err != nil { // the error may quote the value, and flows hold secrets
		err = fmt.Errorf("%w: flow %s", ErrEncode, f.Name)
	} else {
		state, err = s.session().startFlow(f.field(), raw)
	}
	if err != nil {
		return "", &fieldError{f.Name, err}
	}
	return state, nil
}

// Take ends the flow with this state and returns its value. ok is false, with an event, if this
// browser did not begin the flow or the flow has ended. ok is also false if the request has ended or
// the store fails; the session's Err then returns the error, and the flow can still be taken.
func (f *Flow[T]) Take(s Session, state string) (v T, ok bool) {
	st := s.session()
	raw, refusal, err := st.takeFlow(f.field(), state)
	if err != nil {
		st.refuse(&fieldError{f.Name, err})
		return v, false
	}
	if refusal == "" {
		if v, err = codec.DecodeField(raw, f.Decode); err == nil {
			return v, true
		}
		refusal = RefusedMalformed
	}
	st.reportFlow(EventFlowRefused, refusal, f.Name)
	var none T
	return none, false
}
