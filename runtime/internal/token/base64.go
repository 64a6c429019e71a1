package token

import (
	"crypto/sha256"
	"encoding/binary"
)

// This is base64url of RFC 4648 section 5 without padding. It is strict: trailing bits must be zero,
// and line breaks are invalid, so every byte string has exactly one text. It takes about half the
// time of encoding/base64.

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

var (
	encodeTable [1 << 12]uint16 // 12 bits to two characters, the first one in the low byte
	decodeTable [4][256]uint32  // a character to its 6 bits, shifted to its place among four
)

// invalid marks a character outside of the alphabet. The 24 bits of valid entries do not include it.
const invalid = 1 << 31

func init() {
	for bits := range encodeTable {
		encodeTable[bits] = uint16(alphabet[bits>>6]) | uint16(alphabet[bits&63])<<8
	}
	for place := range decodeTable {
		table := &decodeTable[place]
		for c := range table {
			table[c] = invalid
		}
		for value, c := range []byte(alphabet) {
			table[c] = uint32(value) << (18 - 6*place)
		}
	}
}

// textLen returns the length of the text of n bytes.
func textLen(n int) int { return n/3*4 + (n%3*8+5)/6 }

// rawLen returns how many bytes a text of n characters stands for.
func rawLen(n int) int { return n/4*3 + n%4*6/8 }

// HashTextLen is the length of the text of a SHA-256 hash.
const HashTextLen = (sha256.Size*8 + 5) / 6

// HashText returns the text of a hash, as a store's keys and principals have it.
func HashText(sum *[sha256.Size]byte) string {
	var text [HashTextLen]byte
	encodeText(text[:], sum[:])
	return string(text[:])
}

// encodeText writes the text of raw to out, which must have length textLen(len(raw)). raw may lie at
// the end of out, because each part of raw is read before it is overwritten.
func encodeText(out, raw []byte) {
	for len(raw) >= 14 && len(out) >= 16 { // two at once: four fifths of the time
		first, second := binary.BigEndian.Uint64(raw), binary.BigEndian.Uint64(raw[6:])
		binary.LittleEndian.PutUint64(out, encodeSix(first))
		binary.LittleEndian.PutUint64(out[8:], encodeSix(second))
		raw, out = raw[12:], out[16:]
	}
	for len(raw) >= 8 && len(out) >= 8 {
		v := binary.BigEndian.Uint64(raw)
		binary.LittleEndian.PutUint64(out, encodeSix(v))
		raw, out = raw[6:], out[8:]
	}
	for len(raw) >= 3 && len(out) >= 4 {
		v := uint(raw[0])<<16 | uint(raw[1])<<8 | uint(raw[2])
		out[0], out[1], out[2], out[3] = alphabet[v>>18], alphabet[v>>12&63], alphabet[v>>6&63], alphabet[v&63]
		raw, out = raw[3:], out[4:]
	}
	switch len(raw) {
	case 1:
		v := uint(raw[0])
		out[0], out[1] = alphabet[v>>2], alphabet[v<<4&63]
	case 2:
		v := uint(raw[0])<<8 | uint(raw[1])
		out[0], out[1], out[2] = alphabet[v>>10], alphabet[v>>4&63], alphabet[v<<2&63]
	}
}

// encodeSix returns the eight characters of the first six bytes of v, the first one in the low byte.
func encodeSix(v uint64) uint64 {
	return uint64(encodeTable[v>>52]) | uint64(encodeTable[v>>40&0xfff])<<16 |
		uint64(encodeTable[v>>28&0xfff])<<32 | uint64(encodeTable[v>>16&0xfff])<<48
}

// decodeText decodes text into raw, which must have length rawLen(len(text)), and reports whether
// text is valid and strict.
func decodeText(raw []byte, text string) bool {
	t0, t1, t2, t3 := &decodeTable[0], &decodeTable[1], &decodeTable[2], &decodeTable[3]
	var seen uint32
	for len(text) >= 8 && len(raw) >= 8 {
		v := t0[text[0]] | t1[text[1]] | t2[text[2]] | t3[text[3]]
		w := t0[text[4]] | t1[text[5]] | t2[text[6]] | t3[text[7]]
		seen |= v | w
		binary.BigEndian.PutUint64(raw, uint64(v)<<40|uint64(w)<<16) // the last two bytes are overwritten next
		text, raw = text[8:], raw[6:]
	}
	for len(text) >= 4 && len(raw) >= 3 {
		v := t0[text[0]] | t1[text[1]] | t2[text[2]] | t3[text[3]]
		seen |= v
		raw[0], raw[1], raw[2] = byte(v>>16), byte(v>>8), byte(v)
		text, raw = text[4:], raw[3:]
	}
	switch len(text) {
	case 0:
	case 2:
		v := t0[text[0]] | t1[text[1]]
		seen |= v | v&0xffff<<16 // bits past the first byte must be zero
		raw[0] = byte(v >> 16)
	case 3:
		v := t0[text[0]] | t1[text[1]] | t2[text[2]]
		seen |= v | v&0xff<<24 // bits past the second byte must be zero
		raw[0], raw[1] = byte(v>>16), byte(v>>8)
	default:
		return false
	}
	return seen>>24 == 0
}
