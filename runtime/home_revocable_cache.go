package runtime

import (
	"sync"
	"time"
)

// A denialCache keeps the store's answers for some time. A nil cache keeps none.
type denialCache struct {
	keep time.Duration

	mu      sync.Mutex
	answers map[string]cachedDenial
}

// A cachedDenial is what a record said at a time. moved says whether the record is about the id of a
// session that moved.
type cachedDenial struct {
	mark
	moved bool
	at    time.Time
}

// maxCachedDenials is the most answers that are kept, at about 150 bytes each.
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

// put keeps the content of a record and returns it.
func (c *denialCache) put(key string, rec Record) cachedDenial {
	known := cachedDenial{mark{rec.Version, rec.Principal}, rec.Principal != "" || len(rec.Data) > 0, time.Now()}
	if c == nil {
		return known
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	// A revocation is final. An answer with an older version is from before it.
	if old, ok := c.answers[key]; ok && old.version > rec.Version && time.Since(old.at) < c.keep {
		return known
	}
	if len(c.answers) >= maxCachedDenials {
		clear(c.answers)
	}
	c.answers[key] = known
	return known
}
