package redisstore

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/sessiongen/sessiongen/runtime"
)

// A record is stored as
//
//	format 1 | version 8 | expires 8 | length of the principal 1 | principal | data
//
// Numbers are big-endian. The scripts rely on the positions of the first four parts.
const (
	format       = 1
	versionBytes = 1 + 8
	headBytes    = versionBytes + 8 + 1
	maxPrincipal = 64
)

// errDamaged means that this package did not write the value.
var errDamaged = errors.New("session: not a record in Redis")

var errPrincipal = errors.New("session: principal too long for a record in Redis")

// ownerOf returns the principal of a session. It returns "" for a session without a principal, and
// for a record without data, which is no session.
func ownerOf(r runtime.Record) string {
	if len(r.Data) == 0 {
		return ""
	}
	return r.Principal
}

// encode returns the encoded record in new memory, because an abandoned call may still be sending
// it.
func encode(r runtime.Record) ([]byte, error) {
	if len(r.Principal) > maxPrincipal {
		return nil, errPrincipal
	}
	b := make([]byte, 0, headBytes+len(r.Principal)+len(r.Data))
	b = appendVersion(b, r.Version)
	b = binary.BigEndian.AppendUint64(b, uint64(r.Expires.Unix()))
	b = append(b, byte(len(r.Principal)))
	b = append(b, r.Principal...)
	return append(b, r.Data...), nil
}

// appendVersion appends the beginning of a record of this version.
func appendVersion(b []byte, version uint64) []byte {
	return binary.BigEndian.AppendUint64(append(b, format), version)
}

func decode(b []byte) (runtime.Record, error) {
	if len(b) < headBytes || b[0] != format {
		return runtime.Record{}, errDamaged
	}
	principal := int(b[headBytes-1])
	if principal > maxPrincipal || len(b) < headBytes+principal {
		return runtime.Record{}, errDamaged
	}
	data := headBytes + principal
	return runtime.Record{
		Version:   binary.BigEndian.Uint64(b[1:]),
		Expires:   time.Unix(int64(binary.BigEndian.Uint64(b[versionBytes:])), 0),
		Principal: string(b[headBytes:data]),
		Data:      b[data:],
	}, nil
}
