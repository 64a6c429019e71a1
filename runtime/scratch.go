package runtime

import "sync"

// scratch holds buffers for plaintext. They are wiped before they are reused, so that a value does
// not outlive its request.
var scratch = sync.Pool{New: func() any { return new(make([]byte, 0, 512)) }}

// maxScratch is the largest buffer that is kept, so that one large value does not hold memory.
const maxScratch = 64 << 10

func getScratch() *[]byte { return scratch.Get().(*[]byte) }

func putScratch(b *[]byte) {
	clear(*b)
	*b = (*b)[:0]
	if cap(*b) <= maxScratch {
		scratch.Put(b)
	}
}
