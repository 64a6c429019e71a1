package runtime

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/sessiongen/sessiongen/runtime/internal/cookie"
	"github.com/sessiongen/sessiongen/runtime/internal/dbsc"
	"github.com/sessiongen/sessiongen/runtime/internal/payload"
)

// DeviceBound reports whether the session is bound to the visitor's device, since this request or an
// earlier one: see Config.DeviceBound. EXPERIMENTAL, like that option.
func (s Session) DeviceBound() bool {
	st := s.session()
	st.lock()
	defer st.unlock()
	return st.isBound()
}

// ProvenAt returns when the device that the session is bound to last proved its key, to the second.
// It returns the zero time if the session is not bound. EXPERIMENTAL, like Config.DeviceBound.
func (s Session) ProvenAt() time.Time {
	st := s.session()
	st.lock()
	defer st.unlock()
	if !st.isBound() {
		return time.Time{}
	}
	return unixTime(payload.Past(st.proved, st.now()))
}

// isBound reports whether the session is bound and the manager requires proofs.
func (st *state) isBound() bool { return st.manager.deviceBound > 0 && st.Device != noDevice }

// meetDevice judges the opened session by the badges of the request.
func (st *state) meetDevice(r *cookie.Received) {
	m, now := st.manager, st.now()
	b, concerns := m.findBadge(r.Badges(), st.isConcerned)
	st.badge = b.kind
	switch fresh := b.kind == badgeProven && m.isFresh(b.at, now); {
	case st.origin != returning:
		if b.kind == badgeProven && !r.Any { // of a session that the browser has forgotten
			st.endBinding(b.key)
		}
	case concerns && b.kind == badgeEnded: // a request that ran beside the log-out has set the session's cookie again
		st.refuseUnproven(r)
		st.endBinding(b.key)
	case st.Device != noDevice && concerns && fresh:
		st.binding, st.proved = bindingProven, b.at
	case st.Device != noDevice:
		forgotten := st.isForgotten(r, now)
		st.refuseUnproven(r)
		st.stray = r.Siblings.Has(cookie.Badge)
		if forgotten {
			st.binding = bindingLost
		} else {
			st.fallDown(ErrUnproven)
		}
	case concerns && fresh:
		st.bind(b)
	case concerns && b.kind == badgeOffered:
		st.offers = b.offers
		if now-payload.Past(b.at, now) >= m.offerWait(b.offers) {
			st.binding = bindingDue
		}
	default:
		st.binding = bindingDue
	}
}

// underWay is how many seconds after a session was bound a request may arrive that was sent before.
const underWay = 60

// isForgotten reports whether the browser does not know the binding: it has no badge of the session,
// and does not say that it skipped a proof. It has lost its key, or the session is bound to another
// browser. Such a request gets an empty session, so that its visitor can log in again or log out.
//
// Badges of other sessions do not matter. A subdomain can plant them where this host cannot delete
// them, and must not be able to keep the visitor out.
func (st *state) isForgotten(r *cookie.Received, now int64) bool {
	request := st.from.request
	if request == nil || skipped(request) != "" || now-payload.Past(st.Saved, now) < underWay {
		return false
	}
	id := st.ID()
	_, known := st.manager.findBadge(r.Badges(), func(b badge) bool { return b.key == st.Device || b.session == id })
	return !known
}

// keepsForgotten reports whether the response must leave a session alone that the browser cannot
// prove, because it may still be valid. A response that would change it is then an error. A log-in
// or log-out replaces it, and a page can be shown without it.
func (st *state) keepsForgotten() bool {
	return !st.loggedOut && !st.isSomebodys() && (st.modified() || !comesAlone(st.from.request))
}

// isConcerned reports whether a badge belongs to the session.
func (st *state) isConcerned(b badge) bool {
	if st.Device != noDevice {
		return b.key == st.Device
	}
	return st.origin == returning && b.session == st.ID()
}

// refuseUnproven makes the session empty, and leaves the browser's cookie alone.
func (st *state) refuseUnproven(r *cookie.Received) {
	trouble, had := st.trouble, st.badge
	st.opened = nil
	st.openNone(r)
	st.start(st.now())
	st.trouble, st.badge = trouble, had
	st.event(EventRefused, RefusedUnproven, "")
	if why := skipped(st.from.request); why != "" {
		st.event(EventProofSkipped, why, "")
	}
}

// skipped returns the browser's reason for sending no proof, or "".
func skipped(r *http.Request) string {
	if r == nil {
		return ""
	}
	why, _, _ := strings.Cut(r.Header.Get(dbsc.HeaderSkipped), ";")
	switch why {
	case "", "quota_exceeded", "server_error", "unreachable":
		return why
	}
	return "unknown reason"
}

