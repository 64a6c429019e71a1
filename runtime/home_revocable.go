package runtime

import (
	"context"
	"iter"

	"github.com/sessiongen/sessiongen/runtime/internal/cookie"
	"github.com/sessiongen/sessiongen/runtime/internal/payload"
	"github.com/sessiongen/sessiongen/runtime/internal/token"
)

// revocableHome keeps sessions in the browser's cookies, and a list of revoked ones in a store.
type revocableHome struct {
	server
	marks   marks
	denials denials
}

// revocableSession is what revocableHome keeps for one session.
type revocableSession struct {
	id     sessionID // the session's id in the browser's cookie
	by     sealedBy
	owner  owner
	raw    []byte      // the principal's encoded value in the browser's cookie
	doomed []sessionID // sessions to end when this one is saved
	leads  []sessionID // ids that lead to the session that a log-out must end
}

// An owner says whose session the browser has.
type owner uint8

const (
	ownerNone      owner = iota // the browser has no session, as far as this request knows
	ownerAnonymous              // a session without a principal, whose end is not worth a record
	ownerSome                   // a session with a principal, or of a schema without one
)

func newRevocableHome(m *manager, cfg Config) *revocableHome {
	h := &revocableHome{server: newServer(m, cfg)}
	h.denials = denials{server: &h.server, store: cfg.Revocations, cache: newDenialCache(cfg.RevocationCache)}
	h.marks = marks{server: &h.server, store: cfg.Revocations, raised: func(key string, rec Record) { h.denials.cache.put(key, rec) }}
	return h
}

func (h *revocableHome) prepare(st *state) {
	if st.opened == nil {
		st.opened = new(opened)
	}
	st.revocable = new(revocableSession)
}

func (h *revocableHome) open(st *state, text string, companions cookie.Values, now int64) (refusal string, decrypted bool) {
	rings := h.rings.Load()
	refusal, decrypted = st.unseal(rings, text, companions, now)
	st.revocable.by = sealedBy{rings, int(st.key)}
	switch refusal {
	case "":
		st.prune(now) // a session whose principal has expired is nobody's
		return h.checkOpened(st), true
	case RefusedExpired, RefusedIdle:
		if h.ownerOf(st) == ownerSome {
			st.revocable.lead(st.ID()) // others may have the session too
		}
	}
	return refusal, decrypted
}

func (h *revocableHome) adopt(st *state, _ oldSession, _ int64, fill func()) (refusal string, first bool) {
	fill()
	st.revocable.by = sealedBy{h.rings.Load(), notSealed}
	h.marks.authenticate(st, 0)
	if st.isDown() {
		return RefusedRevoked, false
	}
	now, _ := st.Marks()
	st.SetMarks(payload.Marks{}) // judge by all revocations before the import
	refusal = h.checkOpened(st)
	st.SetMarks(now) // from now on, later revocations alone count
	st.revocable.by.key = 0
	if refusal == "" {
		st.edits = imported
	}
	return refusal, refusal == ""
}

func (h *revocableHome) endOld(st *state, id sessionID) error {
	return st.watch("revoke", func() error { return h.denials.denyID(st.ctx, id, "") })
}

// know notes what the browser has.
func (h *revocableHome) know(st *state) {
	r := st.revocable
	r.id, r.owner, r.raw = st.ID(), h.ownerOf(st), h.principalOf(&st.Contents)
	if r.by.rings == nil { // the session has just begun
		r.by.rings = h.rings.Load()
	}
}

// ownerOf returns whose session was opened. A session with unknown fields may have a principal that
// another build knows.
func (h *revocableHome) ownerOf(st *state) owner {
	if h.principal != nil && h.principalOf(&st.Contents) == nil && st.Authenticated == 0 && !st.HasUnknown() {
		return ownerAnonymous
	}
	return ownerSome
}

