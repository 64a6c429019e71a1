package legacy

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"time"

	"github.com/sessiongen/sessiongen/runtime/internal/oldsession"
)

// A secureCookie opens the output of gorilla/securecookie: base64 of "date|value|mac". The value is
// base64 of data that may be encrypted with AES in counter mode. The mac is the HMAC-SHA256 of
// "name|date|value".
type secureCookie struct {
	name   string
	pairs  []keyPair
	maxAge time.Duration // negative for no limit
}

type keyPair struct {
	hash  []byte
	block cipher.Block // nil if values are not encrypted
}

// newPairs converts the arguments of securecookie.CodecsFromPairs.
func newPairs(keys [][]byte) (pairs []keyPair, err error) {
	for i := 0; i < len(keys); i += 2 {
		if len(keys[i]) == 0 {
			return nil, fmt.Errorf("an empty Keys[%d]: it must be an authentication key", i)
		}
		pair := keyPair{hash: bytes.Clone(keys[i])}
		if i+1 < len(keys) && keys[i+1] != nil {
			if pair.block, err = aes.NewCipher(keys[i+1]); err != nil {
				return nil, fmt.Errorf("an encryption key Keys[%d] of %d bytes: want 16, 24 or 32", i+1, len(keys[i+1]))
			}
		}
		pairs = append(pairs, pair)
	}
	return pairs, nil
}

// An opened is the content of an authenticated text.
type opened struct {
	signed string // what the MAC covers, except the name
	value  []byte
	ends   time.Time
}

// open finds the pair of keys that made a text, and calls decode with the content. It does not parse
// anything before a key has authenticated it. If several pairs differ in the encryption key alone,
// the right one is the one whose value decodes.
func (s *secureCookie) open(text string, now time.Time, decode func(opened) error) error {
	decoded, err := base64.URLEncoding.DecodeString(text)
	if err != nil {
		return oldsession.ErrMalformed
	}
	dateEnd := bytes.IndexByte(decoded, '|')
	valueEnd := dateEnd + 1 + bytes.IndexByte(decoded[dateEnd+1:], '|')
	if dateEnd < 0 || valueEnd <= dateEnd {
		return oldsession.ErrMalformed
	}
	signed, sum := decoded[:valueEnd], decoded[valueEnd+1:]
	err = oldsession.ErrForged
	for _, pair := range s.pairs {
		mac := hmac.New(sha256.New, pair.hash)
		mac.Write([]byte(s.name + "|"))
		mac.Write(signed)
		if !hmac.Equal(mac.Sum(nil), sum) {
			continue
		}
		var o opened
		if o, err = s.read(pair, signed, dateEnd, now); err == nil {
			err = decode(o)
		}
		if err == nil {
			return nil
		}
	}
	return err
}

// read parses an authenticated text.
func (s *secureCookie) read(pair keyPair, signed []byte, dateEnd int, now time.Time) (o opened, err error) {
	date, err := strconv.ParseInt(string(signed[:dateEnd]), 10, 64)
	if err != nil {
		return o, oldsession.ErrMalformed
	}
	o = opened{signed: string(signed), ends: endOf(date, s.maxAge)}
	if !o.ends.IsZero() && now.After(o.ends) {
		return o, oldsession.ErrExpired
	}
	if o.value, err = base64.URLEncoding.DecodeString(string(signed[dateEnd+1:])); err != nil {
		return o, oldsession.ErrMalformed
	}
	if pair.block != nil {
		size := pair.block.BlockSize()
		if len(o.value) <= size {
			return o, oldsession.ErrMalformed
		}
		iv, text := o.value[:size], o.value[size:]
		cipher.NewCTR(pair.block, iv).XORKeyStream(text, text)
		o.value = text
	}
	return o, nil
}
