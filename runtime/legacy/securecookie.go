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

// A secureCookie opens what gorilla/securecookie has made: the base64 of "date|value|mac", where the value is
// the base64 of what may be encrypted by AES in counter mode, and the mac is HMAC-SHA256 over
// "name|date|value".
type secureCookie struct {
	name   string
	pairs  []keyPair
	maxAge time.Duration // negative for none
}

type keyPair struct {
	hash  []byte
	block cipher.Block // nil if nothing is encrypted
}

// newPairs returns the pairs of keys that securecookie.CodecsFromPairs takes.
func newPairs(keys [][]byte) (pairs []keyPair, err error) {
	for i := 0; i < len(keys); i += 2 {
		if len(keys[i]) == 0 {
			return nil, fmt.Errorf("an empty Keys[%d]: it is to authenticate", i)
		}
		pair := keyPair{hash: bytes.Clone(keys[i])}
		if i+1 < len(keys) && keys[i+1] != nil {
			if pair.block, err = aes.NewCipher(keys[i+1]); err != nil {
				return nil, fmt.Errorf("a Keys[%d] of %d bytes: a key to encrypt has 16, 24 or 32", i+1, len(keys[i+1]))
			}
		}
		pairs = append(pairs, pair)
	}
	return pairs, nil
}

// An opened is what a text of securecookie says.
type opened struct {
	signed string // what its MAC is of, less the name
	value  []byte
	ends   time.Time
}

// open opens a text by whichever pair of keys has made it, and calls decode with what it says. With the right key alone it
// looks at what is in it. Of pairs that differ in the key to encrypt alone, the right one is that whose value decodes.
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

// read reads what is authentic.
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
