package wire

import (
	"encoding/binary"
	"math"
)

// The functions below write a value in its shortest form. Lengths are from 0 to MaxUint32.

// AppendMapHeader appends the header of a map of n pairs.
func AppendMapHeader(dst []byte, n int) []byte {
	if n < 16 {
		return append(dst, 0x80|byte(n))
	}
	return appendLen(dst, uint64(n), 0, 0xde, 0xdf)
}

// AppendArrayHeader appends the header of an array of n elements.
func AppendArrayHeader(dst []byte, n int) []byte {
	if n < 16 {
		return append(dst, 0x90|byte(n))
	}
	return appendLen(dst, uint64(n), 0, 0xdc, 0xdd)
}

// AppendString appends s as a string.
func AppendString(dst []byte, s string) []byte {
	if len(s) < 32 {
		dst = append(dst, 0xa0|byte(len(s)))
	} else {
		dst = appendLen(dst, uint64(len(s)), 0xd9, 0xda, 0xdb)
	}
	return append(dst, s...)
}

// AppendBytes appends v as a binary value, even if v is nil.
func AppendBytes(dst, v []byte) []byte {
	return append(appendLen(dst, uint64(len(v)), 0xc4, 0xc5, 0xc6), v...)
}

// AppendUint appends v as an integer.
func AppendUint(dst []byte, v uint64) []byte {
	switch {
	case v <= math.MaxInt8:
		return append(dst, byte(v))
	case v <= math.MaxUint32:
		return appendLen(dst, v, 0xcc, 0xcd, 0xce)
	}
	return binary.BigEndian.AppendUint64(append(dst, 0xcf), v)
}

// appendLen appends the first code whose length field can hold n. The codes have length fields of 1,
// 2 and 4 bytes. Arrays and maps have no code with 1 byte, so their code8 is 0.
func appendLen(dst []byte, n uint64, code8, code16, code32 byte) []byte {
	switch {
	case n <= math.MaxUint8 && code8 != 0:
		return append(dst, code8, byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(dst, code16), uint16(n))
	}
	return binary.BigEndian.AppendUint32(append(dst, code32), uint32(n))
}
