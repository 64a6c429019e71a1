//lint:file-ignore U1000 msgpack reads the fields, or leaves them out

// Package kinds has types for random schemas that no random generator would invent: types with marshaling methods of
// every sort, and the various ways in which a package can show its types to others. Values written by the methods are
// read back as the same values.
package kinds

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/sessiongen/sessiongen/internal/randomtest/kinds/internal/hidden"
)

// Types without methods that matter.
type (
	Octet                           byte
	Octets                          []Octet
	Score                           float32
	Count                           int64
	Title                           string
	Names                           []string
	Headers                         map[string][]string
	Tree                            []Tree
	Graph                           map[string]*Graph
	Ring                            [2]*Ring
	Chain                           *Point
	Dynamic                         any
	Since                           = time.Time
	List[T any]                     = []T
	Hidden                          = hidden.Hidden // its package cannot be imported everywhere
	Pair[K ~string | ~int16, V any] struct {
		Key    K
		Value  V
		Others map[K]V `msgpack:",omitempty"`
	}
)

// Holder has fields whose types others can only name by their aliases.
type Holder struct {
	Hidden  hidden.Hidden
	Hiddens map[string]*hidden.Hidden `msgpack:"h,omitempty"`
}

// Page is generic and refers to itself.
type Page[T any] struct {
	Items []T
	Only  *T
	Next  *Page[T] `msgpack:",omitempty"`
	total int
}

type amount struct {
	Units int64
	Cents int8 `msgpack:"cents,alias:pennies"`
}

// Money embeds an unexported struct with exported fields.
type Money struct {
	amount
	Currency string `msgpack:",omitempty"`
}

// Row is stored as an array.
type Row struct {
	_msgpack struct{} `msgpack:",as_array"`
	ID       int64
	*Detail
	Note string
}

// Detail is embedded by pointer.
type Detail struct {
	Text *string
	When time.Time
	Tags []string
}

// Reading has its own IsZero.
type Reading float64

func (r Reading) IsZero() bool { return r > -1 && r < 1 }

// Option has its own IsZero.
type Option struct {
	Value string
	Set   bool
}

func (o Option) IsZero() bool { return !o.Set }

// UUID has the methods of github.com/google/uuid.
type UUID [16]byte

func (u UUID) MarshalText() ([]byte, error)      { return hex.AppendEncode(nil, u[:]), nil }
func (u *UUID) UnmarshalText(text []byte) error  { return unhex(u[:], text) }
func (u UUID) MarshalBinary() ([]byte, error)    { return u[:], nil }
func (u *UUID) UnmarshalBinary(src []byte) error { return fill(u[:], src) }

// ID has all its methods on the pointer.
type ID [16]byte

func (id *ID) MarshalText() ([]byte, error)     { return hex.AppendEncode(nil, id[:]), nil }
func (id *ID) UnmarshalText(text []byte) error  { return unhex(id[:], text) }
func (id *ID) MarshalBinary() ([]byte, error)   { return id[:], nil }
func (id *ID) UnmarshalBinary(src []byte) error { return fill(id[:], src) }

func unhex(dst, text []byte) error {
	src, err := hex.DecodeString(string(text))
	if err != nil {
		return err
	}
	return fill(dst, src)
}

func fill(dst, src []byte) error {
	if len(src) != len(dst) {
		return fmt.Errorf("kinds: %d bytes, want %d", len(src), len(dst))
	}
	copy(dst, src)
	return nil
}

// Color and Level are enumerations with text forms.
type Color uint8

func (c Color) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "#%d", c), nil }
func (c *Color) UnmarshalText(text []byte) error {
	n, err := strconv.ParseUint(strings.TrimPrefix(string(text), "#"), 10, 8)
	*c = Color(n)
	return err
}

type Level int16

func (l Level) MarshalText() ([]byte, error) { return strconv.AppendInt(nil, int64(l), 36), nil }
func (l *Level) UnmarshalText(text []byte) error {
	n, err := strconv.ParseInt(string(text), 36, 16)
	*l = Level(n)
	return err
}

