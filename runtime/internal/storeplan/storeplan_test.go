package storeplan

import "testing"

// TestFor goes over all inputs.
func TestFor(t *testing.T) {
	const yes, no = true, false
	for _, c := range []struct {
		found, empty, moves, inserted bool
		want                          Action
	}{
		// Not in the store: there is something to write, or not. A record that waits under a new
		// id belongs to a session that was found, so that inserted cannot be.
		{no, no, no, no, Insert},
		{no, no, no, yes, Insert},
		{no, no, yes, no, Insert},
		{no, no, yes, yes, Insert},
		{no, yes, no, no, None},
		{no, yes, no, yes, None},
		{no, yes, yes, no, None},
		{no, yes, yes, yes, None},

		// In the store, with something in it.
		{yes, no, no, no, Replace},
		{yes, no, no, yes, Replace},
		{yes, no, yes, no, Move},
		{yes, no, yes, yes, MoveOn},

		// In the store, and empty now, whatever its id.
		{yes, yes, no, no, Bury},
		{yes, yes, no, yes, Bury},
		{yes, yes, yes, no, Bury},
		{yes, yes, yes, yes, Bury},
	} {
		if got := For(c.found, c.empty, c.moves, c.inserted); got != c.want {
			t.Errorf("For(found %v, empty %v, moves %v, inserted %v) is %d, want %d",
				c.found, c.empty, c.moves, c.inserted, got, c.want)
		}
	}
}
