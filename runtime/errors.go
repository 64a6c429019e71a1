package runtime

import "errors"

// The errors of this package; match them with [errors.Is]. Saving a session returns all
// but ErrNoKeys, which the constructor and SetKeys return.
var (
	// ErrTooLarge means that the cookie would exceed 4096 bytes, name and value
	// together, for each of Config.MaxChunks: browsers drop larger ones (RFC 6265bis
	// section 5.6). With Config.Store, the record would exceed 1 MiB. The error's text
	// names the largest fields. Of a flow it means that the flow's cookie would exceed 1024 bytes.
	ErrTooLarge = errors.New("session: too large for a cookie")

	// ErrMax means that a field was set to a value above the max of its schema, or with an element
	// above its each. The field keeps its old value.
	ErrMax = errors.New("session: value above the field's max")

	// ErrEncode means that a value could not be encoded: a marshaler of its type failed, or
	// wrote what its unmarshaler cannot read; or it is nested deeper than 32 levels. The field
	// keeps its old value.
	ErrEncode = errors.New("session: value cannot be encoded")

	// ErrUpdate is returned if the field changed each time that Update called its function, which
	// most likely changes the field itself. The field keeps what it was changed to.
	ErrUpdate = errors.New("session: the function given to Update changes its own field")

	// ErrTooLate means that a session was changed after the response had begun, when no
	// cookie could be sent any more.
	ErrTooLate = errors.New("session: changed after the response began")

	// ErrStore means that Config.Store or Config.Revocations failed, did not answer in
	// time, or returned something that was not stored there. The session is then unknown,
	// and no cookie of it is sent.
	ErrStore = errors.New("session: the store failed")

	// ErrUnproven means that the session is bound to a device, and the request does not come with a
	// proof of it that is fresh: see Config.DeviceBound. Nothing of the session is known then, and no
	// cookie of it is sent.
	ErrUnproven = errors.New("session: the device has not proved itself")

	// ErrEnded: the session was destroyed or revoked, or has expired. Manager.Check and
	// Manager.RevokeOthers return it.
	ErrEnded = errors.New("session: the session has ended")

	// ErrNoKeys means that a Config, or a call of SetKeys, has no key.
	ErrNoKeys = errors.New("session: no keys")
)

// A fieldError is an error about one field, or about the method that came too late.
type fieldError struct {
	field string
	error
}

func (e *fieldError) Unwrap() error { return e.error }

var (
	errReentered = errors.New("session: Pop, or saving, while a function given to Update runs again")
	errRedo      = errors.New("session: a function given to Update has panicked")
)
