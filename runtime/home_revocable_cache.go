package runtime

import (
	"sync"
	"time"
)

// A denialCache keeps answers of the store for a time. One that keeps none is nil.
type denialCache struct {
	keep time.Duration

	mu      sync.Mutex
	answers map[string]cachedDenial
}

// A cachedDenial is what a record said at a time, and whether it is about the id of a session that
// moved.
type cachedDenial struct {
	mark
	moved bool
	at    time.Time
}

// maxCachedDenials bounds the cache, at about 150 bytes each.
const maxCachedDenials = 100_000

func newDenialCache(keep time.Duration) *denialCache {
	if keep == 0 {
		return nil
	}
	return &denialCache{keep: keep, answers: make(map[string]cachedDenial)}
}

func (c *denialCache) get(key string) (known cachedDenial, ok bool) {
	if c == nil {
		return known, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	known, ok = c.answers[key]
	return known, ok && time.Since(known.at) < c.keep
}

// put keeps what a record says, and returns it.
func (c *denialCache) put(key string, rec Record) cachedDenial {
	known := cachedDenial{mark{rec.Version, rec.Principal}, rec.Principal != "" || len(rec.Data) > 0, time.Now()}
	if c == nil {
		return known
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	// What is revoked stays so: a slower answer may be from before that.
	if old, ok := c.answers[key]; ok && old.version > rec.Version && time.Since(old.at) < c.keep {
		return known
	}
	if len(c.answers) >= maxCachedDenials {
		clear(c.answers)
	}
	c.answers[key] = known
	return known
}
