// Package legacy reads the sessions that another library left in browsers, so that nobody is logged
// out when a program changes to sessiongen:
//
//	runtime.Config{
//		Keys: keys,
//		Legacy: []runtime.LegacySource{legacy.Gorilla{
//			Name:  "session",
//			Keys:  [][]byte{hashKey, blockKey},
//			Until: time.Date(2030, 3, 1, 0, 0, 0, 0, time.UTC),
//		}},
//	}
//
// A field takes the value of the old key that equals its wire key, or one of its older wire keys
// (the option was). Each value is decoded into the field's own type, so no type has to be registered
// with gob. If a value does not decode, that field alone is lost, with an event. Numbers of another
// width are converted if they fit.
//
// An old session is authenticated before any of it is parsed. A cookie may have up to 4 KiB and a
// record of a store up to 64 KiB, with at most 1,024 keys and 16 levels of nesting.
//
// Programs that do not import this package do not link encoding/gob.
package legacy

import (
	"errors"
	"time"
)

// Limits for an old session.
const (
	maxRecord = 64 << 10
	maxKeys   = 1024
	maxDepth  = 16
)

var errType = errors.New("legacy: a value of another type")

// endOf returns when something expires that was made at a time and has this maximum age. It returns
// the zero time if age is negative.
func endOf(made int64, age time.Duration) time.Time {
	if age < 0 {
		return time.Time{}
	}
	return time.Unix(made, 0).Add(age)
}

// earlier returns the earlier of two times. The zero time means never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
