package runtime

import (
	"container/heap"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"
)

// MemoryStore is a [Store] in the memory of one process, for programs that run as a single
// process and for tests. Its records end with the process.
type MemoryStore struct {
	mu      sync.Mutex
	max     int
	clock   clock
	records map[string]*memoryRecord
	owned   map[string]map[string]*memoryRecord // sessions by principal, then by key
	order   [memoryClasses]memoryHeap           // the first to expire comes first
}

// A memoryClass determines which records go first when the store is full.
type memoryClass uint8

const (
	memoryTaken     memoryClass = iota // flows that were taken
	memoryAnonymous                    // sessions without a principal
	memoryOwned                        // sessions with a principal
	memoryKept                         // records without data, which are never evicted
	memoryClasses
)

func (r *Record) memoryClass() memoryClass {
	switch {
	case len(r.Data) == 0 && r.Principal == noteTaken:
		return memoryTaken
	case len(r.Data) == 0:
		return memoryKept
	case r.Principal != "":
		return memoryOwned
	}
	return memoryAnonymous
}

// A memoryRecord is a record of the store. Its data is never written to, because load returns it
// without a copy.
type memoryRecord struct {
	Record
	key   string
	index int // in the heap of its class
}

// NewMemoryStore returns a store for at most max records of up to 1 MiB each. A max below 1 counts
// as 1. When the store is full, a new record replaces the one that expires first: of the flows that
// were taken, else of the sessions without a principal, else of the others. Revocations are never
// replaced, and a store that is full of them fails. Make max large enough: in a full store, a
// log-out may miss a session that another request is moving to a new id.
func NewMemoryStore(max int) *MemoryStore {
	if max < 1 {
		max = 1
	}
	return &MemoryStore{max: max, records: make(map[string]*memoryRecord), owned: make(map[string]map[string]*memoryRecord)}
}

var errMemoryFull = errors.New("session: the memory store is full")

const (
	// memoryBatch is how many records DeleteByPrincipal and DeleteAll remove before they yield the
	// lock.
	memoryBatch = 1000

	// memoryPage is how many records List copies at once.
	memoryPage = 100
)

// lock locks the store and removes what has expired.
func (s *MemoryStore) lock(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	now := time.Unix(0, int64(s.clock.since1970()))
	for class := range s.order {
		for o := &s.order[class]; len(*o) > 0 && !now.Before((*o)[0].Expires); {
			s.remove((*o)[0])
		}
	}
	return nil
}

// Load implements [Store].
func (s *MemoryStore) Load(ctx context.Context, key string) (Record, error) {
	r, err := s.load(ctx, key)
	return r.copy(), err
}

// load is Load without a copy of the data.
func (s *MemoryStore) load(ctx context.Context, key string) (Record, error) {
	if err := s.lock(ctx); err != nil {
		return Record{}, err
	}
	defer s.mu.Unlock()
	r := s.records[key]
	if r == nil {
		return Record{}, ErrNoRecord
	}
	return r.Record, nil
}

// Insert implements [Store].
func (s *MemoryStore) Insert(ctx context.Context, key string, r Record) error {
	return s.insert(ctx, key, r.copy())
}

// insert is Insert without a copy of the data.
func (s *MemoryStore) insert(ctx context.Context, key string, r Record) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	if s.records[key] != nil {
		return ErrConflict
	}
	if !time.Now().Before(r.Expires) {
		return nil
	}
	if len(s.records) >= s.max && !s.evict(memoryTaken, memoryAnonymous, memoryOwned) {
		return errMemoryFull
	}
	s.add(key, r)
	return nil
}

// evict removes the first record of the first class that has any.
func (s *MemoryStore) evict(classes ...memoryClass) bool {
	for _, class := range classes {
		if o := s.order[class]; len(o) > 0 {
			s.remove(o[0])
			return true
		}
	}
	return false
}

// Replace implements [Store].
func (s *MemoryStore) Replace(ctx context.Context, key string, version uint64, r Record) error {
	return s.replace(ctx, key, version, r.copy())
}