// checkOpened asks the store whether the opened session is still valid.
func (h *revocableHome) checkOpened(st *state) (refusal string) {
	var found verdict
	err := st.watch("load", func() (err error) {
		found, err = h.judge(st.ctx, st)
		return err
	})
	switch {
	case err != nil:
		st.fallDown(err)
		return RefusedRevoked
	case found == good:
		h.know(st)
		return ""
	}
	st.revocable.lead(st.ID())
	st.origin = fresh
	if found == deadSinceMove {
		st.origin = moved
	}
	return RefusedRevoked
}

// judge returns whether an opened session is still valid. If the session will be sealed under the
// newest key, judge asks the store and not the cache, because earlier revocations are not checked
// again afterwards.
func (h *revocableHome) judge(ctx context.Context, st *state) (verdict, error) {
	by, denials := st.revocable.by, h.denials
	if by.key != 0 {
		denials.cache = nil
	}
	if v, err := denials.askID(ctx, st.ID()); v != good || err != nil {
		return v, err
	}
	revoked, count, err := h.marks.revoked(ctx, &st.Contents, by, denials.look)
	if revoked {
		return dead, err
	}
	if by.key > 0 {
		st.NoteMoved(count)
	}
	return good, err
}

// lead notes that a log-out must end a session, though it was refused.
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
	if st.answer == answerAbandoned && !empty && (st.beginsSession() || !st.HasID(r.id)) {
		// The error's answer must not log anybody in, and a move would end the old id without
		// telling the browser the new one.
		return st.beginNothing(lines), nil
	}
	if r.leaves(st) {
		if stays, err := h.leaveID(st); !stays || err != nil {
			return lines, err
		}
	}
	lines, err := st.seal(lines)
	if err == nil && !empty {
		h.know(st)
		if st.edits == unsaved {
			st.edits = saved
		}
	}
	return lines, err
}

// killDoomed revokes the doomed sessions.
func (h *revocableHome) killDoomed(st *state) error {
	heir := ""
	if st.news == departure && !st.Empty() {
		heir = h.denials.idKey(st.ID())
	}
	for r := st.revocable; len(r.doomed) > 0; r.doomed = r.doomed[1:] {
		err := st.watch("revoke", func() error { return h.denials.denyID(st.ctx, r.doomed[0], heir) })
		if err != nil {
			return err
		}
	}
	return nil
}

// leaves reports whether saving gives up the id in the browser's cookie. A session that cannot be
// saved does not, and the browser keeps its cookie.
func (r *revocableSession) leaves(st *state) bool {
	switch {
	case r.owner == ownerNone:
		return false
	case st.Empty():
		return st.edits == unsaved
	}
	return (st.edits == unsaved || st.edits == imported) && !st.HasID(r.id) && st.fits()
}

// leaveID revokes the id in the browser's cookie, because the session is empty or moves to another
// id. stays is false if the id was already revoked; the session is then lost.
func (h *revocableHome) leaveID(st *state) (stays bool, err error) {
	r := st.revocable
	var next string
	if !st.Empty() {
		next = h.denials.idKey(st.ID())
		if !same(r.raw, h.principalOf(&st.Contents)) {
			next += otherOwner
		}
	}
	err = st.watch("revoke", func() error {
		if r.owner == ownerAnonymous {
			stays, err = h.denials.leaveAnonymous(st.ctx, r.id, next)
		} else {
			stays, err = h.denials.leave(st.ctx, r.id, next)
		}
		return err
	})
	if err != nil {
		st.fallDown(err) // the store may have done it, so it is not tried again
	}
	if st.Empty() {
		st.DropID() // what is set from now on is another session
	}
	if err != nil {
		return false, err
	}
	r.owner = ownerNone
	if !stays {
		r.lead(r.id)
		st.outlive()
	}
	return stays, nil
}

// begins reports whether a change begins a session. A session without a principal notes the marks
// too, so that its revocation does not depend on the clocks of nodes.
func (h *revocableHome) begins(st *state) bool {
	_, known := st.Marks()
	return !known && st.revocable.owner == ownerNone
}

