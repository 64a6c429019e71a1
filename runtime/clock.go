package runtime

import (
	"sync/atomic"
	"time"
)

// A clock tells the time in Unix seconds. time.Now reads two clocks of the machine, which is a large
// part of the cost of a session. A clock reads both once a second, and between that uses the
// monotonic one alone.
type clock struct {
	source func() time.Time // the program's own; nil for the machine's
	anchor atomic.Pointer[anchor]
}

// An anchor is one reading of both clocks.
type anchor struct {
	at   time.Time
	unix time.Duration // since 1970
}

func (c *clock) now() int64 {
	if c.source != nil {
		return max(0, c.source().Unix()) // a sealed time must not be negative
	}
	return int64(c.since1970() / time.Second)
}

// since1970 returns the machine's time.
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