// replace is Replace without a copy of the data.
func (s *MemoryStore) replace(ctx context.Context, key string, version uint64, r Record) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	old := s.records[key]
	if old == nil {
		return ErrNoRecord
	}
	if old.Version != version {
		return ErrConflict
	}
	if old.Principal != r.Principal || old.memoryClass() != r.memoryClass() {
		s.remove(old)
		s.add(key, r)
		return nil
	}
	old.Record = r
	heap.Fix(&s.order[r.memoryClass()], old.index)
	return nil
}

// Delete implements [Store].
func (s *MemoryStore) Delete(ctx context.Context, key string) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	if r := s.records[key]; r != nil {
		s.remove(r)
	}
	return nil
}

// List implements [Store].
func (s *MemoryStore) List(ctx context.Context, principal string, yield func(key string, r Record) bool) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	keys := slices.Collect(maps.Keys(s.owned[principal]))
	s.mu.Unlock()
	for some := range slices.Chunk(keys, memoryPage) {
		page, err := s.ownedOf(ctx, principal, some)
		if err != nil {
			return err
		}
		for _, m := range page {
			if !yield(m.key, m.Record) {
				return nil
			}
		}
	}
	return nil
}

// ownedOf copies the records with these keys that the principal still has.
func (s *MemoryStore) ownedOf(ctx context.Context, principal string, keys []string) ([]memoryRecord, error) {
	if err := s.lock(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	page := make([]memoryRecord, 0, len(keys))
	for _, key := range keys {
		if r := s.owned[principal][key]; r != nil {
			page = append(page, memoryRecord{Record: r.copy(), key: key})
		}
	}
	return page, nil
}

// DeleteByPrincipal implements [Store].
func (s *MemoryStore) DeleteByPrincipal(ctx context.Context, principal string) error {
	return s.inBatches(ctx, func() (more bool) {
		n := 0
		for _, r := range s.owned[principal] {
			if n++; n > memoryBatch {
				return true
			}
			s.remove(r)
		}
		return false
	})
}

// DeleteAll implements [Store].
func (s *MemoryStore) DeleteAll(ctx context.Context) error {
	return s.inBatches(ctx, func() (more bool) {
		for range memoryBatch {
			if !s.evict(memoryAnonymous, memoryOwned) {
				return false
			}
		}
		return true
	})
}

// inBatches calls f, with the store locked, until it returns false. f removes more at once than
// others can add before its next turn, so the loop ends.
func (s *MemoryStore) inBatches(ctx context.Context, f func() (more bool)) error {
	for more := true; more; {
		if err := s.lock(ctx); err != nil {
			return err
		}
		more = f()
		s.mu.Unlock()
	}
	return nil
}

// Len returns the number of records.
func (s *MemoryStore) Len() int {
	if s.lock(context.Background()) != nil {
		return 0
	}
	defer s.mu.Unlock()
	return len(s.records)
}

func (s *MemoryStore) add(key string, r Record) {
	m := &memoryRecord{Record: r, key: key}
	s.records[key] = m
	class := m.memoryClass()
	heap.Push(&s.order[class], m)
	if class == memoryOwned {
		if s.owned[r.Principal] == nil {
			s.owned[r.Principal] = make(map[string]*memoryRecord)
		}
		s.owned[r.Principal][key] = m
	}
}

func (s *MemoryStore) remove(r *memoryRecord) {
	delete(s.records, r.key)
	class := r.memoryClass()
	heap.Remove(&s.order[class], r.index)
	if class == memoryOwned {
		delete(s.owned[r.Principal], r.key)
		if len(s.owned[r.Principal]) == 0 {
			delete(s.owned, r.Principal)
		}
	}
}

func (r Record) copy() Record {
	r.Data = slices.Clone(r.Data)
	return r
}

type memoryHeap []*memoryRecord

func (h memoryHeap) Len() int           { return len(h) }
func (h memoryHeap) Less(i, j int) bool { return h[i].Expires.Before(h[j].Expires) }

func (h memoryHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *memoryHeap) Push(x any) {
	r := x.(*memoryRecord)
	r.index = len(*h)
	*h = append(*h, r)
}

func (h *memoryHeap) Pop() any {
	old := *h
	r := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return r
}
