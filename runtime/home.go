package runtime

import (
	"context"
	"iter"

	"github.com/sessiongen/sessiongen/runtime/internal/cookie"
)

// A home is where a manager's sessions live: cookieHome, revocableHome or storeHome. It is chosen
// once, when the manager is made. No other code asks which one it is. The sessions passed to its
// methods are locked unless stated otherwise.
type home interface {
	// prepare allocates st.opened.
	prepare(st *state)

	// open opens the session for the token in a cookie. companions are the values of the companion
	// cookies. refusal is empty if the session is valid.
	open(st *state, text string, companions cookie.Values, now int64) (refusal string, decrypted bool)

	// adopt turns the empty session st into the one that another library's session became. If no
	// other request was first, fill fills it. refusal is empty if the session is valid.
	adopt(st *state, old oldSession, now int64, fill func()) (refusal string, first bool)

	// endOld ends the session with this id, which an old session became or would become.
	endOld(st *state, id sessionID) error

	// endAlso notes that a log-out also ends another session, to which a cookie of the request led
	// or would have led if it had not been refused. It returns false if nothing but the browser's
	// cookie can be ended.
	endAlso(st *state, other *opened) bool

	// save writes what the home keeps, and appends the Set-Cookie header fields that the browser
	// must get.
	save(st *state, lines []string) ([]string, error)

	// note is called after each change of a field or of the metadata.
	note(st *state, c change)

	// pop removes and returns the value of a field. Only one of concurrent requests gets it. The
	// session is not locked.
	pop(st *state, f *descriptor) []byte

	// show removes and returns the value of a field that is shown once. Only one of concurrent
	// requests gets it. Saving may put it back. The session is not locked.
	show(st *state, f *descriptor) []byte

	// end notes that saving must end the session that st was until now. more says whether there is
	// more to end than the session that was opened.
	end(st *state) (more bool)

	// bequeath is called before end. It notes that the visitor's fields are to survive, with the
	// values that other requests have saved by then.
	bequeath(st *state)

	// takeOnce records for so many seconds that the flow with this state was taken. first says
	// whether it was not taken before, as far as the home can tell. If err is not nil, the flow can
	// still be taken; errGone means that the request has ended. The session is not locked.
	takeOnce(st *state, f *flowField, state []byte, seconds int64) (first bool, err error)

	// merges reports whether concurrent saves lose nothing, and the browser need not hear of what
	// they save.
	merges() bool

	// size returns the size of a session whose plaintext has so many bytes.
	size(plaintext int) int

	// describe says in a few words where sessions live, and how many bytes one may have.
	describe() (where string, limit int)

	// check asks again whether the session is valid. The error is ErrEnded if it is not.
	check(ctx context.Context, st *state) error

	// revokeOthers ends the sessions of the principal with this encoded value, except st.
	revokeOthers(ctx context.Context, st *state, raw []byte) error

	revoker
}

// A revoker ends and lists sessions from outside of their requests.
type revoker interface {
	revokeID(ctx context.Context, id sessionID) error

	// revokePrincipal ends the sessions of the principal with this encoded value.
	revokePrincipal(ctx context.Context, raw []byte) error

	revokeAll(ctx context.Context) error

	// list yields the sessions of the principal with this encoded value, in any order. Sessions may
	// follow after an error.
	list(ctx context.Context, raw []byte) iter.Seq2[*state, error]

	// update calls change with each session of the principal with this encoded value, and saves it.
	update(ctx context.Context, raw []byte, change func(*state)) (changed int, err error)
}

// newHome returns the home that a valid Config selects.
func newHome(m *manager, cfg Config) home {
	switch {
	case cfg.Store != nil:
		return newStoreHome(m, cfg)
	case cfg.Revocations != nil:
		return newRevocableHome(m, cfg)
	}
	return cookieHome{m}
}
