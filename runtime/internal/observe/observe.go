// Package observe lets package sessiontest see what happens to the sessions that it
// opens itself, of which the program under test is not to hear.
package observe

// Key is the context key of a func(runtime.Event) that is told the events of the
// sessions opened with the context, in place of the program.
type Key struct{}
