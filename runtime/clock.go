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
	anchor atomic.Pointer[time.Time]
}

func (c *clock) now() int64 {
	if c.source != nil {
		return c.source().Unix()
	}
	if anchor := c.anchor.Load(); anchor != nil {
		if since := time.Since(*anchor); since >= 0 && since < time.Second {
			return anchor.Add(since).Unix()
		}
	}
	now := time.Now()
	c.anchor.Store(&now)
	return now.Unix()
}
