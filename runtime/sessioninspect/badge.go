package sessioninspect

import (
	"time"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/internal/cookie"
	"github.com/sessiongen/sessiongen/runtime/internal/payload"
	"github.com/sessiongen/sessiongen/runtime/internal/wire"
)

// A badge is the content of the cookie that records what the browser's device has proved.
type badge struct {
	kind string // offered, proven or ended
	key  payload.Thumbprint
	id   []byte // of the session that the key was registered for; zeros if it is unknown
	at   int64
}

// badges opens the badges of a request. said holds the content of those that open.
func (i *inspector) badges(texts cookie.Values) (cookies []Cookie, said []badge) {
	for text := range texts.All() {
		c, b := i.openBadge(text)
		cookies = append(cookies, c)
		if b.kind != "" {
			said = append(said, b)
		}
	}
	return cookies, said
}

// openBadge opens a badge. Its result shows nothing of the device's key.
func (i *inspector) openBadge(text string) (c Cookie, b badge) {
	c = Cookie{Name: i.spec.BadgeName(), Kind: "badge", Key: i.keyOf(text, -1)}
	plaintext, key, err := i.badge.Open(nil, text)
	if err != nil {
		c.Refused, c.Why = i.explain(err, text, i.session, i.id, i.record, i.companion, i.flow)
		return c, b
	}
	c.Key = i.keyOf(text, key)
	b, ok := readBadge(plaintext)
	if !ok {
		c.Refused, c.Why = runtime.RefusedMalformed, "the token opens, but what it holds is not a badge of this format"
		return c, badge{}
	}
	if [payload.IDSize]byte(b.id) != [payload.IDSize]byte{} {
		c.ID = idText(b.id)
	}
	c.Binding, c.BindingAt = b.kind, exact(b.at)
	if i.DeviceBound > 0 && b.kind == proven {
		c.Expires, c.ExpiresBy = exact(b.at+i.period()), "DeviceBound"
		if !i.isFresh(b) {
			c.Refused, c.Why = runtime.RefusedUnproven, "the device has to prove its key again, by Config.DeviceBound"
		}
	}
	return c, b
}

const proven = "proven"

// readBadge parses the plaintext of a badge.
func readBadge(plaintext []byte) (b badge, ok bool) {
	kinds := [...]string{1: "offered", 2: proven, 3: "ended"}
	r := wire.NewReader(plaintext)
	elements, kind := r.Array(), r.Uint()
	copy(b.key[:], r.Fixed(len(b.key)))
	b.id, b.at = r.Fixed(payload.IDSize), r.Seconds()
	r.Uint() // how many offers were made
	if !r.Done() || elements != 5 || kind == 0 || kind >= uint64(len(kinds)) {
		return badge{}, false
	}
	b.kind = kinds[kind]
	return b, true
}

func (i *inspector) period() int64 { return int64(i.DeviceBound / time.Second) }

func (i *inspector) isFresh(b badge) bool {
	return b.kind == proven && i.now-payload.Past(b.at, i.now) < i.period()
}

// judgeDevice refuses a session that is bound to a device unless the newest badge of that device's
// key is a fresh proof.
func (i *inspector) judgeDevice(c *Cookie, device payload.Thumbprint, said []badge) {
	if i.DeviceBound == 0 || device == (payload.Thumbprint{}) {
		return
	}
	var newest badge
	for _, b := range said {
		if b.key == device && b.at > newest.at {
			newest = b
		}
	}
	if !i.isFresh(newest) {
		c.Current = false
		c.Refused, c.Why = runtime.RefusedUnproven, "the session is bound to a device, and no badge says that the device has proved its key within Config.DeviceBound"
	}
}
