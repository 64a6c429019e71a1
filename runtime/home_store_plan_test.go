package runtime

import "testing"

// TestPlan goes over all inputs.
func TestPlan(t *testing.T) {
	const yes, no = true, false
	for _, c := range []struct {
		found, empty, moves, inserted bool
		want                          action
	}{
		// Not in the store: there is something to write, or not. A record that waits under a new
		// id belongs to a session that was found, so that inserted cannot be.
		{no, no, no, no, actionInsert},
		{no, no, no, yes, actionInsert},
		{no, no, yes, no, actionInsert},
		{no, no, yes, yes, actionInsert},
		{no, yes, no, no, actionNone},
		{no, yes, no, yes, actionNone},
		{no, yes, yes, no, actionNone},
		{no, yes, yes, yes, actionNone},

		// In the store, with something in it.
		{yes, no, no, no, actionReplace},
		{yes, no, no, yes, actionReplace},
		{yes, no, yes, no, actionMove},
		{yes, no, yes, yes, actionMoveOn},

		// In the store, and empty now, whatever its id.
		{yes, yes, no, no, actionBury},
		{yes, yes, no, yes, actionBury},
		{yes, yes, yes, no, actionBury},
		{yes, yes, yes, yes, actionBury},
	} {
		if got := plan(c.found, c.empty, c.moves, c.inserted); got != c.want {
			t.Errorf("plan(found %v, empty %v, moves %v, inserted %v) is %d, want %d",
				c.found, c.empty, c.moves, c.inserted, got, c.want)
		}
	}
}
