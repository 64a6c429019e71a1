package payload

import (
	"testing"

	"github.com/sessiongen/sessiongen/runtime/internal/token"
)

// The token of an ordinary session fits into the room that is allocated with its contents.
func TestRoomForOrdinarySession(t *testing.T) {
	schema, err := NewSchema(nil)
	if err != nil {
		t.Fatal(err)
	}
	if room, want := cap(New(schema).Room()), 168+token.Overhead; room < want {
		t.Errorf("the room has %d bytes, want at least %d", room, want)
	}
}
