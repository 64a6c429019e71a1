package runtime

import "errors"

// The errors of this package, to be matched with [errors.Is]. Saving a session
// returns all but ErrNoKeys, which is the constructor's and SetKeys's.
var (
	// ErrTooLarge: the cookie would exceed 4096 bytes, name and value together,
	// which is where browsers begin to drop cookies (RFC 6265bis section 5.6), or as
	// much for each of Config.MaxChunks. The error's text names the largest fields.
	// With Config.Store, it is the record that would exceed 1 MiB.
	ErrTooLarge = errors.New("session: too large for a cookie")

	// ErrMax: a field was set to a value above the max of its schema. The field
	// keeps the value that it had.
	ErrMax = errors.New("session: value above the field's max")

	// ErrEncode: a value could not be encoded, because a marshaler of its type
	// failed or it is nested deeper than 32 levels. The field keeps the value
	// that it had.
	ErrEncode = errors.New("session: value cannot be encoded")

	// ErrTooLate: a session was changed after the response had begun, when a
	// cookie could no longer be sent.
	ErrTooLate = errors.New("session: changed after the response began")

	// ErrStore: Config.Store or Config.Revocations failed, did not answer in time, or holds
	// something else than what was put there. Nothing is known of the session then,
	// and nothing is sent of it.
	ErrStore = errors.New("session: the store failed")

	// ErrNoKeys: a Config or a call of SetKeys holds no key.
	ErrNoKeys = errors.New("session: no keys")
)

// A fieldError is an error about one field, or about the method that came too late.
type fieldError struct {
	field string
	error
}

func (e *fieldError) Unwrap() error { return e.error }
