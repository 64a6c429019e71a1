// Package xaes is XAES-256-GCM, the extended-nonce AEAD of
// https://c2sp.org/XAES-256-GCM, on the standard library's AES and GCM alone.
//
// The first half of the 24-byte nonce, called prefix here, picks a subkey; the
// second half is the nonce of AES-256-GCM under it. That GCM draws its own random
// nonce and writes it before the ciphertext, the only form of GCM that
// GODEBUG=fips140=only allows. So prefix | Seal's output is nonce | ciphertext | tag
// exactly as in the specification, and every implementation of it opens the result.
package xaes

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
)

// Sizes in bytes. Overhead is what the AEAD of a prefix adds to a plaintext:
// the second half of the nonce and the tag.
const (
	KeySize    = 32
	PrefixSize = 12
	Overhead   = 12 + 16
)

var errKeySize = errors.New("xaes: the key is not 32 bytes long")

// Key is a prepared key. It is immutable, safe for concurrent use, and prints
// as a placeholder.
type Key struct {
	// subkey is the KDF under this key. It is a closure because fmt calls no methods
	// on unexported fields: it would show anything else to whoever prints a struct
	// that holds a Key, but it never looks into a func.
	subkey func(sub *[KeySize]byte, prefix *[PrefixSize]byte)
}

// NewKey prepares a 32-byte key. It keeps no reference to key.
func NewKey(key []byte) (*Key, error) {
	if len(key) != KeySize {
		return nil, errKeySize
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	var k1 [aes.BlockSize]byte // the CMAC subkey of full blocks
	block.Encrypt(k1[:], k1[:])
	double(&k1)
	// The counter KDF of NIST SP 800-108 with CMAC, whose input is one full block,
	// so that each half costs one AES block: the specification's steps 3 to 5.
	return &Key{func(sub *[KeySize]byte, prefix *[PrefixSize]byte) {
		for i := range byte(2) {
			m := sub[i*aes.BlockSize:][:aes.BlockSize]
			copy(m, []byte{0, i + 1, 'X', 0})
			copy(m[4:], prefix[:])
			subtle.XORBytes(m, m, k1[:])
			block.Encrypt(m, m)
		}
	}}, nil
}

// double multiplies by two in GF(2^128), without a branch on the secret.
func double(b *[aes.BlockSize]byte) {
	msb := b[0] >> 7
	for i := range len(b) - 1 {
		b[i] = b[i]<<1 | b[i+1]>>7
	}
	b[len(b)-1] = b[len(b)-1]<<1 ^ msb*0x87
}

// Derive returns the AEAD of the nonces that begin with prefix. Its Seal appends
// a random second half of the nonce, the ciphertext and the tag; its Open takes
// the same; both want an empty nonce. It is good for 2^32 messages.
func (k *Key) Derive(prefix *[PrefixSize]byte) (cipher.AEAD, error) {
	var sub [KeySize]byte
	defer clear(sub[:])
	k.subkey(&sub, prefix)
	block, err := aes.NewCipher(sub[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// String returns a placeholder.
func (Key) String() string { return "xaes.Key(REDACTED)" }

// Format writes the placeholder, whatever the verb.
func (k Key) Format(s fmt.State, _ rune) { io.WriteString(s, k.String()) }
