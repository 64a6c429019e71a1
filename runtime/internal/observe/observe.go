// Package observe lets package sessiontest observe the sessions that it opens itself, without the
// program under test seeing their events.
package observe

// Key is the context key of a func(runtime.Event). That function, and not the program, gets the
// events of sessions that are opened with the context.
type Key struct{}
