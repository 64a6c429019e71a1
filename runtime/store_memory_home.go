package runtime

import "context"

// A homeMemory is a [MemoryStore] without the copies of data that it makes for programs: storeHome
// changes no data that it got from a store or gave to one.
type homeMemory struct{ *MemoryStore }

// withoutCopies returns the store for storeHome.
func withoutCopies(s Store) Store {
	if memory, ok := s.(*MemoryStore); ok {
		return homeMemory{memory}
	}
	return s
}

// Load implements [Store].
func (s homeMemory) Load(ctx context.Context, key string) (Record, error) { return s.load(ctx, key) }

// Insert implements [Store].
func (s homeMemory) Insert(ctx context.Context, key string, r Record) error {
	return s.insert(ctx, key, r)
}

// Replace implements [Store].
func (s homeMemory) Replace(ctx context.Context, key string, version uint64, r Record) error {
	return s.replace(ctx, key, version, r)
}
