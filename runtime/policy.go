package runtime

import (
	"time"

	"github.com/sessiongen/sessiongen/runtime/internal/payload"
)

// A policy says when sessions end. All times are in seconds.
type policy struct {
	lifetime  int64
	idle      int64 // 0 for none
	absolute  int64 // 0 for none
	sliding   bool
	refresh   int64
	permanent bool // sessions outlive the browser from their start

	deviceBound int64 // for how long the proof of a device counts; 0 if none is asked for
}

func newPolicy(cfg Config) policy {
	return policy{
		lifetime:  int64(cfg.Lifetime / time.Second),
		idle:      int64(cfg.IdleTimeout / time.Second),
		absolute:  int64(cfg.AbsoluteTimeout / time.Second),
		sliding:   cfg.Sliding,
		refresh:   int64(cfg.RefreshAfter / time.Second),
		permanent: cfg.Permanent,

		deviceBound: int64(cfg.DeviceBound / time.Second),
	}
}

// slides reports whether a mere use of a session puts its end off.
func (p *policy) slides(meta *payload.Metadata) bool {
	return p.idle > 0 || p.sliding && meta.Permanent()
}

// expiry returns when a session stops being accepted that was last used at a time, and
// the refusal that it then meets.
func (p *policy) expiry(meta *payload.Metadata, used, now int64) (expires int64, refusal string) {
	used = payload.Past(used, now)
	created, from := payload.Past(meta.Created, now), payload.Past(meta.Saved, now)
	if p.sliding && meta.Permanent() {
		from = used
	}
	expires, refusal = from+p.lifetime, RefusedExpired
	if p.idle > 0 && used+p.idle < expires {
		expires, refusal = used+p.idle, RefusedIdle
	}
	if p.absolute > 0 && created+p.absolute < expires {
		expires, refusal = created+p.absolute, RefusedExpired
	}
	return expires, refusal
}

// endedBy returns the field of Config that says when a session ends.
func (p *policy) endedBy(meta *payload.Metadata, used, now int64) string {
	switch expires, refusal := p.expiry(meta, used, now); {
	case refusal == RefusedIdle:
		return "IdleTimeout"
	case p.absolute > 0 && expires == payload.Past(meta.Created, now)+p.absolute:
		return "AbsoluteTimeout"
	}
	return "Lifetime"
}

// maxAge returns how long a browser is to keep a session's cookie; 0 leaves that to the
// browser's own end. Where a use puts the session's end off, the cookie must not
// be gone by then.
func (p *policy) maxAge(meta *payload.Metadata, now int64) int64 {
	if !meta.Permanent() {
		return 0
	}
	most := p.lifetime
	end := payload.Past(meta.Saved, now) + most
	if p.sliding {
		most = int64(maxLifetime / time.Second)
		end = now + most
	}
	if p.absolute > 0 {
		end = min(end, payload.Past(meta.Created, now)+p.absolute)
	}
	return min(end-now, most) // the clock may have been set back since
}

// Where a use puts the end of a permanent session off, its cookie is sent again though it did not
// change: browsers would drop it 400 days after it was set. That is rare, as such a response may
// overwrite what a parallel request changed, and early enough for a Lifetime of up to 266 days that begins
// anew with a use until then. A response that is lost has two successors that try again.
const resendAfter = int64(maxLifetime / 3 / time.Second)

// outdated reports whether the cookie of a session must be sent again before the browser drops it.
func (p *policy) outdated(meta *payload.Metadata, now int64) bool {
	if !p.sliding || !meta.Permanent() {
		return false
	}
	most := int64(maxLifetime / time.Second)
	if p.absolute > 0 && meta.Created+p.absolute <= meta.Saved+most {
		return false // the session ends before that
	}
	return now-meta.Saved >= resendAfter
}
