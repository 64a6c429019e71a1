package runtime

import "errors"

// Errors of this package, for [errors.Is]. Saving a session can return all of them except ErrNoKeys,
// which the constructor and SetKeys return.
var (
	// ErrTooLarge means that the session does not fit: a cookie would exceed 4096 bytes, name and
	// value together, for each of Config.MaxChunks (browsers drop larger ones, RFC 6265bis section
	// 5.6). With Config.Store, the record would exceed 1 MiB. The error names the largest fields.
	// For a flow, the flow's cookie would exceed 1024 bytes.
	ErrTooLarge = errors.New("session: too large for a cookie")

	// ErrMax means that a value exceeds the field's max, or one of its elements exceeds the field's
	// each. The field keeps its old value.
	ErrMax = errors.New("session: value above the field's max")

	// ErrEncode means that a value could not be encoded. A marshaler of its type failed or wrote
	// what its unmarshaler cannot read, or the value is nested deeper than 32 levels. The field
	// keeps its old value.
	ErrEncode = errors.New("session: value cannot be encoded")

	// ErrUpdate means that the field changed each time that Update called its function. Most likely
	// the function itself sets the field. The field keeps that value.
	ErrUpdate = errors.New("session: the function given to Update changes its own field")

	// ErrTooLate means that the session was changed after the response had begun. The cookie could
	// no longer be sent, and the change is lost.
	ErrTooLate = errors.New("session: changed after the response began")

	// ErrStore means that Config.Store or Config.Revocations failed, did not answer in time, or
	// returned data that this package did not write. The session is then unknown, and no cookie is
	// sent.
	ErrStore = errors.New("session: the store failed")

	// ErrUnproven means that the session is bound to a device and the request has no fresh proof of
	// the device's key: see Config.DeviceBound. The session's contents are then unavailable, and no
	// cookie is sent.
	ErrUnproven = errors.New("session: the device has not proved itself")

	// ErrEnded means that the session was destroyed or revoked, or has expired. Manager.Check and
	// Manager.RevokeOthers return it.
	ErrEnded = errors.New("session: the session has ended")

	// ErrNoKeys means that a Config or a call of SetKeys has no keys.
	ErrNoKeys = errors.New("session: no keys")
)

// A fieldError is an error about a field, or about a method that was called too late.
type fieldError struct {
	field string
	error
}

func (e *fieldError) Unwrap() error { return e.error }

var (
	errReentered = errors.New("session: Pop, or saving, while a function given to Update runs again")
	errRedo      = errors.New("session: a function given to Update has panicked")
)
