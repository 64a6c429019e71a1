package runtime

import "time"

// A policy says when sessions end. All times are in seconds.
type policy struct {
	lifetime int64
	idle     int64 // 0 for none
	absolute int64 // 0 for none
	sliding  bool
	refresh  int64
}

func newPolicy(cfg Config) policy {
	return policy{
		lifetime: int64(cfg.Lifetime / time.Second),
		idle:     int64(cfg.IdleTimeout / time.Second),
		absolute: int64(cfg.AbsoluteTimeout / time.Second),
		sliding:  cfg.Sliding,
		refresh:  int64(cfg.RefreshAfter / time.Second),
	}
}

// slides reports whether a mere use of a session puts its end off.
func (p *policy) slides(meta *metadata) bool {
	return p.idle > 0 || p.sliding && meta.permanent()
}

// end returns when a session stops being accepted that was last used at a time, and
// the refusal that it then meets.
func (p *policy) end(meta *metadata, used int64) (end int64, refusal string) {
	from := meta.seen
	if p.sliding && meta.permanent() {
		from = used
	}
	end, refusal = from+p.lifetime, RefusedExpired
	if p.idle > 0 && used+p.idle < end {
		end, refusal = used+p.idle, RefusedIdle
	}
	if p.absolute > 0 && meta.created+p.absolute < end {
		end, refusal = meta.created+p.absolute, RefusedExpired
	}
	return end, refusal
}

// maxAge returns how long a browser is to keep a session's cookie; 0 leaves that to the
// browser's own end. Where a use puts the session's end off, the cookie must not
// be gone by then.
func (p *policy) maxAge(meta *metadata, now int64) int64 {
	if !meta.permanent() {
		return 0
	}
	most := p.lifetime
	end := meta.seen + most
	if p.sliding {
		most = int64(maxLifetime / time.Second)
		end = now + most
	}
	if p.absolute > 0 {
		end = min(end, meta.created+p.absolute)
	}
	return min(end-now, most) // the clock may have been set back since
}
