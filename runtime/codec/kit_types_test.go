//lint:file-ignore U1000 msgpack reads the fields

package codec

import (
	"errors"

	"github.com/vmihailenco/msgpack/v5"
)

// The types that the tests encode, in the way of generated code.

// A node is a struct that refers to its own type in every way.
type node struct {
	Name string
	Next *node
	Kids []node
	By   map[string]*node
}

func encodeNode(e *Encoder, v node) {
	e.MapLen(4)
	e.Key("Name")
	EncodeString(e, v.Name)
	e.Key("Next")
	EncodePointer(e, v.Next, encodeNode)
	e.Key("Kids")
	EncodeSlice(e, v.Kids, encodeNode)
	e.Key("By")
	EncodeMap(e, v.By, EncodeString[string], func(e *Encoder, v *node) { EncodePointer(e, v, encodeNode) })
}

func decodeNode(d *Decoder) (v node) {
	for n := d.MapLen(); n > 0; n-- {
		switch string(d.Key()) {
		case "Name":
			v.Name = DecodeString[string](d)
		case "Next":
			v.Next = DecodePointer(d, decodeNode)
		case "Kids":
			v.Kids = DecodeSlice[[]node](d, decodeNode)
		case "By":
			v.By = DecodeMap[map[string]*node](d, DecodeString[string],
				func(d *Decoder) *node { return DecodePointer(d, decodeNode) })
		default:
			d.Skip()
		}
	}
	return v
}

// A pair is a struct that is encoded as an array.
type pair struct {
	_msgpack struct{} `msgpack:",as_array"`
	A        int
	B        string
}

func encodePair(e *Encoder, v pair) {
	e.ArrayLen(2)
	EncodeInt(e, v.A)
	EncodeString(e, v.B)
}

func decodePair(d *Decoder) (v pair) {
	d.ArrayLen(2)
	v.A = DecodeInt[int](d)
	v.B = DecodeString[string](d)
	return v
}

// Marshalers of all sorts: on values (point, text, raw) and on pointers (label, blob), of types
// that may be nil (set, list, text, blob) and that may not.

type point struct{ X, Y int }

func (p point) EncodeMsgpack(e *msgpack.Encoder) error { return e.EncodeMulti(p.X<<8 | p.Y) }

func (p *point) DecodeMsgpack(d *msgpack.Decoder) error {
	n, err := d.DecodeInt()
	p.X, p.Y = n>>8, n&0xff
	return err
}

// A label writes itself as nil when it is empty.
type label struct{ S string }

func (l *label) EncodeMsgpack(e *msgpack.Encoder) error {
	if l.S == "" {
		return e.EncodeNil()
	}
	return e.EncodeString(l.S)
}

func (l *label) DecodeMsgpack(d *msgpack.Decoder) (err error) {
	l.S, err = d.DecodeString()
	return err
}

type set map[string]bool

func (s set) EncodeMsgpack(e *msgpack.Encoder) error {
	return e.EncodeMapLen(0)
}

func (s *set) DecodeMsgpack(d *msgpack.Decoder) error {
	*s = set{}
	return d.Skip()
}

// A list writes itself through a pointer, also when it is nil.
type list []string

func (l *list) MarshalMsgpack() ([]byte, error) { return msgpack.Marshal(len(*l)) }

func (l *list) UnmarshalMsgpack(b []byte) error {
	var n int
	err := msgpack.Unmarshal(b, &n)
	*l = make(list, n)
	return err
}

type raw struct{ b string }

func (r raw) MarshalMsgpack() ([]byte, error) { return []byte(r.b), nil }

func (r *raw) UnmarshalMsgpack(b []byte) error {
	r.b = string(b)
	return nil
}

type rawCustom struct{ b string }

func (r rawCustom) EncodeMsgpack(e *msgpack.Encoder) error {
	_, err := e.Writer().Write([]byte(r.b))
	return err
}

func (r *rawCustom) DecodeMsgpack(d *msgpack.Decoder) error {
	b, err := d.DecodeRaw()
	r.b = string(b)
	return err
}

type blob []byte

func (b *blob) MarshalBinary() ([]byte, error) { return *b, nil }

func (b *blob) UnmarshalBinary(data []byte) error {
	*b = data // kept, although it must not be
	return nil
}

type text []byte

func (t text) MarshalText() ([]byte, error) { return t, nil }

func (t *text) UnmarshalText(data []byte) error {
	*t = data
	return nil
}

var errMethod = errors.New("hunter2 is no value")

// A broken fails in each of its methods.
type broken struct{}

func (broken) EncodeMsgpack(*msgpack.Encoder) error  { return errMethod }
func (*broken) DecodeMsgpack(*msgpack.Decoder) error { return errMethod }
func (broken) MarshalMsgpack() ([]byte, error)       { return nil, errMethod }
func (*broken) UnmarshalMsgpack([]byte) error        { return errMethod }
func (broken) MarshalBinary() ([]byte, error)        { return nil, errMethod }
func (*broken) UnmarshalBinary([]byte) error         { return errMethod }
func (broken) MarshalText() ([]byte, error)          { return nil, errMethod }
func (*broken) UnmarshalText([]byte) error           { return errMethod }
