package runtime

import "sync"

// scratch holds buffers for plaintext on its way in or out. They are wiped before
// they go back, so that a value does not outlive its request.
var scratch = sync.Pool{New: func() any { return new(make([]byte, 0, 1024)) }}

func getScratch() *[]byte { return scratch.Get().(*[]byte) }

func putScratch(b *[]byte) {
	clear(*b)
	*b = (*b)[:0]
	scratch.Put(b)
}