// bind binds the session to the key that a badge proves.
//
// In a home where concurrent saves can lose a change or a new id, binding waits for a navigation:
// the browser requests the parts of a page after its response.
func (st *state) bind(b badge) {
	if st.Empty() || !st.manager.home.merges() && !comesAlone(st.from.request) {
		return
	}
	if st.Device = b.key; !st.manager.home.merges() && !st.fits() {
		st.Device = noDevice // the browser would keep its old cookie
		return
	}
	st.binding, st.proved = bindingBegun, b.at
	if st.edits == unchanged {
		st.edits = imported
	}
	st.manager.home.note(st, change{kind: changeDevice, device: new(b.key)})
}

// fitBinding drops a new binding if what the program has set leaves no room for it, and reports
// whether the binding stays.
func (st *state) fitBinding() (stays bool) {
	if st.Empty() {
		return false
	}
	if !st.manager.home.merges() && !st.fits() {
		st.Device, st.binding, st.proved = noDevice, bindingNone, 0
		return false
	}
	return true
}

// unbind ends the session's binding because its principal changes or is cleared: a user must not be
// bound to another user's device. next is the binding afterwards.
func (st *state) unbind(next binding) {
	if st.manager.deviceBound == 0 || st.isDown() {
		return
	}
	if st.Device != noDevice {
		st.endBinding(st.Device)
		st.Device = noDevice
	}
	if st.origin == returning { // another request may be binding it
		st.manager.home.note(st, change{kind: changeDevice})
	}
	if next == bindingLogIn {
		st.binding, st.offers = bindingLogIn, 0
	}
	st.proved = 0
}

// endBinding notes that the browser is to be told that the binding to this key has ended.
func (st *state) endBinding(key thumbprint) {
	st.binding = bindingEnded
	st.troubled().device = key
}

// longestOffer is the longest time between two offers, in seconds.
const longestOffer = 24 * 60 * 60

// offerWait returns how many seconds pass before the next offer. The time grows with each offer, for
// browsers that do not support bindings.
func (m *manager) offerWait(offers uint8) int64 {
	return min(m.deviceBound<<min(max(offers, 1)-1, 10), max(longestOffer, m.deviceBound))
}

// appendBadge appends the badge that the response must set, if any. The session is already saved.
func (st *state) appendBadge(lines []string, status int) ([]string, error) {
	m, now := st.manager, st.now()
	var err error
	switch {
	case st.answer == answerAbandoned && !st.loggedOut:
	case st.mayOffer(status):
		lines, err = st.offer(lines, now)
	case st.binding == bindingEnded:
		b := badge{kind: badgeEnded, key: st.trouble.device, at: now}
		lines, err = m.appendBadgeLine(lines, b, endedTime, now)
	case st.binding == bindingRetake, st.stray, st.loggedOut && st.badge != badgeNone:
		lines = m.appendBadgeDeletion(lines)
	case st.binding == bindingBegun && st.origin == returning:
		st.binding = bindingProven
		st.event(EventBound, "", "")
	}
	if err != nil {
		return nil, fmt.Errorf("session: sealing: %w", err)
	}
	return lines, nil
}

// endedTime is how many seconds a browser keeps a badge that says that the binding has ended. Within
// that time it asks for a new badge and learns of the end.
const endedTime = 60

// mayOffer reports whether the response offers to bind the session.
func (st *state) mayOffer(status int) bool {
	if status == byHand || st.from.request == nil || st.Device != noDevice || !st.isSomebodys() || isBySite(st.from.request) {
		return false
	}
	switch st.binding {
	case bindingLogIn:
		return !isInAdvance(st.from.request)
	case bindingDue:
		return comesAlone(st.from.request)
	}
	return false
}

// isSomebodys reports whether the session has a principal.
func (st *state) isSomebodys() bool {
	if st.Empty() {
		return false
	}
	if st.manager.principal == nil {
		return st.Authenticated != 0
	}
	return st.manager.principalOf(&st.Contents) != nil
}

// offer offers to bind the session, which is saved under its id.
func (st *state) offer(lines []string, now int64) ([]string, error) {
	m := st.manager
	challenge, err := m.sealDeviceToken(deviceToken{challengeToSession, st.ID(), now})
	if err != nil {
		return nil, err
	}
	st.troubled().offer = dbsc.RegistrationHeader(m.registerURL(st.from.request), challenge)
	st.offers = min(st.offers, 254) + 1
	b := badge{kind: badgeOffered, session: st.ID(), at: now, offers: st.offers}
	return m.appendBadgeLine(lines, b, m.maxAge(&st.Metadata, now), now)
}

// appendStrayDeletion removes a badge that is of no use from an error response's browser.
func (st *state) appendStrayDeletion(lines []string) []string {
	if st.opened != nil && st.stray {
		return st.manager.appendBadgeDeletion(lines)
	}
	return lines
}
