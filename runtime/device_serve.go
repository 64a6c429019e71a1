package runtime

import (
	"errors"
	"net/http"

	"github.com/sessiongen/sessiongen/runtime/internal/cookie"
	"github.com/sessiongen/sessiongen/runtime/internal/dbsc"
)

// A browser registers a key, and later proves it again, by requests of its own. They may come
// without cookies if a page of another site caused them. The right answer depends on what Chromium
// does with it:
//
//	200                     the key is proved, or the body says that the binding has ended
//	403 with a challenge    Chromium signs it and asks again; it gives up the fifth time
//	403 without a challenge the binding ends, as with any other status below 500
//	503                     Chromium tries again later

// serveDevice answers a request by which a browser proves a key. It returns false for other
// requests.
func (m *manager) serveDevice(w http.ResponseWriter, r *http.Request) bool {
	name := m.deviceRequest(r.URL.Path)
	if name == "" {
		return false
	}
	x := &deviceExchange{manager: m, w: w, r: r, now: m.clock.now()}
	w.Header()["Cache-Control"] = []string{"no-store"}
	switch mode := r.Header.Get("Sec-Fetch-Mode"); {
	case r.Method != http.MethodPost:
		w.Header()["Allow"] = []string{http.MethodPost}
		w.WriteHeader(http.StatusMethodNotAllowed)
	case mode != "" && mode != "no-cors": // from a script, which cannot send a proof's header fields in that mode
		w.WriteHeader(http.StatusForbidden)
	case name == registerPath:
		x.register()
	default:
		x.refresh()
	}
	return true
}

// A deviceExchange is a request by which a browser proves a key.
type deviceExchange struct {
	*manager
	w   http.ResponseWriter
	r   *http.Request
	now int64
}

// register answers a browser that registers a key for a session.
func (x *deviceExchange) register() {
	key, challenge, err := dbsc.Registration(x.proof())
	if err != nil {
		x.refuse(proofRefusal(err))
		return
	}
	session, refusal := x.openChallenge(challenge, challengeToSession, x.now)
	if refusal != "" {
		x.refuse(refusal)
		return
	}
	id, err := x.newIdentifier(key, session, x.now)
	if err != nil {
		x.fail()
		return
	}
	switch x.fateOf(id) {
	case fateUnknown:
		x.fail()
	case fateEnds, fateOther:
		x.refuse(RefusedOtherSession)
	case fateGoesOn:
		x.accept(id)
	}
}

// refresh answers a browser that proves its key again, or asks for a challenge.
func (x *deviceExchange) refresh() {
	id, ok := x.readIdentifier(dbsc.Unquote(x.r.Header.Get(dbsc.HeaderID)))
	if !ok {
		x.refuse(RefusedMalformed)
		return
	}
	switch x.fateOf(id) {
	case fateUnknown:
		x.fail()
		return
	case fateEnds:
		x.stop(id, UnboundEnded)
		return
	case fateOther:
		x.stop(id, UnboundOther)
		return
	}
	if proof := x.proof(); proof == "" {
		x.challenge(id)
	} else if refusal := x.checkProof(proof, id); refusal != "" {
		x.report(x.r.Context(), x.event(EventProofRefused, refusal))
		x.challenge(id)
	} else {
		x.accept(id)
	}
}

// proof returns the proof in the request, or "".
func (x *deviceExchange) proof() string { return dbsc.Unquote(x.r.Header.Get(dbsc.HeaderResponse)) }

// checkProof verifies a proof of the identifier's key and returns why it is refused, or "".
func (x *deviceExchange) checkProof(proof string, id identifier) (refusal string) {
	challenge, err := dbsc.Proof(proof, id.key)
	if err != nil {
		return proofRefusal(err)
	}
	about, refusal := x.openChallenge(challenge, challengeToKey, x.now)
	if refusal == "" && about != id.key.Thumbprint() {
		refusal = RefusedOtherKey
	}
	return refusal
}

