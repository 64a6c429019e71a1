// Package gobcodec encodes values of session fields by encoding/gob. It is what generated code calls for
// via=gob. It is apart from package codec so that other programs do not link gob.
package gobcodec

import (
	"bytes"
	"encoding/gob"
	"errors"

	"github.com/sessiongen/sessiongen/runtime/codec"
)

// Encode writes v as the gob stream of it alone, in a binary value.
func Encode[T any](e *codec.Encoder, v T) {
	codec.EncodeVia(e, v, func(v T) ([]byte, error) {
		var b bytes.Buffer
		err := gob.NewEncoder(&b).Encode(&v)
		return b.Bytes(), err
	})
}

// Decode reads a binary value that Encode wrote.
func Decode[T any](d *codec.Decoder) T {
	return codec.DecodeVia(d, func(b []byte) (v T, err error) {
		r := bytes.NewReader(b)
		err = gob.NewDecoder(r).Decode(&v)
		if err == nil && r.Len() > 0 {
			err = errRest
		}
		return v, err
	})
}

var errRest = errors.New("gob: more than one value")
