package runtime

import (
	"context"

	"github.com/sessiongen/sessiongen/runtime/internal/cookie"
	"github.com/sessiongen/sessiongen/runtime/internal/token"
)

// revocableHome keeps sessions in the browser's cookies, and in a store what is revoked of them.
type revocableHome struct {
	server
	denials denials
}

// revocableSession is what revocableHome notes of a session.
type revocableSession struct {
	id     sessionID   // under which the browser has it
	known  bool        // the browser has it, and it was not revoked
	doomed []sessionID // what ends when the session is saved
	leads  []sessionID // ids that lead to the session that a log-out is meant for
}

func newRevocableHome(m *manager, cfg Config) *revocableHome {
	h := &revocableHome{server: newServer(m, cfg)}
	h.denials = denials{server: &h.server, store: cfg.Revocations, cache: newDenialCache(cfg.RevocationCache)}
	return h
}

func (h *revocableHome) prepare(st *state) {
	if st.opened == nil {
		st.opened = new(opened)
	}
	st.revocable = new(revocableSession)
}

func (h *revocableHome) open(st *state, text string, companions cookie.Values, now int64) (refusal string, decrypted bool) {
	refusal, decrypted = st.unseal(text, companions, now)
	switch refusal {
	case "":
		st.Prune(now) // a principal that has ended is nobody's
		return h.check(st), true
	case RefusedExpired, RefusedIdle:
		st.revocable.lead(st.ID()) // the browser may not be the only one that has it
	}
	return refusal, decrypted
}

// check asks whether the session that was just opened still counts.
func (h *revocableHome) check(st *state) (refusal string) {
	var found verdict
	err := st.watch("load", func() (err error) {
		found, err = h.denials.check(st.ctx, &st.Contents)
		return err
	})
	switch {
	case err != nil:
		st.fallDown(err)
		return RefusedRevoked
	case found == good:
		st.revocable.id, st.revocable.known = st.ID(), true
		return ""
	}
	st.revocable.lead(st.ID())
	st.origin = fresh
	if found == deadSinceMove {
		st.origin = moved
	}
	return RefusedRevoked
}

// lead notes that a log-out is meant for a session, though it is refused.
func (r *revocableSession) lead(id sessionID) { r.leads = append(r.leads, id) }

func (h *revocableHome) save(st *state, lines []string) ([]string, error) {
	r := st.revocable
	if err := h.killDoomed(st); err != nil {
		return nil, err
	}
	if err := st.failure(); err != nil {
		return nil, err
	}
	if st.outlived() {
		return lines, nil
	}
	empty := st.Empty()
	if st.answer == answerAbandoned && !empty && r.known && !st.HasID(r.id) {
		// The id would be dead, and nobody told of the new one.
		return st.farewell(lines), nil
	}
	if r.leaves(st) {
		if stays, err := h.leaveID(st); !stays || err != nil {
			return lines, err
		}
	}
	lines, err := st.seal(lines)
	if err == nil && !empty {
		r.id, r.known = st.ID(), true
		if st.edits == unsaved {
			st.edits = saved
		}
	}
	return lines, err
}

// killDoomed revokes what was ended.
func (h *revocableHome) killDoomed(st *state) error {
	for r := st.revocable; len(r.doomed) > 0; r.doomed = r.doomed[1:] {
		err := st.watch("revoke", func() error { return h.denials.denyID(st.ctx, r.doomed[0]) })
		if err != nil {
			return err
		}
	}
	return nil
}

// leaves reports whether saving the session gives up the id that the browser has. A session that
// cannot be saved leaves the browser the one that it has.
func (r *revocableSession) leaves(st *state) bool {
	return r.known && st.edits == unsaved && (st.Empty() || !st.HasID(r.id) && st.fits())
}

// leaveID revokes the id under which the browser has the session, because it is empty or moves to
// another one. It is false if others revoked the id: the session is lost then.
func (h *revocableHome) leaveID(st *state) (stays bool, err error) {
	r := st.revocable
	var next string
	if !st.Empty() {
		next = h.denials.idKey(st.ID())
	}
	err = st.watch("revoke", func() error {
		stays, err = h.denials.leave(st.ctx, r.id, next)
		return err
	})
	if err != nil {
		st.fallDown(err) // it may have been done: not again
	}
	if st.Empty() {
		st.DropID() // what is set after this is another session
	}
	if err != nil {
		return false, err
	}
	r.known = false
	if !stays {
		r.lead(r.id)
		st.outlive()
	}
	return stays, nil
}

func (h *revocableHome) note(*state, change) {}

func (h *revocableHome) pop(st *state, f *descriptor) []byte { return st.take(f) }

func (h *revocableHome) end(st *state) (more bool) {
	r := st.revocable
	more = len(r.leads) > 0
	if r.known {
		r.doomed = append(r.doomed, r.id)
	}
	r.doomed = append(r.doomed, r.leads...)
	r.known, r.leads = false, nil
	st.beginAnew()
	return more
}

func (h *revocableHome) endAlso(st *state, other *opened) bool {
	r, o := st.revocable, other.revocable
	r.leads = append(r.leads, o.leads...)
	if o.known && o.id != r.id {
		r.lead(o.id)
	}
	return true
}

func (h *revocableHome) size(plaintext int) int {
	_, size := h.cookie.Layout(token.TextLen(plaintext))
	return size
}

func (h *revocableHome) revokeID(ctx context.Context, id sessionID) error {
	return h.denials.denyID(ctx, id)
}

func (h *revocableHome) revokePrincipal(ctx context.Context, raw []byte) error {
	for _, hash := range h.principalHashes(raw) {
		if err := h.denials.denyUntilNow(ctx, h.denials.principalKey(hash)); err != nil {
			return err
		}
	}
	return nil
}

func (h *revocableHome) revokeAll(ctx context.Context) error {
	return h.denials.denyUntilNow(ctx, h.denials.allKey())
}

func (h *revocableHome) list(context.Context, []byte) ([]SessionInfo, error) { return nil, errNoList }
