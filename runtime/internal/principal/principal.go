// Package principal hashes principals for a store, which must not learn whose sessions it keeps.
package principal

import (
	"bytes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"hash/maphash"
	"sync"
	"sync/atomic"

	"github.com/sessiongen/sessiongen/runtime/internal/token"
)

// A Key hashes the principals of sessions with cookies of one name.
type Key struct {
	cookie string // the cookie's name
	id     string
	tag    string
	macs   sync.Pool // of *mac

	// recent caches hashes. Every request for a session in a store hashes its principal, and a
	// visitor's requests come close together.
	recent [256]atomic.Pointer[recentHash]
}

// A recentHash is a principal and its hash.
type recentHash struct {
	principal []byte
	text      string
}

// maxRecentSize is the largest principal in the cache, in bytes, so that large ones do not hold
// memory.
const maxRecentSize = 128

var recentSeed = maphash.MakeSeed()

// TagSize is the length of a tag in bytes.
const TagSize = 8

// A mac is the state for one hash.
type mac struct {
	hash.Hash
	in  []byte
	sum [sha256.Size]byte
}

// NewKeys derives a key from each master key, for a cookie's name.
func NewKeys(masters [][]byte, cookie string) ([]*Key, error) {
	var keys []*Key
	for _, master := range masters {
		key, err := hkdf.Key(sha256.New, master, nil, "sessiongen v1 principal key", sha256.Size)
		if err != nil {
			return nil, err
		}
		id, err := hkdf.Key(sha256.New, master, nil, "sessiongen v1 mark id", 16)
		if err != nil {
			return nil, err
		}
		keys = append(keys, &Key{
			cookie: cookie,
			id:     string(id),
			tag:    base64.RawURLEncoding.EncodeToString(id)[:TagSize],
			macs:   sync.Pool{New: func() any { return &mac{Hash: hmac.New(sha256.New, key)} }},
		})
	}
	return keys, nil
}

// ID identifies the key and reveals nothing of it.
func (k *Key) ID() string { return k.id }

// Tag is the beginning of ID as text, for lists of keys.
func (k *Key) Tag() string { return k.tag }

// Hash returns the hash of a principal's encoded value, or "" if there is no principal.
func (k *Key) Hash(raw []byte) string {
	if raw == nil {
		return ""
	}
	slot := &k.recent[maphash.Bytes(recentSeed, raw)%uint64(len(k.recent))]
	if known := slot.Load(); known != nil && bytes.Equal(known.principal, raw) {
		return known.text
	}
	text := k.compute(raw)
	if len(raw) <= maxRecentSize {
		slot.Store(&recentHash{bytes.Clone(raw), text})
	}
	return text
}

func (k *Key) compute(raw []byte) string {
	m := k.macs.Get().(*mac)
	defer k.macs.Put(m)
	m.in = append(append(append(m.in[:0], k.cookie...), 0), raw...)
	m.Reset()
	m.Write(m.in)
	m.Sum(m.sum[:0])
	text := token.HashText(&m.sum)
	clear(m.in)
	return text
}
