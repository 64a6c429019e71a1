package runtime

import (
	"testing"
	"unsafe"
)

// An exchange is allocated for each request. Past this size, the allocator would take an eighth
// more for it.
func TestExchangeSize(t *testing.T) {
	if size := unsafe.Sizeof(exchange[struct{ Session }]{}); size > 512 {
		t.Errorf("an exchange takes %d bytes, want at most 512", size)
	}
}

// An opened session has room for an ordinary one, and takes no more than the allocator rounds up to anyway.
func TestOpenedSize(t *testing.T) {
	if size := unsafe.Sizeof(opened{}); size > 512 {
		t.Errorf("an opened session takes %d bytes, want at most 512", size)
	}
}