// proofRefusal returns the Refused constant for an error of package dbsc.
func proofRefusal(err error) string {
	if errors.Is(err, dbsc.ErrSignature) {
		return RefusedForged
	}
	return RefusedMalformed
}

// A fate is what the request's cookies say about a binding.
type fate uint8

const (
	fateGoesOn  fate = iota
	fateEnds         // the session has ended
	fateOther        // the browser has another session, or one bound to another key
	fateUnknown      // the store failed
)

// fateOf judges a binding by the cookies of the request. Without cookies, it goes on.
func (x *deviceExchange) fateOf(id identifier) fate {
	st := &state{manager: x.manager, ctx: x.r.Context(), from: &incoming{x.r.Header["Cookie"], x.r}, answer: answerByHand}
	st.mu.Lock()
	defer st.unlock()
	var received cookie.Received
	st.find(&received)
	key := thumbprint(id.key.Thumbprint())
	b, _ := x.findBadge(received.Badges(), func(b badge) bool { return b.kind == badgeEnded && b.key == key })
	switch {
	case st.isDown():
		return fateUnknown
	case b.kind == badgeEnded && b.key == key:
		return fateEnds
	case st.origin == returning && st.Device != noDevice && st.Device != key,
		st.origin == returning && st.Device == noDevice && st.ID() != id.session:
		return fateOther
	case st.origin == fresh && st.isRefusedForGood():
		return fateEnds
	}
	return fateGoesOn
}

// isRefusedForGood reports whether the refused cookie is of a session that has ended. A cookie under
// an unknown key is not: another node may accept it.
func (st *state) isRefusedForGood() bool {
	if st.trouble == nil {
		return false
	}
	for _, e := range st.trouble.events {
		switch {
		case e.Kind != EventRefused:
		case e.Reason == RefusedExpired, e.Reason == RefusedIdle, e.Reason == RefusedUnknownID, e.Reason == RefusedRevoked:
			return true
		}
	}
	return false
}

// accept answers a valid proof.
func (x *deviceExchange) accept(id identifier) {
	b := badge{kind: badgeProven, key: id.key.Thumbprint(), session: id.session, at: x.now}
	lines, err := x.appendBadgeLine(nil, b, x.badgeAge(), x.now)
	if err != nil {
		x.fail()
		return
	}
	x.w.Header()["Set-Cookie"] = lines
	x.answer(dbsc.Instructions(dbsc.Binding{
		ID: id.text, RefreshURL: refreshPath, Cookie: x.cookie.BadgeName(), Attributes: x.cookie.Attributes(),
	}))
}

// stop tells the browser that a binding has ended.
func (x *deviceExchange) stop(id identifier, reason string) {
	x.report(x.r.Context(), x.event(EventUnbound, reason))
	x.answer(dbsc.Stop(id.text))
}

func (x *deviceExchange) answer(body []byte) {
	x.w.Header()["Content-Type"] = []string{"application/json"}
	x.w.WriteHeader(http.StatusOK)
	x.w.Write(body)
}

// challenge answers with a challenge.
func (x *deviceExchange) challenge(id identifier) {
	challenge, err := x.sealDeviceToken(deviceToken{challengeToKey, id.key.Thumbprint(), x.now})
	if err != nil {
		x.fail()
		return
	}
	x.w.Header()[dbsc.HeaderChallenge] = []string{dbsc.ChallengeHeader(challenge, id.text)}
	x.w.WriteHeader(http.StatusForbidden)
}

// refuse ends a binding, or the attempt to begin one.
func (x *deviceExchange) refuse(reason string) {
	x.report(x.r.Context(), x.event(EventProofRefused, reason))
	x.w.WriteHeader(http.StatusForbidden)
}

// fail makes the browser try again later, because the failure is the server's.
func (x *deviceExchange) fail() { x.w.WriteHeader(http.StatusServiceUnavailable) }

func (x *deviceExchange) event(kind EventKind, reason string) Event {
	e := Event{Kind: kind, Reason: reason}
	e.Method, e.Path = describe(x.r)
	return e
}
