package codec

import (
	"github.com/vmihailenco/msgpack/v5"
)

// A userEncoder is the output of users' EncodeMsgpack methods. It is not pooled, and is reset before
// each use, because users may change its settings or keep it.
type userEncoder struct {
	out writer
	enc *msgpack.Encoder
}

func newUserEncoder() *userEncoder {
	u := new(userEncoder)
	u.enc = msgpack.NewEncoder(&u.out)
	return u
}

// encode appends the output of v to buf.
func (u *userEncoder) encode(buf []byte, v msgpack.CustomEncoder) ([]byte, error) {
	u.out.buf = buf
	u.enc.Reset(&u.out)
	err := v.EncodeMsgpack(u.enc)
	buf, u.out.buf = u.out.buf, nil
	return buf, err
}

// A userDecoder is the input of users' DecodeMsgpack methods, with the same rules as a userEncoder.
type userDecoder struct {
	in  reader
	dec *msgpack.Decoder
}

func newUserDecoder() *userDecoder {
	u := new(userDecoder)
	u.dec = msgpack.NewDecoder(&u.in)
	return u
}

// decode lets v read b. v must read all of b.
func (u *userDecoder) decode(b []byte, v msgpack.CustomDecoder) error {
	u.in = reader{data: b}
	u.dec.Reset(&u.in)
	err := v.DecodeMsgpack(u.dec)
	if err == nil && u.in.pos != len(b) {
		err = misuse("does not read exactly one value")
	}
	u.in = reader{}
	return err
}
