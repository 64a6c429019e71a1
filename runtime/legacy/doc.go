// Package legacy reads the sessions that another library left with browsers, so that a program which moves
// to sessiongen logs nobody out:
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
// A field takes the value of the old key that is its wire key, or one of its older ones (the option was). Each
// value is decoded into the field's own type: nothing needs to be registered with gob, and a value that does
// not decode loses that field alone, with an event. Numbers of another width are converted if they
// fit.
//
// An old session is authenticated before anything in it is looked at. A cookie may have 4 KiB, a record of
// a store 64 KiB, with at most 1,024 keys and values that are nested up to 16 levels deep.
//
// Programs that do not import this package do not link encoding/gob.
package legacy

import (
	"errors"
	"time"
)

// The bounds of an old session.
const (
	maxRecord = 64 << 10
	maxKeys   = 1024
	maxDepth  = 16
)

var errType = errors.New("legacy: a value of another type")

// endOf is when something ends that was made at a time and has an age; the zero time for a negative one.
func endOf(made int64, age time.Duration) time.Time {
	if age < 0 {
		return time.Time{}
	}
	return time.Unix(made, 0).Add(age)
}

// earlier returns the earlier of two times, of which zero is never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
