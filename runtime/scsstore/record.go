package scsstore

import (
	"bytes"
	"errors"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
	"github.com/sessiongen/sessiongen/runtime/internal/wire"
)

// mark is the beginning of every encoded record. This package did not write anything else.
const mark = "sessiongen1"

var errNoRecord = errors.New("scsstore: the store's value for the key is not a record")

// encode returns a record as a msgpack array: mark, version, principal, expiry in Unix seconds,
// data.
func encode(r runtime.Record) []byte {
	b := make([]byte, 0, len(mark)+len(r.Principal)+len(r.Data)+32)
	b = wire.AppendArrayHeader(b, 5)
	b = wire.AppendString(b, mark)
	b = wire.AppendUint(b, r.Version)
	b = wire.AppendString(b, r.Principal)
	b = wire.AppendUint(b, uint64(r.Expires.Unix()))
	return wire.AppendBytes(b, r.Data)
}

// decode is the inverse of encode. The result shares no memory with b.
func decode(b []byte) (runtime.Record, error) {
	p := parser{rest: b}
	n := read(&p, wire.ArrayHeader)
	m := read(&p, wire.String)
	version := read(&p, wire.Uint)
	principal := read(&p, wire.String)
	expires := read(&p, wire.Uint)
	data := read(&p, wire.Bytes)
	if p.failed || len(p.rest) > 0 || n != 5 || string(m) != mark {
		return runtime.Record{}, errNoRecord
	}
	return runtime.Record{
		Version:   version,
		Principal: string(principal),
		Data:      bytes.Clone(data),
		Expires:   time.Unix(int64(expires), 0),
	}, nil
}

// A parser reads values. After a failure it returns zero values.
type parser struct {
	rest   []byte
	failed bool
}

func read[T any](p *parser, next func([]byte) (T, int, error)) T {
	v, size, err := next(p.rest)
	if err != nil || p.failed {
		p.failed = true
		return v
	}
	p.rest = p.rest[size:]
	return v
}
