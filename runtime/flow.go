package runtime

import (
	"fmt"
	"time"

	"github.com/sessiongen/sessiongen/runtime/codec"
)

// A flow is begun here and comes back from elsewhere, with a state that this program made. Each is a cookie
// of its own, so that tabs do not meet, and the session is not needed.

// Flow describes a field that is a flow, as [Field] does one of the session. Like it, it is for generated
// code alone.
type Flow[T any] struct {
	Name      string        // the accessor's name, as in Start+Name
	Key       string        // which a flow's cookie says
	Max       int           // at once, in a browser
	TTL       time.Duration // within which it is to come back
	Path      string        // of its cookie; "" for that of the session's
	CrossSite bool          // it also comes back by a form of another site
	Encode    func(*codec.Encoder, T)
	Decode    func(*codec.Decoder) T
}

// A flowField is what the session knows of a field that is a flow.
type flowField struct {
	name, key, path string
	max             int
	ttl             int64 // in seconds
	crossSite       bool
}

func (f *Flow[T]) field() *flowField {
	return &flowField{f.Name, f.Key, f.Path, f.Max, int64(f.TTL / time.Second), f.CrossSite}
}

// Start begins a flow with a value, and returns the state that is to come back; "" if that fails, in which
// case the session keeps the error. It fails if the value makes the cookie larger than 1024 bytes, if the response has
// begun, and if the browser asks in advance or for a part of another site's page.
func (f *Flow[T]) Start(s Session, v T) (state string) {
	state, err := f.TryStart(s, v)
	if err != nil {
		s.session().refuse(err)
	}
	return state
}

// TryStart is Start, but returns the error, and leaves the session as it was.
func (f *Flow[T]) TryStart(s Session, v T) (state string, err error) {
	raw, err := codec.AppendReadable(nil, v, f.Encode, f.Decode)
	if err != nil { // which may quote the value, and a flow is full of secrets
		err = fmt.Errorf("%w: flow %s", ErrEncode, f.Name)
	} else {
		state, err = s.session().startFlow(f.field(), raw)
	}
	if err != nil {
		return "", &fieldError{f.Name, err}
	}
	return state, nil
}

// Take returns the value of the flow that a state comes back from, and ends it. It is false, with an event
// that says why, if this browser has not begun such a flow, or if it has ended. It is false also if the request has
// ended, and if the store fails, in which case the session keeps the error: then the flow stays.
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
