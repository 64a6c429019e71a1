package runtime

import "context"

// A homeMemory is a [MemoryStore] that skips two things for speed. It copies no data, because
// storeHome does not modify data that it passes to or gets from a store. It does not check its
// context, because a call that has just begun has not ended.
type homeMemory struct{ *MemoryStore }

// withoutCopies returns the store in the form that storeHome uses.
func withoutCopies(s Store) Store {
	if memory, ok := s.(*MemoryStore); ok {
		return homeMemory{memory}
	}
	return s
}

// Load implements [Store].
func (s homeMemory) Load(_ context.Context, key string) (Record, error) {
	return s.load(context.Background(), key)
}

// Insert implements [Store].
func (s homeMemory) Insert(_ context.Context, key string, r Record) error {
	return s.insert(context.Background(), key, r)
}

// Replace implements [Store].
func (s homeMemory) Replace(_ context.Context, key string, version uint64, r Record) error {
	return s.replace(context.Background(), key, version, r)
}
