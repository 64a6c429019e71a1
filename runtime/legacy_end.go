package runtime

import (
	"context"
)

// A log-out also ends the old session: its entry in the library's store, and, if this manager has a
// store, the id that it would become here. A new id ends the entry alone.

// An ending is an old session that ends when the session is saved.
type ending struct {
	source *legacySource
	token  string    // its key in the library's store; empty if there is none
	id     sessionID // the session that it would become
	known  bool      // its cookie was read, so id is known
}

// endOld notes that saving must end the request's old sessions, and the one that this session was
// imported from. It must be called before the session changes.
func (st *state) endOld() {
	l := st.manager.legacy
	if l == nil || st.isDown() {
		return
	}
	st.endOrigin()
	for old := range l.received(st, false) {
		t := st.troubled()
		t.endings = append(t.endings, ending{source: old.source, token: old.Token, id: old.id, known: true})
	}
}

// endOrigin notes that saving must remove the record that the session was imported from. A new id
// ends it as well as a log-out: an old build must not accept what this one refuses.
func (st *state) endOrigin() {
	l, origin := st.manager.legacy, st.Origin()
	if l == nil || st.isDown() || len(origin) <= sourceNameSize {
		return
	}
	for i := range l.sources {
		if s := &l.sources[i]; s.name == origin[:sourceNameSize] {
			t := st.troubled()
			t.endings = append(t.endings, ending{source: s, token: origin[sourceNameSize:]})
		}
	}
	st.SetOrigin("")
}

// finishOld ends what endOld has noted.
func (st *state) finishOld() error {
	if st.trouble == nil {
		return nil
	}
	for t := st.trouble; len(t.endings) > 0; t.endings = t.endings[1:] {
		if err := st.finishEnding(t.endings[0]); err != nil {
			return err
		}
	}
	return nil
}

func (st *state) finishEnding(e ending) error {
	if e.known { // first, so that no request imports it meanwhile
		if err := st.manager.home.endOld(st, e.id); err != nil {
			return err
		}
	}
	if e.token == "" || e.source.End == nil || st.now() >= e.source.Until.Unix() {
		return nil
	}
	return st.manager.legacy.reach(st, "legacy", func(ctx context.Context) error { return e.source.End(ctx, e.token) })
}

// leavesOld reports whether the response must remove the cookies of old sessions, because the
// session's cookie replaces them or there is no session.
func (st *state) leavesOld(lines []string) bool {
	return len(lines) > 0 || st.loggedOut || st.edits > imported && st.Empty()
}
