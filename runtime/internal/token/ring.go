package token

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"sync/atomic"

	"github.com/sessiongen/sessiongen/runtime/internal/xaes"
)

const (
	masterSize = 32
	maxKeys    = 64

	// sealBound is how many messages are sealed under one nonce prefix. The other 12 bytes of the
	// nonce are random, so the chance that any two of 2^20 are equal is below 2^-57. NIST SP 800-38D
	// allows 2^32 messages.
	sealBound = 1 << 20
)

// Ring is a list of keys for one cookie name and purpose. The first key seals, and all keys open. A
// Ring is safe for concurrent use, must not be copied, and prints as a placeholder.
type Ring struct {
	keys    []*key // pointers: fmt calls no methods on unexported fields, so it prints addresses alone
	sealing atomic.Pointer[sealer]
	bound   uint64
}

// key holds what the ring derives from a master key.
type key struct {
	id     [idSize]byte
	print  [sha256.Size]byte // tells keys with equal ids apart
	aad    []byte
	derive func(prefix *[xaes.PrefixSize]byte) (cipher.AEAD, error)

	// recent caches the subkeys of authentic tokens that other processes or earlier runs sealed,
	// newest first. Forged tokens are not cached, so an attacker without real tokens cannot evict
	// them.
	recent [4]atomic.Pointer[subkey]
}

// subkey is the AEAD of the tokens that begin with head.
type subkey struct {
	head [headSize]byte
	aead cipher.AEAD
}

// sealer is a subkey with a random prefix, for a limited number of messages.
type sealer struct {
	subkey
	used atomic.Uint64
}

// NewRing derives a ring from 1 to 64 different master keys of 32 bytes each. It keeps no reference
// to them. Errors identify a key by its index. The cookie name and the purpose must be shorter than
// 2^16 bytes each.
func NewRing(masters [][]byte, name, purpose string) (*Ring, error) {
	switch {
	case max(len(name), len(purpose)) > math.MaxUint16:
		return nil, errors.New("session: the cookie name is too long")
	case len(masters) == 0:
		return nil, errors.New("session: no key")
	case len(masters) > maxKeys:
		return nil, fmt.Errorf("session: %d keys, want at most %d", len(masters), maxKeys)
	}
	r := &Ring{bound: sealBound}
	for i, master := range masters {
		k, err := newKey(master, name, purpose)
		if err != nil {
			return nil, fmt.Errorf("session: keys[%d]: %w", i, err)
		}
		if same := r.index(k.id); same >= 0 {
			return nil, fmt.Errorf("session: keys[%d]: the same key id as keys[%d]", i, same)
		}
		r.keys = append(r.keys, k)
	}
	s, err := newSealer(r.keys[0])
	if err != nil {
		return nil, err
	}
	r.sealing.Store(s)
	return r, nil
}

func newKey(master []byte, name, purpose string) (*key, error) {
	if len(master) != masterSize {
		return nil, fmt.Errorf("%d bytes long, want %d", len(master), masterSize)
	}
	id, err := hkdf.Key(sha256.New, master, nil, "sessiongen v1 key id: "+purpose, idSize)
	if err != nil {
		return nil, err
	}
	raw, err := hkdf.Key(sha256.New, master, nil, "sessiongen v1 cookie key", xaes.KeySize)
	if err != nil {
		return nil, err
	}
	defer clear(raw)
	x, err := xaes.NewKey(raw)
	if err != nil {
		return nil, err
	}
	print, err := hkdf.Key(sha256.New, master, nil, "sessiongen v1 key print", sha256.Size)
	if err != nil {
		return nil, err
	}
	k := &key{id: [idSize]byte(id), print: [sha256.Size]byte(print), derive: x.Derive}
	k.aad = additionalData(k.id, name, purpose)
	return k, nil
}

// index returns the index of the key with this id, or -1.
func (r *Ring) index(id [idSize]byte) int {
	return slices.IndexFunc(r.keys, func(k *key) bool { return k.id == id })
}

// Same reports whether two rings have the same keys in the same order.
func (r *Ring) Same(other *Ring) bool {
	return slices.EqualFunc(r.keys, other.keys, func(a, b *key) bool { return a.print == b.print })
}

// known returns the cached subkey for tokens that begin with head, or nil.
func (r *Ring) known(k *key, head *[headSize]byte) *subkey {
	if s := r.sealing.Load(); s.head == *head {
		return &s.subkey
	}
	for i := range k.recent {
		if s := k.recent[i].Load(); s != nil && s.head == *head {
			return s
		}
	}
	return nil
}

// sealer returns a subkey that may seal one message.
func (r *Ring) sealer() (*subkey, error) {
	for {
		s := r.sealing.Load()
		if s.used.Add(1) <= r.bound {
			return &s.subkey, nil
		}
		next, err := newSealer(r.keys[0])
		if err != nil {
			return nil, err
		}
		if r.sealing.CompareAndSwap(s, next) {
			r.keys[0].remember(&s.subkey)
		}
	}
}

func newSealer(k *key) (*sealer, error) {
	var head [headSize]byte
	head[0] = suite
	copy(head[1:], k.id[:])
	rand.Read(head[1+idSize:])
	s, err := k.subkey(head)
	if err != nil {
		return nil, err
	}
	return &sealer{subkey: *s}, nil
}

// subkey derives the AEAD of the tokens that begin with head.
func (k *key) subkey(head [headSize]byte) (*subkey, error) {
	s := &subkey{head: head}
	var err error
	s.aead, err = k.derive((*[xaes.PrefixSize]byte)(s.head[1+idSize:]))
	return s, err
}

// remember puts s first among the recent subkeys and drops the last.
func (k *key) remember(s *subkey) {
	for i := range k.recent {
		s = k.recent[i].Swap(s)
	}
}

// String returns a placeholder.
func (r *Ring) String() string { return "token.Ring(REDACTED)" }

// Format writes the placeholder, whatever the verb.
func (r *Ring) Format(s fmt.State, _ rune) { io.WriteString(s, r.String()) }
