package runtime

import (
	"time"

	"github.com/sessiongen/sessiongen/runtime/internal/payload"
)

// A policy determines when sessions end. All times are in seconds.
type policy struct {
	lifetime  int64
	idle      int64 // 0 for none
	absolute  int64 // 0 for none
	sliding   bool
	refresh   int64
	permanent bool // new sessions outlive the browser

	deviceBound int64 // how long a device's proof is valid; 0 if none is required
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

// slides reports whether using a session prolongs it.
func (p *policy) slides(meta *payload.Metadata) bool {
	return p.idle > 0 || p.sliding && meta.Permanent()
}

// expiry returns when a session that was last used at a time expires, and the refusal that it then
// gets.
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

// endedBy returns the field of Config that determines when a session ends.
func (p *policy) endedBy(meta *payload.Metadata, used, now int64) string {
	switch expires, refusal := p.expiry(meta, used, now); {
	case refusal == RefusedIdle:
		return "IdleTimeout"
	case p.absolute > 0 && expires == payload.Past(meta.Created, now)+p.absolute:
		return "AbsoluteTimeout"
	}
	return "Lifetime"
}

// maxAge returns the cookie's Max-Age. 0 means that the cookie ends with the browser. If using the
// session prolongs it, the cookie must last until then.
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
	return min(end-now, most) // the clock may have been set back
}

// If using a permanent session prolongs it, an unchanged session's cookie is sent again after this
// many seconds, because browsers drop a cookie 400 days after it was set. This is rare, because such
// a response may overwrite a parallel request's change. It is early enough for a Lifetime of up to
// 266 days, and if the response is lost, two later ones can still replace it.
const resendAfter = int64(maxLifetime / 3 / time.Second)

// outdated reports whether a session's cookie must be sent again before the browser drops it.
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
