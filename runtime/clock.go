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
	return int64(c.since1970() / time.Second)
}

// since1970 is the machine's time.
func (c *clock) since1970() time.Duration {
	if a := c.anchor.Load(); a != nil {
		if since := time.Since(a.at); since >= 0 && since < time.Second {
			return a.unix + since
		}
	}
	now := time.Now()
	a := &anchor{now, time.Duration(now.UnixNano())}
	c.anchor.Store(a)
	return a.unix
}
