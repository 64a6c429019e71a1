package sessiontest

import (
	"sync"
	"time"
)

// A Clock stands still until Advance moves it. Its method Now is for Config.Time:
//
//	clock := sessiontest.NewClock(time.Now())
//	sessions, err := web.NewSessionManager(runtime.Config{Keys: keys, Time: clock.Now})
//
// Several goroutines may use it at once. It does not move the clock of a cookie jar.
//
// Package testing/synctest is an alternative that moves every clock of the test: without
// Config.Time, time.Sleep then lets sessions age.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock returns a clock that shows start.
func NewClock(start time.Time) *Clock { return &Clock{now: start} }

// Now returns the time that the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock forward by d, or back if d is negative.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
