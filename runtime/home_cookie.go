package runtime

import (
	"context"
	"iter"

	"github.com/sessiongen/sessiongen/runtime/internal/cookie"
	"github.com/sessiongen/sessiongen/runtime/internal/token"
)

// cookieHome keeps sessions in the browser's cookies, and nothing on the server.
type cookieHome struct{ *manager }

func (h cookieHome) prepare(st *state) {
	if st.opened == nil {
		st.opened = new(opened)
	}
}

func (h cookieHome) open(st *state, text string, companions cookie.Values, now int64) (refusal string, decrypted bool) {
	return st.unseal(h.rings.Load(), text, companions, now)
}

func (h cookieHome) adopt(st *state, _ oldSession, _ int64, fill func()) (refusal string, first bool) {
	fill()
	st.edits = imported
	return "", true
}

func (h cookieHome) endOld(*state, sessionID) error { return nil }

func (h cookieHome) save(st *state, lines []string) ([]string, error) {
	if err := st.failure(); err != nil {
		return nil, err
	}
	if st.answer == answerAbandoned && !st.Empty() && st.beginsSession() {
		return st.beginNothing(lines), nil
	}
	return st.seal(lines)
}

func (h cookieHome) note(*state, change) {}

func (h cookieHome) pop(st *state, f *descriptor) []byte { return st.take(f) }

func (h cookieHome) show(st *state, f *descriptor) []byte { return st.hide(f) }

func (h cookieHome) end(*state) (more bool) { return false }

func (h cookieHome) endAlso(*state, *opened) bool { return false }

func (h cookieHome) bequeath(*state) {}

func (h cookieHome) takeOnce(*state, *flowField, []byte, int64) (bool, error) { return true, nil }

func (h cookieHome) merges() bool { return false }

func (h cookieHome) size(plaintext int) int {
	_, size := h.cookie.Layout(token.TextLen(plaintext))
	return size
}

func (h cookieHome) describe() (where string, limit int) { return "in the cookie", h.cookie.Limit() }

func (h cookieHome) check(_ context.Context, st *state) error {
	if st.origin == returning && st.hasExpired() {
		return ErrEnded
	}
	return nil
}

func (h cookieHome) revokeID(context.Context, sessionID) error          { return errNoRevocations }
func (h cookieHome) revokePrincipal(context.Context, []byte) error      { return errNoRevocations }
func (h cookieHome) revokeOthers(context.Context, *state, []byte) error { return errNoRevocations }
func (h cookieHome) revokeAll(context.Context) error                    { return errNoRevocations }

func (h cookieHome) list(context.Context, []byte) iter.Seq2[*state, error] { return noList }

func (h cookieHome) update(context.Context, []byte, func(*state)) (int, error) { return 0, errNoUpdate }
