package token

import "sync"

// maxPooled is the largest buffer that is kept, in bytes: four cookies' worth.
const maxPooled = 16 << 10

var pool = sync.Pool{New: func() any { return new(scratch) }}

// scratch is a buffer for a token's raw bytes.
type scratch struct{ bytes []byte }

// newScratch returns a buffer of n bytes, which free must take back.
func newScratch(n int) *scratch {
	b := pool.Get().(*scratch)
	if cap(b.bytes) < n {
		b.bytes = make([]byte, max(n, 512))
	}
	b.bytes = b.bytes[:n]
	return b
}

// free wipes the buffer and keeps it for the next token.
func (b *scratch) free() {
	clear(b.bytes)
	if cap(b.bytes) <= maxPooled {
		pool.Put(b)
	}
}
