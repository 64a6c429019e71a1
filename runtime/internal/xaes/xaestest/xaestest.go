// Package xaestest is a second XAES-256-GCM, for tests: written from the
// specifications it cites, sharing no code with package xaes, and taking the nonce
// that it is given. It is slow and its timing depends on secrets.
package xaestest

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"math/big"
)

// Seal returns ciphertext | tag for a 32-byte key and a 24-byte nonce.
func Seal(key, nonce, plaintext, aad []byte) []byte {
	kx, nx := Derive(key, nonce)
	stream, mask := ctr(kx, nx)
	ciphertext := make([]byte, len(plaintext))
	stream.XORKeyStream(ciphertext, plaintext)
	return append(ciphertext, tag(kx, mask, ciphertext, aad)...)
}

// Open is the inverse of Seal; ok is false if the tag does not fit.
func Open(key, nonce, sealed, aad []byte) (plaintext []byte, ok bool) {
	if len(sealed) < 16 {
		return nil, false
	}
	kx, nx := Derive(key, nonce)
	stream, mask := ctr(kx, nx)
	ciphertext := sealed[:len(sealed)-16]
	if !bytes.Equal(sealed[len(sealed)-16:], tag(kx, mask, ciphertext, aad)) {
		return nil, false
	}
	plaintext = make([]byte, len(ciphertext))
	stream.XORKeyStream(plaintext, ciphertext)
	return plaintext, true
}

// Derive returns the key and the nonce of the AES-256-GCM underneath: the counter
// KDF of SP 800-108r1 section 4.1, with a 16-bit counter, the label X, the context
// nonce[:12], and CMAC.
func Derive(key, nonce []byte) (kx, nx []byte) {
	for _, i := range []byte{1, 2} {
		input := append([]byte{0, i, 'X', 0}, nonce[:12]...)
		kx = append(kx, cmac(key, input)...)
	}
	return kx, nonce[12:24]
}

// cmac is SP 800-38B section 6.2 for messages of one full block.
func cmac(key, block []byte) []byte {
	k1 := K1(L(key))
	return encrypt(key, new(big.Int).Xor(number(block), number(k1)))
}

// L is the all-zero block, encrypted.
func L(key []byte) []byte { return encrypt(key, new(big.Int)) }

// K1 is SP 800-38B section 6.1, steps 2: L doubled in GF(2^128).
func K1(l []byte) []byte {
	k1 := new(big.Int).Lsh(number(l), 1)
	if k1.Bit(128) == 1 {
		k1.SetBit(k1, 128, 0).Xor(k1, big.NewInt(0x87))
	}
	return k1.FillBytes(make([]byte, 16))
}

func number(b []byte) *big.Int { return new(big.Int).SetBytes(b) }

func encrypt(key []byte, n *big.Int) []byte {
	b := n.FillBytes(make([]byte, 16))
	block(key).Encrypt(b, b)
	return b
}

func block(key []byte) cipher.Block {
	b, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	return b
}

// ctr returns the key stream of SP 800-38D section 7.1, and the block of it,
// that of counter 1, that masks the tag.
func ctr(kx, nx []byte) (cipher.Stream, []byte) {
	stream := cipher.NewCTR(block(kx), append(bytes.Clone(nx), 0, 0, 0, 1))
	mask := make([]byte, 16)
	stream.XORKeyStream(mask, mask)
	return stream, mask
}

// tag is SP 800-38D section 7.1, steps 4 to 6.
func tag(kx, mask, ciphertext, aad []byte) []byte {
	var input []byte
	for _, part := range [][]byte{aad, ciphertext} {
		input = append(input, part...)
		input = append(input, make([]byte, -len(part)&15)...)
	}
	input = binary.BigEndian.AppendUint64(input, uint64(len(aad))*8)
	input = binary.BigEndian.AppendUint64(input, uint64(len(ciphertext))*8)
	s := ghash(encrypt(kx, new(big.Int)), input)
	return new(big.Int).Xor(number(s), number(mask)).FillBytes(make([]byte, 16))
}

// ghash is SP 800-38D section 6.4 with the multiplication of section 6.3, bit by bit.
func ghash(key, input []byte) []byte {
	h0, h1 := binary.BigEndian.Uint64(key), binary.BigEndian.Uint64(key[8:])
	var y0, y1 uint64
	for ; len(input) > 0; input = input[16:] {
		x0 := y0 ^ binary.BigEndian.Uint64(input)
		x1 := y1 ^ binary.BigEndian.Uint64(input[8:])
		y0, y1 = 0, 0
		v0, v1 := h0, h1
		for range 128 {
			if x0>>63 == 1 {
				y0, y1 = y0^v0, y1^v1
			}
			x0, x1 = x0<<1|x1>>63, x1<<1
			carry := v1 & 1
			v0, v1 = v0>>1^carry*(0xe1<<56), v1>>1|v0<<63
		}
	}
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, y0), y1)
}