// Word has its methods on the pointer, as the key of a map too.
type Word string

func (w *Word) MarshalText() ([]byte, error) { return []byte("<" + *w), nil }
func (w *Word) UnmarshalText(text []byte) error {
	*w = Word(strings.TrimPrefix(string(text), "<"))
	return nil
}

// Point encodes itself, as an array.
type Point struct{ X, Y int }

func (p Point) EncodeMsgpack(e *msgpack.Encoder) error {
	e.UseCompactInts(true) // must not last beyond this value
	if err := e.EncodeArrayLen(2); err != nil {
		return err
	}
	return e.EncodeMulti(p.X, p.Y)
}

func (p *Point) DecodeMsgpack(d *msgpack.Decoder) error {
	if n, err := d.DecodeArrayLen(); err != nil || n != 2 {
		return fmt.Errorf("kinds: array of %d, %w", n, err)
	}
	return d.DecodeMulti(&p.X, &p.Y)
}

// Label has its methods on the pointer. An empty one is nil.
type Label struct{ Text string }

func (l *Label) EncodeMsgpack(e *msgpack.Encoder) error {
	if l.Text == "" {
		return e.EncodeNil()
	}
	return e.EncodeString(l.Text)
}

func (l *Label) DecodeMsgpack(d *msgpack.Decoder) (err error) {
	l.Text, err = d.DecodeString()
	return err
}

// Set is a map that encodes itself.
type Set map[string]bool

func (s Set) EncodeMsgpack(e *msgpack.Encoder) error {
	keys := slices.Sorted(maps.Keys(s))
	if err := e.EncodeArrayLen(2 * len(keys)); err != nil {
		return err
	}
	for _, key := range keys {
		if err := e.EncodeMulti(key, s[key]); err != nil {
			return err
		}
	}
	return nil
}

func (s *Set) DecodeMsgpack(d *msgpack.Decoder) error {
	n, err := d.DecodeArrayLen()
	*s = Set{}
	for ; n > 0 && err == nil; n -= 2 {
		var key string
		var value bool
		err = d.DecodeMulti(&key, &value)
		(*s)[key] = value
	}
	return err
}

// Packed and Numbers write their own msgpack: on the value and on the pointer.
type Packed string

func (p Packed) MarshalMsgpack() ([]byte, error) { return msgpack.Marshal([]string{string(p), "x"}) }
func (p *Packed) UnmarshalMsgpack(src []byte) error {
	var v []string
	err := msgpack.Unmarshal(src, &v)
	if err == nil {
		*p = Packed(v[0])
	}
	return err
}

type Numbers []int16

func (n *Numbers) MarshalMsgpack() ([]byte, error) { return msgpack.Marshal([][]int16{*n}) }
func (n *Numbers) UnmarshalMsgpack(src []byte) error {
	var v [][]int16
	err := msgpack.Unmarshal(src, &v)
	if err == nil {
		*n = v[0]
	}
	return err
}

// Mixed encodes itself by one interface and is decoded by another.
type Mixed struct{ N uint32 }

func (m Mixed) EncodeMsgpack(e *msgpack.Encoder) error { return e.EncodeUint32(m.N) }
func (m *Mixed) UnmarshalMsgpack(src []byte) error     { return msgpack.Unmarshal(src, &m.N) }

// Blob distinguishes nil from empty, although v5 does not ask its pointer about nil.
type Blob []uint16

func (b *Blob) MarshalBinary() ([]byte, error) {
	if *b == nil {
		return nil, nil
	}
	out := []byte{1}
	for _, n := range *b {
		out = binary.BigEndian.AppendUint16(out, n)
	}
	return out, nil
}

func (b *Blob) UnmarshalBinary(src []byte) error {
	if len(src) == 0 {
		*b = nil
		return nil
	}
	*b = Blob{}
	for i := 1; i < len(src); i += 2 {
		*b = append(*b, binary.BigEndian.Uint16(src[i:]))
	}
	return nil
}
