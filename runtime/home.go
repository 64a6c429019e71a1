package runtime

import (
	"context"
	"iter"

	"github.com/sessiongen/sessiongen/runtime/internal/cookie"
)

// A home is where the sessions of a manager live: cookieHome, revocableHome or storeHome. It is
// chosen once, when the manager is made, and nothing else asks which one it is. Sessions
// that it is given are locked, if not stated otherwise.
type home interface {
	// prepare makes room in st.opened for a session.
	prepare(st *state)

	// open opens the session that the token in a cookie leads to. The companions are the values of
	// the cookies of that name. The refusal is empty if the session is good.
	open(st *state, text string, companions cookie.Values, now int64) (refusal string, decrypted bool)

	// adopt makes an empty session one of another library's: as it is here if another request was first,
	// and otherwise what fill makes of it. The refusal is empty if that is good.
	adopt(st *state, old oldSession, now int64, fill func()) (refusal string, first bool)

	// endOld ends the session that an old one with this id became, or would.
	endOld(st *state, id sessionID) error

	// endAlso notes that a log-out ends another session that a cookie of the request led to, or
	// would lead to if it were not refused. It is false if only the browser can forget it.
	endAlso(st *state, other *opened) bool

	// save brings the home up to date, and appends the Set-Cookie header fields that the
	// browser must get.
	save(st *state, lines []string) ([]string, error)

	// note is told of each change of a field or of the metadata, after it was made.
	note(st *state, c change)

	// pop removes the value of a field and returns it, to one of those who ask at the same
	// time. The session is not locked.
	pop(st *state, f *descriptor) []byte

	// show removes the value of a field that is to be shown once and returns it, to one of those who
	// ask at the same time. Saving may put it back. The session is not locked.
	show(st *state, f *descriptor) []byte

	// end notes that saving must end what the session was until now. It reports whether that
	// is more than what was opened.
	end(st *state) (more bool)

	// bequeath notes, before end, that the visitor's fields are to be as others have left them by then.
	bequeath(st *state)

	// takeOnce notes for so many seconds that the flow of a state was taken, and reports whether it was not
	// before, as far as the home can tell. With an error it may be taken yet; errGone is that of a request which
	// has ended meanwhile. The session is not locked.
	takeOnce(st *state, f *flowField, state []byte, seconds int64) (first bool, err error)

	// merges reports whether requests that save a session at once lose nothing, and whether the browser need not
	// hear of what they save.
	merges() bool

	// size returns how many bytes a session takes whose plaintext has so many.
	size(plaintext int) int

	// describe says in a few words where sessions live, and how many bytes one may take there.
	describe() (where string, limit int)

	// check asks again whether the session still counts, and fails with ErrEnded if not.
	check(ctx context.Context, st *state) error

	// revokeOthers ends the sessions of the principal with this encoded value but for one.
	revokeOthers(ctx context.Context, st *state, raw []byte) error

	revoker
}

// A revoker ends and lists sessions from outside of their requests.
type revoker interface {
	revokeID(ctx context.Context, id sessionID) error

	// revokePrincipal ends the sessions of the principal with this encoded value.
	revokePrincipal(ctx context.Context, raw []byte) error

	revokeAll(ctx context.Context) error

	// list yields the sessions of the principal with this encoded value, in any order. An error may
	// be followed by more of them.
	list(ctx context.Context, raw []byte) iter.Seq2[*state, error]

	// update calls change with the sessions of the principal with this encoded value, and saves them.
	update(ctx context.Context, raw []byte, change func(*state)) (changed int, err error)
}

// newHome returns the home that a valid Config chooses.
func newHome(m *manager, cfg Config) home {
	switch {
	case cfg.Store != nil:
		return newStoreHome(m, cfg)
	case cfg.Revocations != nil:
		return newRevocableHome(m, cfg)
	}
	return cookieHome{m}
}
