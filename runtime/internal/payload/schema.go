package payload

import (
	"fmt"
	"math"
	"strconv"

	"github.com/sessiongen/sessiongen/runtime/internal/wire"
)

// A Field is what a payload knows of one field of a schema.
type Field struct {
	Key       string
	Was       []string // older keys that are also read, the newest first
	Principal bool     // values of different keys that differ make it absent
}

// A Schema is the fields that a build knows. A field's place in it is the index that
// [Contents] goes by.
type Schema struct {
	fields []field
	keys   map[string]place
}

type field struct {
	key       string
	header    []byte // the key as msgpack
	principal bool
}

// A place says which field a key is of. Its rank is 0 for the field's own key, and n for its
// nth older one.
type place struct {
	index int
	rank  uint8
}

const (
	maxKeyLen = math.MaxUint16 // as a slot can tell, with its header
	maxRank   = math.MaxUint8
)

// NewSchema returns the schema of the given fields. Its error says which key is too long,
// has too many older ones, or comes twice.
func NewSchema(fields []Field) (*Schema, error) {
	s := &Schema{keys: make(map[string]place)}
	for i, f := range fields {
		header := wire.AppendString(nil, f.Key)
		switch {
		case len(header) > maxKeyLen:
			return nil, fmt.Errorf("key %.20q... has more than %d bytes", f.Key, maxKeyLen)
		case len(f.Was) > maxRank:
			return nil, fmt.Errorf("key %s has more than %d older ones", strconv.Quote(f.Key), maxRank)
		}
		s.fields = append(s.fields, field{key: f.Key, header: header, principal: f.Principal})
		for rank, key := range append([]string{f.Key}, f.Was...) {
			if _, taken := s.keys[key]; taken {
				return nil, fmt.Errorf("key %s twice", strconv.Quote(key))
			}
			s.keys[key] = place{index: i, rank: uint8(rank)}
		}
	}
	return s, nil
}

// lookup returns the place of a key; ok is false if the schema does not have it.
func (s *Schema) lookup(key []byte) (p place, ok bool) {
	p, ok = s.keys[string(key)]
	return p, ok
}
