package runtime

import (
	"testing"
	"unsafe"
)

// An exchange is allocated for each request. Past this size, the allocator would take an eighth
// more for it.
func TestExchangeSize(t *testing.T) {
	if size := unsafe.Sizeof(exchange[struct{ Session }]{}); size > 512 {
		t.Errorf("an exchange takes %d bytes", size)
	}
}
