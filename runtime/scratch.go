package runtime

import "sync"

// scratch holds buffers for plaintext on its way in or out. They are wiped before
// they go back, so that a value does not outlive its request.
var scratch = sync.Pool{New: func() any { return new(make([]byte, 0, 512)) }}

// maxScratch keeps one large value from holding memory for good.
const maxScratch = 64 << 10

func getScratch() *[]byte { return scratch.Get().(*[]byte) }

func putScratch(b *[]byte) {
	clear(*b)
	*b = (*b)[:0]
	if cap(*b) <= maxScratch {
		scratch.Put(b)
	}
}