func (h *revocableHome) note(st *state, c change) {
	if c.kind == changeDevice && c.device != nil && st.revocable.owner != ownerNone {
		st.renew() // an earlier copy of the cookie must not stay valid
	}
	if h.begins(st) || c.kind == changeAuthenticated && c.at != 0 {
		h.marks.authenticate(st, 0)
	}
}

func (h *revocableHome) pop(st *state, f *descriptor) []byte { return st.take(f) }

func (h *revocableHome) show(st *state, f *descriptor) []byte { return st.hide(f) }

func (h *revocableHome) end(st *state) (more bool) {
	r := st.revocable
	more = len(r.leads) > 0
	if r.owner == ownerSome {
		r.doomed = append(r.doomed, r.id)
	}
	r.doomed = append(r.doomed, r.leads...)
	r.owner, r.leads = ownerNone, nil
	st.beginAnew()
	return more
}

func (h *revocableHome) endAlso(st *state, other *opened) bool {
	r, o := st.revocable, other.revocable
	r.leads = append(r.leads, o.leads...)
	if o.owner == ownerSome && o.id != r.id {
		r.lead(o.id)
	}
	return o.owner != ownerAnonymous
}

func (h *revocableHome) bequeath(*state) {}

func (h *revocableHome) takeOnce(st *state, f *flowField, state []byte, seconds int64) (bool, error) {
	return h.takeIn(h.denials.store, st, f, state, seconds)
}

func (h *revocableHome) merges() bool { return false }

func (h *revocableHome) size(plaintext int) int {
	_, size := h.cookie.Layout(token.TextLen(plaintext))
	return size
}

func (h *revocableHome) describe() (where string, limit int) {
	return "in the cookie; a store lists those that have ended", h.cookie.Limit()
}

func (h *revocableHome) revokeID(ctx context.Context, id sessionID) error {
	return h.denials.denyID(ctx, id, "")
}

func (h *revocableHome) revokePrincipal(ctx context.Context, raw []byte) error {
	return h.marks.raisePrincipal(ctx, raw, func(*rings) error { return nil })
}

func (h *revocableHome) revokeOthers(ctx context.Context, st *state, raw []byte) error {
	if err := h.stays(ctx, st); err != nil {
		return err
	}
	return h.marks.raiseForOthers(ctx, st, raw, st.revocable.by)
}

// stays returns ErrEnded if the session has ended or moved to another id since it was opened.
func (h *revocableHome) stays(ctx context.Context, st *state) error {
	if st.revocable.owner == ownerNone {
		return nil
	}
	rec, err := h.load(ctx, h.denials.store, h.denials.idKey(st.revocable.id))
	if err != nil {
		return err
	}
	revoked, _, err := h.marks.revoked(ctx, &st.Contents, st.revocable.by, h.marks.look)
	if err == nil && (revoked || rec.Version > 0) {
		return ErrEnded
	}
	return err
}

// check asks the store again, about the session's current id.
func (h *revocableHome) check(ctx context.Context, st *state) error {
	if st.revocable.owner == ownerNone {
		return nil
	}
	err := follow(h.denials.idKey(st.revocable.id), func(key string) (next string, moved bool, err error) {
		rec, err := h.load(ctx, h.denials.store, key)
		next, sameOwner := nextKey(rec)
		if err == nil && rec.Version > 0 && (next == "" || !sameOwner) {
			err = ErrEnded
		}
		return next, next != "", err
	})
	if err != nil {
		return err
	}
	revoked, _, err := h.marks.revoked(ctx, &st.Contents, st.revocable.by, h.marks.look)
	if p := h.principal; err == nil && p != nil && st.Expiry(p.index) != 0 && st.Expiry(p.index) <= st.now() {
		revoked = true // the principal has expired
	}
	if err == nil && (revoked || st.hasExpired()) {
		err = ErrEnded
	}
	return err
}

func (h *revocableHome) revokeAll(ctx context.Context) error { return h.marks.raiseAll(ctx) }

func (h *revocableHome) list(context.Context, []byte) iter.Seq2[*state, error] { return noList }

func (h *revocableHome) update(context.Context, []byte, func(*state)) (int, error) {
	return 0, errNoUpdate
}
