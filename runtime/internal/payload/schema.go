package payload

import (
	"fmt"
	"math"
	"strconv"

	"github.com/sessiongen/sessiongen/runtime/internal/wire"
)

// A Field describes one field of a schema.
type Field struct {
	Key       string
	Was       []string // older keys that are also read, the newest first
	Principal bool     // the field is absent if its keys have different values
}

// A Schema is the list of fields that a build knows. A field is identified by its index in that
// list.
type Schema struct {
	fields []field
	keys   map[string]place
}

type field struct {
	key       string
	header    []byte // the key, encoded in msgpack
	principal bool
}

// A place tells which field a key belongs to. Its rank is 0 for the field's current key, and n for
// its nth older key.
type place struct {
	index int
	rank  uint8
}

const (
	maxKeyLen = math.MaxUint16 // what a slot can hold, including the header
	maxRank   = math.MaxUint8
)

// NewSchema returns the schema of the given fields. The error names a key that is too long, has too
// many older ones, or occurs twice.
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
