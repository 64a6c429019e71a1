package runtime

import (
	"testing"
	"unsafe"

	"github.com/sessiongen/sessiongen/runtime/internal/payload"
	"github.com/sessiongen/sessiongen/runtime/internal/token"
)

// An exchange is allocated for each request. Past this size, the allocator would take an eighth
// more for it.
func TestExchangeSize(t *testing.T) {
	if size := unsafe.Sizeof(exchange[struct{ Session }]{}); size > 512 {
		t.Errorf("an exchange takes %d bytes, want at most 512", size)
	}
}

// An ordinary session fits into the room allocated for it, which takes no more than the allocator
// rounds up to anyway.
func TestRoomForOrdinarySession(t *testing.T) {
	schema, err := payload.NewSchema(nil)
	if err != nil {
		t.Fatal(err)
	}
	if room := cap(payload.New(schema).Room()); room < 168+token.Overhead {
		t.Errorf("a session has room for a token of %d bytes, want at least %d", room, 168+token.Overhead)
	}
	if size := unsafe.Sizeof(opened{}); size > 512 {
		t.Errorf("an opened session takes %d bytes, want at most 512", size)
	}
}
