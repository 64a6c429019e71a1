package runtime

import (
	"sync/atomic"
	"time"
)

// A clock tells the time in Unix seconds. Reading both of a machine's clocks, as
// time.Now does, is a good part of what a session costs, so that it reads them once a
// second and counts on with the monotonic one.
type clock struct {
	source func() time.Time // the program's own; nil for the machine's
	anchor atomic.Pointer[anchor]
}

// An anchor is a reading of both clocks.
type anchor struct {
	at   time.Time
	unix time.Duration // since 1970
}

func (c *clock) now() int64 {
	if c.source != nil {
		return max(0, c.source().Unix()) // what is sealed is not negative
	}
	if a := c.anchor.Load(); a != nil {
		if since := time.Since(a.at); since >= 0 && since < time.Second {
			return int64((a.unix + since) / time.Second)
		}
	}
	now := time.Now()
	c.anchor.Store(&anchor{now, time.Duration(now.UnixNano())})
	return now.Unix()
}
