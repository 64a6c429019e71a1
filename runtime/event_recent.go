package runtime

import (
	"slices"
	"sync"

	"github.com/sessiongen/sessiongen/runtime/internal/portrait"
)

// recentEvents keeps a manager's latest events for the debug page.
type recentEvents struct {
	keep   bool
	mu     sync.Mutex
	events []portrait.Event // oldest first
}

// maxRecent is how many events are kept.
const maxRecent = 50

// add keeps an event, with the current time.
func (r *recentEvents) add(e Event, clock *clock) {
	if !r.keep {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.events) == maxRecent {
		r.events = slices.Delete(r.events, 0, 1)
	}
	r.events = append(r.events, portrait.Event{
		Time: unixTime(clock.now()), Kind: string(e.Kind), Reason: e.Reason, Field: e.Field,
		Method: e.Method, Path: e.Path, Largest: e.Largest,
	})
}

// all returns the events, newest first.
func (r *recentEvents) all() []portrait.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	events := slices.Clone(r.events)
	slices.Reverse(events)
	return events
}
