package long

import "runtime/debug"

// CollectRarely lets a test process use more memory in exchange for less garbage collection.
// TestMain calls it where that saves seconds.
func CollectRarely() { debug.SetGCPercent(400) }
