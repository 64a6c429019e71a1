// Package storeplan decides how a session is saved in a store.
package storeplan

// An Action is a kind of write to the store.
type Action uint8

const (
	None    Action = iota
	Insert         // write a new record under the session's id
	Replace        // replace the record
	Move           // write a new record under the session's new id, then a tombstone in the old place
	MoveOn         // the same, but replace the record that is already there under the new id
	Bury           // replace the record by a tombstone
)

// For returns the action for a session. found says whether it has a record, empty whether it has
// nothing to keep, moves whether it has a new id, and inserted whether an earlier attempt has written
// a record under that id.
func For(found, empty, moves, inserted bool) Action {
	switch {
	case !found && empty:
		return None
	case empty:
		return Bury
	case !found:
		return Insert
	case !moves:
		return Replace
	case inserted:
		return MoveOn
	}
	return Move
}
